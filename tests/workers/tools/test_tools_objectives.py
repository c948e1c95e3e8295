"""Application Signals: who calls whom, how objectives stand, and an account that does not use it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workers.tools.standin import Standin, ask, standin
from workers.domain.call import StateData, ToolResult, TopologyData
from workers.domain.telemetry import Edge
from workers.domain.window import Window

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SERVICES, NEEDS = "application-signals:ListServices", "application-signals:ListServiceDependencies"
LIST = "application-signals:ListServiceLevelObjectives"
REPORT = "application-signals:BatchGetServiceLevelObjectiveBudgetReport"
ARN = "arn:aws:application-signals:eu-central-1:111111111111:slo/"
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

    def asking(name: str, **arguments: Any) -> ToolResult:
        return ask(account, NOW, name, **arguments)

    return asking


def window() -> dict[str, Any]:
    return Window(start=NOW - timedelta(hours=1), end=NOW).model_dump(mode="json")


def service(name: str) -> dict[str, str]:
    return {"Type": "Service", "Name": name, "Environment": "lambda:default"}


def monitored(*names: str) -> dict[str, Any]:
    summaries = [{"KeyAttributes": service(name), "MetricReferences": []} for name in names]
    return {"StartTime": NOW, "EndTime": NOW, "ServiceSummaries": summaries}


def needs(*names: str) -> dict[str, Any]:
    found = [
        {
            "OperationName": "/",
            "DependencyOperationName": "/",
            "DependencyKeyAttributes": service(name),
            "MetricReferences": [],
        }
        for name in names
    ]
    return {"StartTime": NOW, "EndTime": NOW, "ServiceDependencies": found}


def objective(name: str) -> dict[str, Any]:
    return {"Arn": f"{ARN}{name}", "Name": name, "KeyAttributes": service("web"), "CreatedTime": NOW}


def report(name: str, status: str) -> dict[str, Any]:
    return {
        "Arn": f"{ARN}{name}",
        "Name": name,
        "BudgetStatus": status,
        "Attainment": 99.2,
        "BudgetSecondsRemaining": -120,
        "Goal": {"AttainmentGoal": 99.9},
    }


def test_who_calls_whom_is_an_edge_of_what_is_known(aws: Standin, asked: Ask) -> None:
    aws.says[SERVICES] = monitored("web", "elsewhere")
    aws.says[NEEDS] = lambda given: (
        needs("orders", "web", "unheard-of") if given["KeyAttributes"]["Name"] == "web" else needs("orders")
    )

    data = asked("topology").data

    assert isinstance(data, TopologyData)
    edges = [one for one in data.topology.edges if one.source == "aws:application-signals"]
    assert edges == [Edge(caller="web", callee="orders", source="aws:application-signals")]


def test_an_account_that_does_not_use_it_has_no_gap_in_what_runs(aws: Standin, asked: Ask) -> None:
    aws.says[SERVICES] = monitored()

    result = asked("topology")

    assert aws.asked[NEEDS] == 0
    assert not [gap for gap in result.gaps if "Application Signals" in gap.what]


@pytest.mark.parametrize("denied", [SERVICES, NEEDS])
def test_what_may_not_be_asked_is_a_gap_with_its_permission(aws: Standin, asked: Ask, denied: str) -> None:
    aws.says[SERVICES] = monitored("web")
    aws.deny(denied)

    gaps = [gap for gap in asked("topology").gaps if "Application Signals" in gap.what]

    assert [gap.permission for gap in gaps] == [denied]


def test_objectives_are_told_with_what_is_left_of_their_budgets(aws: Standin, asked: Ask) -> None:
    aws.says[LIST] = {"SloSummaries": [objective("checkout answers"), objective("checkout is fast")]}
    failed = {
        "Arn": f"{ARN}x",
        "Name": "checkout is fast",
        "ErrorCode": "Gone",
        "ErrorMessage": "no data yet",
    }
    reports = [report("checkout answers", "BREACHED")]
    aws.says[REPORT] = {"Timestamp": NOW, "Reports": reports, "Errors": [failed]}

    result = asked("slo_state", window=window())

    assert isinstance(result.data, StateData)
    assert result.data.state == {
        "used": True,
        "objectives": [
            {
                "name": "checkout answers",
                "service": "web",
                "status": "BREACHED",
                "attained": 99.2,
                "goal": 99.9,
                "seconds_left": -120,
            }
        ],
    }
    assert [(gap.what, gap.why) for gap in result.gaps] == [
        ("the objective checkout is fast", "Gone: no data yet")
    ]


def test_no_objectives_are_said_to_be_none_and_nothing_is_called_healthy(aws: Standin, asked: Ask) -> None:
    aws.says[LIST] = {"SloSummaries": []}

    result = asked("slo_state", window=window())

    assert isinstance(result.data, StateData)
    assert result.data.state["used"] is False
    assert [gap.what for gap in result.gaps] == ["service level objectives"]


def test_objectives_that_cannot_be_read_are_a_failure(aws: Standin, asked: Ask) -> None:
    aws.throttle(LIST)

    failure = asked("slo_state", window=window()).failure

    assert failure is not None
    assert failure.kind == "throttled"
