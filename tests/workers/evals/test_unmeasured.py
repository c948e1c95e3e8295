"""Places that nobody measures, or only in part: suspected for what their callers lose, and unsurely."""

from dataclasses import replace
from pathlib import Path

import pytest

from workers.agent.rules import RuleReasoner
from workers.domain.conclusion import Conclusion
from workers.domain.telemetry import Series, Signal
from workers.evals.answering import investigated
from workers.evals.recorded import Key, Recorded
from workers.evals.sets import cases


@pytest.fixture
def case(data: Path) -> Recorded:
    """Front calls search and stock; search is slow, and front for it."""
    return next(cases(data, "petshop"))


def concluded(case: Recorded, change: dict[Key, Series | None]) -> Conclusion:
    """What is concluded with some series replaced, or never recorded."""
    series = {key: one for key, one in {**case.series, **change}.items() if one is not None}
    conclusion = investigated(replace(case, series=series), RuleReasoner()).conclusion
    assert conclusion is not None
    return conclusion


def scaled(one: Series, factor: float) -> Series:
    return one.model_copy(update={"values": tuple(value and value * factor for value in one.values)})


def test_who_is_called_for_every_request_and_is_not_measured_is_looked_at_first(case: Recorded) -> None:
    found = concluded(case, {("search", Signal.LATENCY): None})

    first, second = found.suspects
    assert (first.service, first.measured, second.service) == ("search", False, "front")
    assert [hop.service for hop in first.path] == ["front", "search"]
    assert first.path[-1].finding == (
        "search: p95 latency is not measured there, and what else front calls accounts for 0% of what is lost"
    )
    assert found.confidence.where is not None
    assert found.confidence.where < 0.5
    assert ("search", "p95 latency of search") in {(gap.about, gap.what) for gap in found.gaps}


def test_who_is_hardly_called_is_not_suspected_for_what_its_caller_loses(case: Recorded) -> None:
    few = scaled(case.series["search", Signal.REQUESTS], 0.1)
    found = concluded(case, {("search", Signal.LATENCY): None, ("search", Signal.REQUESTS): few})

    assert [one.service for one in found.suspects] == ["front"]


def test_of_whom_nothing_is_known_is_not_suspected(case: Recorded) -> None:
    gone = dict.fromkeys([key for key in case.series if key[0] == "search"])

    assert [one.service for one in concluded(case, {**gone}).suspects] == ["front"]


def test_whose_errors_are_off_is_suspected_for_latency_that_is_not_measured(case: Recorded) -> None:
    errors = case.series["search", Signal.ERRORS]
    failing = tuple(90.0 if at in (2, 3) else value for at, value in enumerate(errors.values))
    found = concluded(
        case,
        {
            ("search", Signal.LATENCY): None,
            ("search", Signal.REQUESTS): None,
            ("search", Signal.ERRORS): errors.model_copy(update={"values": failing}),
        },
    )

    assert found.suspects[0].service == "search"


def test_what_a_measured_callee_accounts_for_is_not_laid_on_one_that_is_not(case: Recorded) -> None:
    found = concluded(case, {("stock", Signal.LATENCY): None})

    assert [one.service for one in found.suspects] == ["search", "front"]
    assert all(one.measured for one in found.suspects)


def test_a_loss_by_the_requests_of_callers_does_not_outdo_one_by_requests_of_its_own(case: Recorded) -> None:
    slower = scaled(case.series["search", Signal.LATENCY], 3.0)
    slower = slower.model_copy(update={"service": "stock"})

    found = concluded(case, {("stock", Signal.LATENCY): slower, ("stock", Signal.REQUESTS): None})

    assert found.suspects[0].service == "search"


def test_of_two_that_are_not_counted_the_one_that_loses_no_more_than_there_is_goes_first(
    case: Recorded,
) -> None:
    slower = scaled(case.series["search", Signal.LATENCY], 3.0)
    slower = slower.model_copy(update={"service": "stock"})
    uncounted = {("stock", Signal.REQUESTS): None, ("search", Signal.REQUESTS): None}

    found = concluded(case, {("stock", Signal.LATENCY): slower, **uncounted})

    assert found.suspects[0].service == "search"
