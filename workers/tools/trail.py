"""CloudTrail: what its record of calls says was changed. It is some minutes late."""

import json
import re
from datetime import UTC, timedelta
from functools import cache
from typing import Any

import jmespath

from workers.domain.call import Gap
from workers.domain.telemetry import Change, ChangeKind
from workers.domain.value import Value
from workers.domain.window import Window
from workers.tools.aws import IAM_PREFIX
from workers.tools.inventory import Account
from workers.tools.rows import Meaning, catalogue

# What a pipeline publishes it lets callers have within so long.
TAKEN_UP = timedelta(minutes=30)

# LookupEvents gives fifty a call and two calls a second, newest first.
MOST = 500


# Where CloudTrail's name for a service is neither IAM's nor its client's.
SOURCES = {
    "application-autoscaling": ("autoscaling", "application-autoscaling"),
    "cloudwatch": ("monitoring",),
    "mq": ("amazonmq",),
}

# What some services put behind an operation's name: UpdateFunctionCode20150331v2.
DATED = re.compile(r"20\d\d_?\d\d_?\d\d(?:v\d)?$")

# The names in ARNs that do not end in them.
NAMES = (
    re.compile(r":function:([^:]+)"),
    re.compile(r":(?:loadbalancer|listener|listener-rule)/\w+/([^/]+)/"),
    re.compile(r":(?:targetgroup|service|cluster)/([^/]+)/[0-9a-f-]{16,}$"),
    re.compile(r"/webacl/([^/]+)/"),
    re.compile(r"^arn:[^/]+:([^/:]+)$"),
)


class Known(Value):
    """A meaning of events, as one row of `system` has it; `sources` are who sends them."""

    system: str
    sources: tuple[str, ...]
    meaning: Meaning


@cache
def known() -> dict[str, tuple[Known, ...]]:
    """What the rows say of each event, by its name without a date, in their order."""
    found: dict[str, tuple[Known, ...]] = {}
    for row in catalogue():
        for meaning in row.changed_by:
            client = meaning.client or row.client
            senders = SOURCES.get(client, (IAM_PREFIX.get(client, client),))
            one = Known(system=f"aws:{row.id}", sources=senders, meaning=meaning)
            for event in meaning.events:
                found[event] = (*found.get(event, ()), one)
    return found


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
    name = DATED.sub("", event["EventName"])
    source = str(event.get("EventSource", "")).partition(".")[0]
    found = next((one for one in known().get(name, ()) if _fits(one, source, asked)), None)
    if found is None or record.get("errorCode"):
        return None
    return found.meaning, _meant(event, name, found, asked, region)


def _fits(one: Known, source: str, asked: dict[str, Any]) -> bool:
    return source in one.sources and (not one.meaning.when or one.meaning.when in asked)


def _meant(event: dict[str, Any], name: str, found: Known, asked: dict[str, Any], region: str) -> Change:
    meaning = found.meaning
    thing = named(str(jmespath.search(meaning.name, asked) or ""))
    after = tail(str(jmespath.search(meaning.after, asked) or "")) if meaning.after else ""
    return Change(
        id=event["EventId"],
        at=event["EventTime"],
        kind=meaning.kind,
        service=thing,
        summary=_summary(name, meaning.kind, thing, after, asked),
        actor=event.get("Username", ""),
        after=after,
        system="" if meaning.weigh else found.system,
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


def named(text: str) -> str:
    """The name of a thing that a call gave by its name, path, URL or ARN."""
    found = next((match for pattern in NAMES if (match := pattern.search(text))), None)
    return found.group(1) if found else tail(text)


def tail(name: str) -> str:
    """The last part of an ARN, path or URL."""
    return name.rsplit("/", 1)[-1].rsplit(":task-definition", 1)[-1] if "/" in name else name
