"""X-Ray: who calls whom with what came of it, where traces fail, and an account that traces nothing."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workers.tools.standin import Standin, ask, standin
from workers.domain.call import StateData, ToolResult, TopologyData
from workers.domain.window import Window

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
GRAPH, TRACES, OPEN = "xray:GetServiceGraph", "xray:GetTraceSummaries", "xray:BatchGetTraces"
Ask = Callable[..., ToolResult]


@pytest.fixture(scope="module")
def _running() -> Iterator[Standin]:
    with standin() as one:
        yield one


@pytest.fixture
def aws(_running: Standin) -> Standin:
    _running.clear()
    _running.says["lambda:ListFunctions"] = {"Functions": [{"FunctionName": n} for n in ("web", "orders")]}
    return _running


@pytest.fixture
def asked(aws: Standin) -> Ask:
    account = aws.account()

    def asking(name: str, minutes: float = 60, **arguments: Any) -> ToolResult:
        window = Window(start=NOW - timedelta(minutes=minutes), end=NOW).model_dump(mode="json")
        given = arguments if name == "topology" else {"window": window, **arguments}
        return ask(account, NOW, name, **given)

    return asking


def statistics(total: int, faults: int = 0, throttles: int = 0, seconds: float = 0.0) -> dict[str, Any]:
    return {
        "TotalCount": total,
        "FaultStatistics": {"TotalCount": faults},
        "ErrorStatistics": {"TotalCount": throttles, "ThrottleCount": throttles},
        "TotalResponseTime": seconds,
    }


def node(number: int, name: str, kind: str, *callees: int, **counted: Any) -> dict[str, Any]:
    called = statistics(200, faults=8, seconds=50.0)
    edges = [{"ReferenceId": callee, "SummaryStatistics": called} for callee in callees]
    summary = statistics(**(counted or {"total": 200}))
    return {"ReferenceId": number, "Name": name, "Type": kind, "Edges": edges, "SummaryStatistics": summary}


NODES = {
    "Services": [
        node(0, "web", "client", 1),
        node(1, "web", "AWS::Lambda", 2),
        node(2, "web", "AWS::Lambda::Function", 3, 4, 5, total=200, faults=9, throttles=1, seconds=60.0),
        node(3, "orders", "AWS::Lambda::Function"),
        node(4, "api.cards.example", "remote"),
        node(5, "sts.amazonaws.com", "remote"),
    ]
}


def state(result: ToolResult) -> dict[str, Any]:
    assert isinstance(result.data, StateData), result.failure
    return result.data.state


def cause(*services: dict[str, Any]) -> dict[str, Any]:
    return {"Services": list(services), "ClientImpacting": True}


def service(name: str, exception: str = "", message: str = "") -> dict[str, Any]:
    thrown = [{"Name": exception, "Message": message}] if exception else []
    path = [{"Name": name, "Exceptions": []}, {"Name": "charge", "Exceptions": thrown}]
    return {"Name": name, "Names": [name], "Type": "AWS::Lambda::Function", "EntityPath": path}


def summary(number: int, seconds: float, *causes: dict[str, Any], root: str = "Fault") -> dict[str, Any]:
    return {"Id": f"1-{number}", "ResponseTime": seconds, f"{root}RootCauses": list(causes)}


def segment(name: str, seconds: float, **more: Any) -> dict[str, Any]:
    document = {"name": name, "start_time": 100.0, "end_time": 100.0 + seconds, **more}
    return {"Id": name, "Document": json.dumps(document)}


# -- the graph


def test_edges_of_the_graph_are_part_of_what_needs_what(aws: Standin, asked: Ask) -> None:
    aws.says[GRAPH] = NODES

    found = asked("topology")

    assert isinstance(found.data, TopologyData)
    edges = {(e.caller, e.callee) for e in found.data.topology.edges if e.source == "aws:xray"}
    assert edges == {("web", "orders"), ("web", "api.cards.example")}
    outside = found.data.topology.find("api.cards.example")
    assert outside is not None
    assert outside.kind == "external"


def test_calls_are_told_with_failures_and_mean_time(aws: Standin, asked: Ask) -> None:
    aws.says[GRAPH] = NODES

    told = state(asked("xray_graph"))

    calls = {(c["caller"], c["callee"]): c for c in told["calls"]}
    assert calls["web", "orders"] == {
        "caller": "web",
        "callee": "orders",
        "requests": 200,
        "errors": 0,
        "faults": 8,
        "throttles": 0,
        "seconds": 0.25,
    }
    mine = next(s for s in told["services"] if s["service"] == "web" and s["faults"])
    assert (mine["faults"], mine["throttles"], mine["seconds"]) == (9, 1, 0.3)


def test_account_that_traces_nothing_is_not_called_healthy(asked: Ask) -> None:
    graph, traces, topology = asked("xray_graph"), asked("xray_traces", service="web"), asked("topology")

    assert state(graph)["used"] is False
    assert state(traces)["used"] is False
    assert "X-Ray is not used here" in graph.gaps[0].why
    assert traces.gaps[0].about == "web"
    assert not [gap for gap in topology.gaps if "X-Ray" in gap.what]


# -- traces


def test_failed_traces_are_counted_by_where_they_end_and_the_worst_are_opened(
    aws: Standin, asked: Ask
) -> None:
    ends = cause(service("web"), service("orders", "PoolTimeout", "none left"))
    aws.says[TRACES] = [
        {"TraceSummaries": [summary(n, 0.1 * n, ends) for n in range(4)], "NextToken": "more"},
        {"TraceSummaries": [summary(9, 3.0, cause(service("web")), root="Error")]},
    ]
    slow = segment("orders", 2.5, fault=True, http={"response": {"status": 503}})
    aws.says[OPEN] = {"Traces": [{"Id": "1-9", "Segments": [segment("web", 3.0), slow]}]}

    told = state(asked("xray_traces", service="web"))

    assert told["causes"] == [
        {
            "service": "orders",
            "operation": "charge",
            "exception": "PoolTimeout: none left",
            "traces": 4,
        },
        {"service": "web", "operation": "charge", "exception": "", "traces": 1},
    ]
    assert told["segments"] == [
        {"trace": "1-9", "service": "orders", "seconds": 2.5, "failed": True, "status": 503}
    ]
    sent = {name: asked for name, asked in aws.parameters if name in (TRACES, OPEN)}
    assert sent[TRACES]["FilterExpression"] == 'service("web") { fault = true OR error = true }'
    assert sent[OPEN]["TraceIds"][0] == "1-9"


def test_slow_traces_are_asked_for_by_their_time(aws: Standin, asked: Ask) -> None:
    path = {"Name": "orders", "EntityPath": [{"Name": "orders", "Coverage": 0.9}]}
    aws.says[TRACES] = {"TraceSummaries": [summary(1, 4.0, cause(path), root="ResponseTime")]}
    aws.says[OPEN] = {"Traces": [{"Id": "1-1", "Segments": [segment("web", 4.0)]}]}

    told = state(asked("xray_traces", service="web", kind="slow", seconds=2.0))

    assert [(c["service"], c["traces"]) for c in told["causes"]] == [("orders", 1)]
    assert [(s["service"], s["failed"]) for s in told["segments"]] == [("web", False)]
    sent = next(asked for name, asked in aws.parameters if name == TRACES)
    assert sent["FilterExpression"] == 'service("web") { responsetime > 2.0 }'


def test_no_failed_trace_where_something_is_traced_is_an_answer(aws: Standin, asked: Ask) -> None:
    aws.says[GRAPH] = NODES

    result = asked("xray_traces", service="web")

    assert (state(result)["used"], state(result)["traces"], result.gaps) == (True, 0, ())


# -- what goes wrong


@pytest.mark.parametrize("name", [TRACES, OPEN])
def test_denied_names_the_permission(aws: Standin, asked: Ask, name: str) -> None:
    aws.says[TRACES] = {"TraceSummaries": [summary(1, 1.0, cause(service("orders")))]}
    aws.deny(name)

    failure = asked("xray_traces", service="web").failure

    assert failure is not None
    assert (failure.kind, failure.permission) == ("denied", name)


def test_graph_that_is_denied_is_a_gap_of_what_needs_what(aws: Standin, asked: Ask) -> None:
    aws.deny(GRAPH)

    gaps = asked("topology").gaps
    failure = asked("xray_graph").failure

    assert ("X-Ray's service graph", GRAPH) in [(gap.what, gap.permission) for gap in gaps]
    assert failure is not None
    assert failure.kind == "denied"


def test_half_the_traces_and_then_an_error_is_a_failure(aws: Standin, asked: Ask) -> None:
    aws.throttle("then")
    aws.says[TRACES] = [{"TraceSummaries": [summary(1, 1.0)], "NextToken": "more"}, aws.says["then"]]  # pyright: ignore[reportArgumentType]

    failure = asked("xray_traces", service="web").failure

    assert failure is not None
    assert failure.kind == "throttled"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"minutes": 400}, "six hours at most"),
        ({"service": 'x") OR ("y'}, "no service is called that"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    aws: Standin, asked: Ask, arguments: dict[str, Any], told: str
) -> None:
    failure = asked("xray_traces", **{"service": "web", **arguments}).failure

    assert failure is not None
    assert (failure.kind, aws.asked[TRACES]) == ("refused", 0)
    assert told in failure.message
