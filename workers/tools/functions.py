"""Lambda functions: what Lambda ended or throttled, what two versions differ in, and what an alias names."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from workers.domain.call import Gap, HappeningData, StateData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.telemetry import Happening
from workers.domain.window import Window, from_epoch
from workers.tools.action import Answer, Toolset, action
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.revisions import compared

# How Lambda words the end of an invocation that did not end by itself; the first match wins.
MEANINGS: tuple[tuple[str, str], ...] = (
    ("signal: killed", "out_of_memory"),
    ("Runtime.OutOfMemory", "out_of_memory"),
    ("Task timed out", "other"),
)
ENDINGS = " ".join(f'?"{words}"' for words, _ in MEANINGS)
MOST_LINES = 200
READ_BACK = timedelta(minutes=60)
"""How much of a window log lines are read of: functions write several for each call."""

Version = Annotated[str, Field(pattern=r"^[\w-]+:\d+$")]
COMPARED = {"CodeSha256": "code", "MemorySize": "memory", "Timeout": "timeout", "Role": "role"}


@action(risk=Risk.READ, answers="happenings")
def lambda_events(account: Account, service: str, window: Window) -> Answer:
    """What Lambda did to calls of a function: killed for memory, timed out, throttled below its needs."""
    gaps: list[Gap] = []
    told: list[Happening] = []
    with Counted() as counted:
        _function(account, service)
        for what, ask in (("log lines", _ended), ("concurrency", _throttled)):
            asked = partial(ask, account, service, window)
            told += guarded(f"the {what} of {service}", asked, gaps, about=service)
    return Answer(
        data=HappeningData(happenings=tuple(sorted(told, key=lambda h: h.at))),
        source=f"lambda:{service}",
        gaps=tuple(gaps),
        cost=counted.calls,
    )


@action(risk=Risk.READ, answers="state")
def lambda_revision(
    account: Account, service: str, after: Version, before: Version | Literal[""] = ""
) -> Answer:
    """What a version of a function (`function:number`) differs in from the one before: code, environment."""
    return compared(account, service, after, before, source="lambda:version", earlier=_earlier, read=_version)


@action(risk=Risk.READ, answers="state")
def lambda_alias(account: Account, function: str, alias: str) -> Answer:
    """The version that an alias of a function names now, and whether part of its calls go to another."""
    with Counted() as counted:
        found = account.aws.call("lambda", "get_alias", FunctionName=function, Name=alias)
        version: str = found["FunctionVersion"]
        config = account.aws.call(
            "lambda", "get_function_configuration", FunctionName=function, Qualifier=version
        )
    return Answer(data=StateData(state=alias_state(found, config)), source="lambda", cost=counted.calls)


TOOLSET = Toolset(name="functions", actions=(lambda_events, lambda_revision, lambda_alias))


def alias_state(alias: dict[str, Any], version: dict[str, Any]) -> dict[str, JsonValue]:
    """What an alias names now; it is settled when all calls go to one version that is ready."""
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    active = version.get("State", "Active") == "Active"
    settled = "COMPLETED" if active and not weights else "IN_PROGRESS"
    return {
        "function": version["FunctionName"],
        "version": alias["FunctionVersion"],
        "deployments": 1 + len(weights),
        "rolloutState": settled,
    }


def _function(account: Account, name: str) -> None:
    found = account.inventory().topology.find(name)
    if found is None or found.system != "aws:lambda-functions":
        raise ToolFailed(f"{name} is not a Lambda function")


def _ended(account: Account, service: str, window: Window) -> list[Happening]:
    """Invocations that Lambda ended, as it writes it into the function's log."""
    events: list[dict[str, Any]] = account.aws.pages(
        "logs",
        "filter_log_events",
        "events",
        limit=MOST_LINES,
        logGroupName=account.inventory().log_group(service),
        startTime=int(max(window.start, window.end - READ_BACK).timestamp() * 1000),
        endTime=int(window.end.timestamp() * 1000),
        filterPattern=ENDINGS,
    )
    return [
        _happening(service, from_epoch(event["timestamp"] / 1000), kind, event["message"].strip())
        for event in events
        if (kind := next((kind for words, kind in MEANINGS if words in event["message"]), ""))
    ]


def _throttled(account: Account, service: str, window: Window) -> list[Happening]:
    """Minutes in which a function was throttled that ran more at once before than is reserved for it now.

    Throttles of a function that has as much as ever say no more than that it is slow, or called more often.
    """
    found = account.aws.call("lambda", "get_function_concurrency", FunctionName=service)
    reserved: int | None = found.get("ReservedConcurrentExecutions")
    if reserved is None:
        return []
    throttles = _by_minute(account, service, "Throttles", "Sum", window)
    running = _by_minute(account, service, "ConcurrentExecutions", "Maximum", window)
    first = next((at for at, count in throttles.items() if count), None)
    most = max((count for at, count in running.items() if first and at < first), default=0.0)
    if first is None or most <= reserved:
        return []
    why = f"{reserved} executions are reserved for it, and it ran up to {most:.0f} at once before"
    return [
        _happening(service, at, "placement_failed", f"{count:.0f} calls were throttled: {why}")
        for at, count in throttles.items()
        if count
    ]


def _by_minute(account: Account, service: str, metric: str, stat: str, window: Window) -> dict[Any, float]:
    dimensions = [{"Name": "FunctionName", "Value": service}]
    name = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    results = account.aws.pages(
        "cloudwatch",
        "get_metric_data",
        "MetricDataResults",
        MetricDataQueries=[{"Id": "m0", "MetricStat": {"Metric": name, "Period": 60, "Stat": stat}}],
        StartTime=window.start,
        EndTime=window.end + timedelta(minutes=1),
        ScanBy="TimestampAscending",
    )
    return {at: value for r in results for at, value in zip(r["Timestamps"], r["Values"], strict=True)}


def _happening(service: str, at: Any, kind: str, text: str) -> Happening:
    return Happening.model_validate(
        {"at": at, "service": service, "kind": kind, "text": text, "source": f"lambda:{service}"}
    )


def _earlier(account: Account, version: str) -> str:
    """The version before `function:n`: the newest that is older."""
    name, _, number = version.rpartition(":")
    found: list[str] = account.aws.pages(
        "lambda", "list_versions_by_function", "Versions[].Version", FunctionName=name
    )
    older = [int(one) for one in found if one.isdigit() and int(one) < int(number)]
    if not older:
        raise ToolFailed(f"{version} has no earlier version")
    return f"{name}:{max(older)}"


def _version(account: Account, version: str) -> dict[str, str]:
    """A version as flat keys: `code`, `memory`, `timeout`, `role`, `environment.NAME`."""
    name, _, number = version.rpartition(":")
    found = account.aws.call("lambda", "get_function_configuration", FunctionName=name, Qualifier=number)
    variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
    settings = {f"environment.{key}": value for key, value in variables.items()}
    return {word: str(found.get(key, "")) for key, word in COMPARED.items()} | settings
