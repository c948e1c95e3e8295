"""What changed: CloudTrail's record and ECS's own list of deployments, as one timeline.

CloudTrail is some minutes late; ECS knows of its deployments at once. A change that both tell is told once.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import jmespath
from pydantic import TypeAdapter

from workers.domain.call import ChangeData, Gap
from workers.domain.risk import Risk
from workers.domain.telemetry import Change, ChangeKind
from workers.domain.value import Value
from workers.domain.window import Window
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Counted
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.rows import table

# The same deployment, told by two systems, carries two times.
SAME = timedelta(minutes=3)

# What a pipeline publishes it lets callers have within so long.
TAKEN_UP = timedelta(minutes=30)

# LookupEvents gives fifty a call and two calls a second, newest first.
MOST = 500


class Meaning(Value):
    """One row of `aws_trail.yaml`."""

    event: str
    when: str = ""
    kind: ChangeKind
    service: str
    after: str = ""
    step: bool = False


@cache
def meanings() -> tuple[Meaning, ...]:
    return TypeAdapter(tuple[Meaning, ...]).validate_python(table("aws_trail.yaml"))


@action(risk=Risk.READ, answers="changes", name="changes")
def aws_changes(account: Account, window: Window) -> Answer:
    """Deployments, configuration, scaling, access and alarm changes in a window, oldest first."""
    gaps: list[Gap] = []
    with Counted() as counted:
        recorded = guarded("the CloudTrail record", lambda: _recorded(account, window, gaps), gaps)
        rolled = guarded("ECS deployments", lambda: _rolled(account, window), gaps)
        rolled += guarded("instance refreshes", lambda: _refreshed(account, window), gaps)
        rolled += guarded("versions of functions", lambda: _published(account, window), gaps)
    changes = sorted(_merged(recorded, rolled), key=lambda change: change.at)
    return Answer(
        data=ChangeData(changes=tuple(changes)), source="changes", gaps=tuple(gaps), cost=counted.calls
    )


TOOLSET = Toolset(name="trail", actions=(aws_changes,))


def _recorded(account: Account, window: Window, gaps: list[Gap]) -> list[Change]:
    events: list[dict[str, Any]] = account.aws.pages(
        "cloudtrail",
        "lookup_events",
        "Events",
        limit=MOST + 1,
        LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
        StartTime=window.start,
        EndTime=window.end,
    )
    if len(events) > MOST:
        oldest = events[-1]["EventTime"].astimezone(UTC)
        why = f"more than {MOST} calls were made; those before {oldest:%H:%M} UTC were not read"
        gaps.append(Gap(what="the CloudTrail record", why=why, mend="Ask for a shorter window."))
    told = [pair for event in events if (pair := _change(event, account.aws.region)) is not None]
    return _chained(_taken_up(told))


def _taken_up(told: list[tuple[Meaning, Change]]) -> list[Change]:
    """The changes without the steps that a deployment of the same service took up soon after."""
    whole = [change for _, change in told if change.after]

    def prepares(step: Change) -> bool:
        return any(c.service == step.service and timedelta(0) <= c.at - step.at <= TAKEN_UP for c in whole)

    return [change for meaning, change in told if not (meaning.step and prepares(change))]


def _change(event: dict[str, Any], region: str) -> tuple[Meaning, Change] | None:
    record: dict[str, Any] = json.loads(event.get("CloudTrailEvent") or "{}")
    asked: dict[str, Any] = record.get("requestParameters") or {}
    meaning = next(
        (m for m in meanings() if m.event == event["EventName"] and (not m.when or m.when in asked)), None
    )
    if meaning is None or record.get("errorCode"):
        return None
    return meaning, _meant(event, meaning, asked, region)


def _meant(event: dict[str, Any], meaning: Meaning, asked: dict[str, Any], region: str) -> Change:
    service = _function(_tail(str(jmespath.search(meaning.service, asked) or "")))
    after = _tail(str(jmespath.search(meaning.after, asked) or "")) if meaning.after else ""
    return Change(
        id=event["EventId"],
        at=event["EventTime"],
        kind=meaning.kind,
        service=service,
        summary=_summary(event["EventName"], meaning.kind, service, after, asked),
        actor=event.get("Username", ""),
        after=after,
        source="cloudtrail",
        link=f"https://{region}.console.aws.amazon.com/cloudtrailv2/home?region={region}#/events/{event['EventId']}",
    )


def _summary(event: str, kind: ChangeKind, service: str, after: str, asked: dict[str, Any]) -> str:
    if after:
        return f"{after} was deployed to {service}"
    if kind == "scaling" and "desiredCount" in asked:
        return f"{service} was scaled to {asked['desiredCount']} tasks"
    if kind == "scaling" and "desiredCapacity" in asked:
        return f"{service} was scaled to {asked['desiredCapacity']} instances"
    if kind == "scaling" and "reservedConcurrentExecutions" in asked:
        return f"{asked['reservedConcurrentExecutions']} executions were reserved for {service}"
    if kind == "alarm" and "threshold" in asked:
        return f"the threshold of alarm {service} was set to {asked['threshold']}"
    return f"{event} on {service}"


def _chained(changes: list[Change]) -> list[Change]:
    """Each deployment with the revision that the one before it had set."""
    running: dict[str, str] = {}
    chained: list[Change] = []
    for change in sorted(changes, key=lambda c: c.at):
        chained.append(change.model_copy(update={"before": running.get(change.service, "")}))
        if change.after:
            running[change.service] = change.after
    return chained


def _rolled(account: Account, window: Window) -> list[Change]:
    """Deployments that ECS itself shows: the present one of each service, and those it is replacing."""
    found: list[Change] = []
    services = (r for r in account.inventory().topology.resources if r.system == "aws:ecs-services")
    by_cluster: dict[str, list[str]] = {}
    for service in services:
        by_cluster.setdefault(service.attributes["cluster"], []).append(service.name)
    for cluster, names in by_cluster.items():
        for first in range(0, len(names), 10):
            batch = names[first : first + 10]
            reply = account.aws.call("ecs", "describe_services", cluster=cluster, services=batch)
            found += [c for s in reply["services"] for c in _deployments(s, window)]
    return found


def _deployments(service: dict[str, Any], window: Window) -> list[Change]:
    rows = sorted(service.get("deployments", []), key=lambda d: d["createdAt"])
    revisions = ["", *(_tail(d["taskDefinition"]) for d in rows)]
    return [
        Change(
            id=row["id"],
            at=row["createdAt"],
            kind="deployment",
            service=service["serviceName"],
            summary=f"{_tail(row['taskDefinition'])} was deployed to {service['serviceName']}",
            before=revisions[index],
            after=_tail(row["taskDefinition"]),
            source="ecs",
        )
        for index, row in enumerate(rows)
        if window.holds(row["createdAt"])
    ]


def _refreshed(account: Account, window: Window) -> list[Change]:
    """Instance refreshes to a launch template version, which Auto Scaling knows of at once."""
    found: list[Change] = []
    for group in account.inventory().topology.resources:
        if group.system != "aws:autoscaling-groups":
            continue
        refreshes = account.aws.pages(
            "autoscaling", "describe_instance_refreshes", "InstanceRefreshes", AutoScalingGroupName=group.name
        )
        before = ""
        for row in sorted(refreshes, key=lambda r: r["StartTime"]):
            template = row.get("DesiredConfiguration", {}).get("LaunchTemplate", {})
            after = f"{template['LaunchTemplateName']}:{template['Version']}" if template else before
            if after != before and window.holds(row["StartTime"]):
                found.append(
                    Change(
                        id=row["InstanceRefreshId"],
                        at=row["StartTime"],
                        kind="deployment",
                        service=group.name,
                        summary=f"{after} was deployed to {group.name}",
                        before=before,
                        after=after,
                        source="autoscaling",
                    )
                )
            before = after
    return found


def _published(account: Account, window: Window) -> list[Change]:
    """The newest version that each function's alias names, which Lambda knows of at once.

    It was published a little before the alias was pointed to it; when that was only the record tells.
    """
    found: list[Change] = []
    for function in account.inventory().topology.resources:
        alias = function.attributes.get("alias", "")
        if function.system != "aws:lambda-functions" or not alias:
            continue
        named = account.aws.call("lambda", "get_alias", FunctionName=function.name, Name=alias)
        listed: list[dict[str, Any]] = account.aws.pages(
            "lambda", "list_versions_by_function", "Versions", FunctionName=function.name
        )
        versions = sorted((v for v in listed if v["Version"].isdigit()), key=lambda v: int(v["Version"]))
        for old, new in pairwise(versions):
            at = datetime.strptime(new["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")
            if new["Version"] == named["FunctionVersion"] and window.holds(at):
                before, after = (f"{function.name}:{one['Version']}" for one in (old, new))
                found.append(
                    Change(
                        id=f"{named['AliasArn']}:{new['Version']}",
                        at=at,
                        kind="deployment",
                        service=function.name,
                        summary=f"{after} was deployed to {function.name}",
                        before=before,
                        after=after,
                        source="lambda",
                    )
                )
    return found


def _merged(recorded: Iterable[Change], rolled: Iterable[Change]) -> list[Change]:
    merged = list(recorded)
    for change in rolled:
        told = any(
            other.service == change.service
            and other.kind == "deployment"
            and other.after in ("", change.after)
            and abs(other.at - change.at) <= SAME
            for other in merged
        )
        if not told:
            merged.append(change)
    return merged


def _function(name: str) -> str:
    """The plain name of a function that was named by its ARN, or with an alias behind it."""
    return name.rpartition(":function:")[2].partition(":")[0] if ":function:" in name else name


def _tail(name: str) -> str:
    """The last part of an ARN, path or URL."""
    return name.rsplit("/", 1)[-1].rsplit(":task-definition", 1)[-1] if "/" in name else name
