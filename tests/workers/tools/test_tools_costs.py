"""What AWS costs, beside the days before; asked once and kept, since each request of it bills."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from tests.workers.tools.standin import Standin, ask, standin
from workers.domain.call import StateData, ToolResult
from workers.domain.window import Window

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
GET = "ce:GetCostAndUsage"


@pytest.fixture(scope="module")
def _running() -> Iterator[Standin]:
    with standin() as one:
        yield one


@pytest.fixture
def aws(_running: Standin) -> Standin:
    _running.clear()
    return _running


Cost = Callable[..., ToolResult]


@pytest.fixture
def cost(aws: Standin) -> Cost:
    account = aws.account()

    def asked(days: float = 2) -> ToolResult:
        window = Window(start=NOW - timedelta(days=days), end=NOW)
        return ask(account, NOW, "aws_cost", window=window.model_dump(mode="json"))

    return asked


def bill(days: dict[str, dict[str, float]], more: str = "") -> dict[str, Any]:
    results = [
        {
            "TimePeriod": {"Start": day, "End": day},
            "Groups": [
                {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": f"{amount}", "Unit": "USD"}}}
                for name, amount in amounts.items()
            ],
            "Estimated": False,
        }
        for day, amounts in days.items()
    ]
    return {"ResultsByTime": results, **({"NextPageToken": more} if more else {})}


BILL = {
    "2026-02-28": {"RDS": 10.0, "ECS": 50.0},
    "2026-03-01": {"RDS": 10.0, "ECS": 50.0},
    "2026-03-02": {"RDS": 10.0, "ECS": 45.0, "Bedrock": 30.0},
    "2026-03-03": {"RDS": 12.5, "ECS": 45.0, "Bedrock": 41.0, "KMS": 0.001},
}


def state(result: ToolResult) -> dict[str, Any]:
    assert isinstance(result.data, StateData), result.failure
    return result.data.state


def test_what_rose_most_comes_first_and_whole_days_are_held_against_as_many_before(
    aws: Standin, cost: Cost
) -> None:
    aws.says[GET] = bill(BILL)

    told = state(cost())

    assert (told["total"], told["before"], told["days"]) == (183.5, 120.0, 2)
    assert [(s["service"], s["cost"], s["before"]) for s in told["services"]] == [
        ("Bedrock", 71.0, 0.0),
        ("RDS", 22.5, 20.0),
        ("ECS", 90.0, 100.0),
    ]
    assert told["by_day"] == [{"day": "2026-03-02", "cost": 85.0}, {"day": "2026-03-03", "cost": 98.5}]
    ((_, sent),) = aws.parameters
    assert sent["TimePeriod"] == {"Start": "2026-02-28", "End": "2026-03-04"}


def test_all_pages_are_read_and_the_same_is_not_asked_again(aws: Standin, cost: Cost) -> None:
    days = list(BILL)
    first, second = ({day: BILL[day] for day in some} for some in (days[:2], days[2:]))
    aws.says[GET] = [bill(first, more="next"), bill(second)]

    once, again = cost(), cost()

    assert state(once) == state(again)
    assert state(once)["before"] == 120.0
    assert (once.cost, again.cost, aws.asked[GET]) == (2, 0, 2)


def test_denied_names_the_permission_and_is_asked_again_later(aws: Standin, cost: Cost) -> None:
    aws.deny(GET)
    failure = cost().failure
    aws.says[GET] = bill(BILL)

    assert failure is not None
    assert (failure.kind, failure.permission) == ("denied", GET)
    assert cost().ok


def test_throttled_half_way_is_a_failure_and_no_half_bill(aws: Standin, cost: Cost) -> None:
    aws.throttle("then")
    aws.says[GET] = [bill(BILL, more="next"), aws.says["then"]]  # pyright: ignore[reportArgumentType]

    failure = cost().failure

    assert failure is not None
    assert failure.kind == "throttled"


def test_no_days_at_all_is_no_bill_of_nothing(aws: Standin, cost: Cost) -> None:
    aws.says[GET] = {"ResultsByTime": []}

    failure = cost().failure

    assert failure is not None
    assert "knows nothing of these days" in failure.message


def test_days_on_which_nothing_was_spent_cost_nothing(aws: Standin, cost: Cost) -> None:
    aws.says[GET] = bill({day: {} for day in BILL})

    assert (state(cost())["total"], state(cost())["services"]) == (0, [])


def test_too_many_days_are_refused(aws: Standin, cost: Cost) -> None:
    failure = cost(days=91).failure

    assert failure is not None
    assert failure.kind == "refused"
    assert not aws.asked[GET]


def test_local_cloud_has_a_bill(site: Site) -> None:
    told = site.answer("aws_cost", window=site.window(-60 * 24 * 7)).state

    assert told["days"] == 7
    assert 1000 < told["total"] < 2000
    assert abs(told["total"] - told["before"]) < 100
