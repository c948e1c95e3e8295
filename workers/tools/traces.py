"""X-Ray for whoever asks: calls between services with their failures, and where traces fail or are slow."""

import json
from collections import Counter
from typing import Any, Literal

from pydantic import JsonValue

from workers.domain.call import Gap, StateData
from workers.domain.errors import Refused, ToolFailed
from workers.domain.risk import Risk
from workers.domain.window import Window
from workers.tools import xray
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted

LONGEST = 6 * 3600
MOST, OPENED = 300, 5
"""Traces that are counted, and those whose segments are read."""
SLOW_SECONDS = 1.0
# What traces of a service are looked for.
FILTERS = {
    "failed": 'service("{name}") {{ fault = true OR error = true }}',
    "slow": 'service("{name}") {{ responsetime > {seconds} }}',
}
UNUSED = Gap(
    what="traces",
    why="X-Ray is not used here: nothing was traced in this window",
    mend="Instrument the services with X-Ray or OpenTelemetry.",
)


@action(risk=Risk.READ, answers="state")
def xray_graph(account: Account, window: Window) -> Answer:
    """Calls between services as X-Ray traced them (six hours at most): requests, errors, faults, seconds."""
    _bounded(window)
    with Counted() as counted:
        known = {r.name: r for r in account.inventory().topology.resources}
        nodes = xray.graph(account.aws, window)
    names = {id(node): xray.place(node, known) or node.get("Name", "") for node in nodes}
    services: list[JsonValue] = [
        {"service": names[id(one)], **xray.counted(one)} for one in nodes if one.get("Type") != xray.CLIENT
    ]
    calls: list[JsonValue] = [
        {"caller": names[id(one)], "callee": names[id(other)], **xray.counted(edge)}
        for one, other, edge in xray.calls(nodes)
    ]
    return Answer(
        data=StateData(state={"used": bool(nodes), "services": services, "calls": calls}),
        source="xray",
        link=_link(account),
        gaps=() if nodes else (UNUSED,),
        cost=counted.calls,
    )


@action(risk=Risk.READ, answers="state")
def xray_traces(
    account: Account,
    service: str,
    window: Window,
    kind: Literal["failed", "slow"] = "failed",
    seconds: float = SLOW_SECONDS,
) -> Answer:
    """Where traces of a service fail, or last longer than `seconds`: by service, with the worst segments."""
    _bounded(window)
    if '"' in service or "\\" in service:
        raise Refused("no service is called that", "Ask about a service by its name.")
    with Counted() as counted:
        known = {r.name: r for r in account.inventory().topology.resources}
        listed: list[dict[str, Any]] = account.aws.pages(
            "xray",
            "get_trace_summaries",
            "TraceSummaries",
            limit=MOST + 1,
            StartTime=window.start,
            EndTime=window.end,
            FilterExpression=FILTERS[kind].format(name=service, seconds=seconds),
        )
        used = bool(listed) or bool(xray.graph(account.aws, window))
        found = listed[:MOST]
        worst = sorted(found, key=lambda one: -one.get("ResponseTime", 0.0))[:OPENED]
        segments = _segments(account, [one["Id"] for one in worst], kind) if worst else []
    causes = Counter(cause for one in found if (cause := _cause(one, kind, known)) is not None)
    blamed: list[JsonValue] = [
        {"service": place, "operation": operation, "exception": exception, "traces": count}
        for (place, operation, exception), count in causes.most_common(20)
    ]
    state: dict[str, JsonValue] = {"traces_of": service, "kind": kind, "traces": len(found)}
    return Answer(
        data=StateData(state={**state, "used": used, "causes": blamed, "segments": [*segments]}),
        source=f"xray:{service}",
        link=_link(account),
        gaps=() if used else (UNUSED.model_copy(update={"about": service}),),
        truncated=len(listed) > MOST,
        cost=counted.calls,
    )


TOOLSET = Toolset(name="traces", actions=(xray_graph, xray_traces))

ROOTS = {"failed": ("FaultRootCauses", "ErrorRootCauses"), "slow": ("ResponseTimeRootCauses",)}


def _cause(summary: dict[str, Any], kind: str, known: dict[str, Any]) -> tuple[str, str, str] | None:
    """The service, operation and exception at the end of the way that X-Ray blames."""
    for root in ROOTS[kind]:
        for cause in summary.get(root, []):
            services = cause.get("Services", [])
            if not services:
                continue
            last = services[-1]
            path = last.get("EntityPath", [])
            end: dict[str, Any] = path[-1] if path else {}
            thrown: list[dict[str, Any]] = end.get("Exceptions") or [{}]
            exception = thrown[0]
            told = f"{exception.get('Name', '')}: {exception.get('Message', '')}".strip(": ")
            return xray.place(last, known) or last.get("Name", ""), end.get("Name", ""), told[:200]
    return None


def _segments(account: Account, ids: list[str], kind: str) -> list[dict[str, JsonValue]]:
    """The segments of these traces that failed or took longest, the worst first."""
    traces = account.aws.pages("xray", "batch_get_traces", "Traces", TraceIds=ids)
    told: list[dict[str, JsonValue]] = []
    for trace in traces:
        for segment in trace.get("Segments", []):
            try:
                document: dict[str, Any] = json.loads(segment["Document"])
            except ValueError as error:
                raise ToolFailed(f"X-Ray answered a segment that cannot be read: {error}") from error
            failed = any(document.get(key) for key in ("fault", "error", "throttle"))
            if failed or kind == "slow":
                told.append(
                    {
                        "trace": trace["Id"],
                        "service": document.get("name", ""),
                        "seconds": round(document.get("end_time", 0) - document.get("start_time", 0), 3)
                        if document.get("end_time")
                        else None,
                        "failed": failed,
                        "status": document.get("http", {}).get("response", {}).get("status"),
                    }
                )
    return sorted(told, key=lambda one: -float(str(one["seconds"] or 0)))[:20]


def _bounded(window: Window) -> None:
    if window.seconds > LONGEST:
        raise Refused("X-Ray tells of six hours at most", "Ask for a shorter window.")


def _link(account: Account) -> str:
    region = account.aws.region
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#xray:service-map/map"
