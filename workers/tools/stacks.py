"""CloudFormation: stacks that were altered, and the services, functions and databases in them."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from workers.domain.call import Gap
from workers.domain.telemetry import Change, ChangeKind
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.told import Told
from workers.tools.trail import tail

SOURCE = "cloudformation"
STACK = "AWS::CloudFormation::Stack"
MOST, EVENTS = 50, 300
"""Stacks that are read, and events of each."""
EARLIER = timedelta(hours=2)
"""A stack that began to change so long before the window may still alter something inside it."""
# DELETE_COMPLETE is listed for ninety days; what CloudTrail says of a deletion is enough.
LIVE = (
    *(f"{verb}_{end}" for verb in ("CREATE", "ROLLBACK") for end in ("IN_PROGRESS", "FAILED", "COMPLETE")),
    *("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED"),
    *(f"UPDATE_ROLLBACK_{end}" for end in ("IN_PROGRESS", "FAILED", "COMPLETE")),
    *("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_FAILED"),
    *("IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"),
)
BEGINS = {
    "CREATE_IN_PROGRESS": "created",
    "UPDATE_IN_PROGRESS": "updated",
    "DELETE_IN_PROGRESS": "deleted",
    "IMPORT_IN_PROGRESS": "extended by an import",
    "ROLLBACK_IN_PROGRESS": "rolled back",
    "UPDATE_ROLLBACK_IN_PROGRESS": "rolled back",
}
# ECS tells of each deployment at once: what it does not tell of is another change to the service.
KINDS: dict[str, ChangeKind] = {
    "AWS::ECS::Service": "infrastructure",
    "AWS::Lambda::Function": "deployment",
    "AWS::AutoScaling::AutoScalingGroup": "infrastructure",
    "AWS::RDS::DBInstance": "infrastructure",
    "AWS::ElastiCache::CacheCluster": "infrastructure",
    "AWS::SQS::Queue": "infrastructure",
}

Event = dict[str, Any]


def updates(account: Account, window: Window, gaps: list[Gap]) -> list[Told]:
    """What stacks altered in a window: each stack, and what in it is a thing that investigations know."""
    aws = account.aws
    listed: list[dict[str, Any]] = aws.pages(
        "cloudformation", "list_stacks", "StackSummaries", limit=5000, StackStatusFilter=list(LIVE)
    )
    moved = [one for one in listed if _touched(one) >= window.start - EARLIER]
    if len(moved) > MOST:
        why = f"{len(moved)} were altered lately; the newest {MOST} were read"
        gaps.append(Gap(what="CloudFormation stacks", why=why))
        moved = sorted(moved, key=_touched, reverse=True)[:MOST]
    found = aws.each(lambda one: _events(account, one["StackId"]), moved)
    return [
        told
        for stack, events in zip(moved, found, strict=True)
        for told in _told(stack, events, window, aws.region)
    ]


def _touched(stack: dict[str, Any]) -> Any:
    return stack.get("LastUpdatedTime") or stack["CreationTime"]


def _events(account: Account, stack: str) -> list[Event]:
    found = account.aws.pages(
        "cloudformation", "describe_stack_events", "StackEvents", limit=EVENTS, StackName=stack
    )
    return sorted(found, key=lambda event: event["Timestamp"])


def _told(stack: dict[str, Any], events: list[Event], window: Window, region: str) -> list[Told]:
    name: str = stack["StackName"]
    called = {e["LogicalResourceId"]: e["PhysicalResourceId"] for e in events if e.get("PhysicalResourceId")}
    begun: dict[tuple[str, str, str], Event] = {}
    for event in events:
        if event.get("ResourceStatus") in BEGINS:
            # A resource says twice that it is being made: before and after it has an id.
            run = (event["LogicalResourceId"], event["ResourceStatus"], event.get("ClientRequestToken", ""))
            begun.setdefault(run, event)
    changes = [
        _change(name, event, called, region) for event in begun.values() if window.holds(event["Timestamp"])
    ]
    return [Told(change=change, run=name) for change in changes if change is not None]


def _change(stack: str, event: Event, called: dict[str, str], region: str) -> Change | None:
    verb = BEGINS[event["ResourceStatus"]]
    physical = event.get("PhysicalResourceId") or called.get(event["LogicalResourceId"], "")
    own = event["ResourceType"] == STACK and physical == event["StackId"]
    kind = KINDS.get(event["ResourceType"])
    if not own and (kind is None or not physical):
        return None
    thing = stack if own else tail(physical)
    what = f"stack {stack} was {verb}" if own else f"{thing} was {verb} by stack {stack}"
    return Change(
        id=event["EventId"],
        at=event["Timestamp"],
        kind=kind or "infrastructure",
        service=thing,
        summary=what,
        source=SOURCE,
        link=f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}"
        f"#/stacks/events?stackId={quote(event['StackId'], safe='')}",
    )
