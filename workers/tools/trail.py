"""CloudTrail: what its record of calls says was changed. It is some minutes late."""

import json
from datetime import UTC, timedelta
from functools import cache
from typing import Any

import jmespath
from pydantic import TypeAdapter

from workers.domain.call import Gap
from workers.domain.telemetry import Change, ChangeKind
from workers.domain.value import Value
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.rows import table

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


def recorded(account: Account, window: Window, gaps: list[Gap]) -> list[Change]:
    """The changes on record in a window; where not all of it could be read, a gap says from when on."""
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
    service = _function(tail(str(jmespath.search(meaning.service, asked) or "")))
    after = tail(str(jmespath.search(meaning.after, asked) or "")) if meaning.after else ""
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


def _function(name: str) -> str:
    """The plain name of a function that was named by its ARN, or with an alias behind it."""
    return name.rpartition(":function:")[2].partition(":")[0] if ":function:" in name else name


def tail(name: str) -> str:
    """The last part of an ARN, path or URL."""
    return name.rsplit("/", 1)[-1].rsplit(":task-definition", 1)[-1] if "/" in name else name
