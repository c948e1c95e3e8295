"""The small types: risk, windows, confidence, series, log patterns, topology."""

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.workers import making
from workers.domain import errors
from workers.domain.confidence import Confidence
from workers.domain.hypothesis import HypothesisTree
from workers.domain.risk import Risk
from workers.domain.telemetry import Edge, LogPattern, Resource, Topology
from workers.domain.window import Window, ending, from_epoch

# Risk


def test_risks_are_ordered_from_reading_to_critical() -> None:
    assert Risk.READ < Risk.LOW < Risk.HIGH < Risk.CRITICAL


def test_production_raises_a_change_one_step_and_leaves_a_read_a_read() -> None:
    assert [risk.raised() for risk in Risk] == [Risk.READ, Risk.HIGH, Risk.CRITICAL, Risk.CRITICAL]


def test_risks_are_said_in_plain_words() -> None:
    assert [risk.word for risk in Risk] == ["read", "low", "high", "critical"]


# Windows


@pytest.mark.parametrize("minutes", [0, -1, -600])
def test_window_that_does_not_end_after_its_start_is_refused(minutes: int) -> None:
    with pytest.raises(ValidationError, match="must end after it starts"):
        Window(start=making.NOON, end=making.at(minutes))


@pytest.mark.parametrize("field", ["start", "end"])
def test_window_without_a_zone_is_refused(field: str) -> None:
    times = {"start": making.at(-1), "end": making.NOON}
    naive = times[field].replace(tzinfo=None)

    with pytest.raises(ValidationError, match="timezone"):
        Window.model_validate({**times, field: naive})


def test_window_holds_its_start_and_not_its_end() -> None:
    window = making.window(-10, 0)

    assert window.holds(making.at(-10))
    assert window.holds(making.at(-0.01))
    assert not window.holds(making.at(0))
    assert not window.holds(making.at(-10.01))


def test_moved_window_is_as_long_as_before() -> None:
    window = making.window(-10, 0)

    moved = window.shifted(timedelta(hours=-1))

    assert (moved.start, moved.end, moved.seconds) == (making.at(-70), making.at(-60), window.seconds)


def test_window_across_zones_is_as_long_as_it_is() -> None:
    window = Window(start=datetime.fromisoformat("2026-03-04T13:00:00+02:00"), end=making.NOON)

    assert window.seconds == 3600


def test_window_can_be_asked_for_by_its_end() -> None:
    assert ending(making.NOON, minutes=20) == making.window(-20, 0)


def test_moments_from_epochs_carry_a_zone() -> None:
    assert from_epoch(0) == datetime(1970, 1, 1, tzinfo=UTC)


# Confidence


@pytest.mark.parametrize(
    ("value", "word"),
    [(1.0, "high"), (0.8, "high"), (0.799, "medium"), (0.55, "medium"), (0.549, "low"), (0.0, "low")],
)
def test_confidence_has_a_word(value: float, word: str) -> None:
    assert Confidence(value=value).word == word


# Series


def test_newest_is_the_end_of_the_last_period_with_a_point() -> None:
    assert making.series([1.0, 2.0, None, None]).newest == making.at(-2)


@pytest.mark.parametrize("values", [[], [None], [None] * 5], ids=len)
def test_series_without_points_is_empty_and_has_no_newest(values: list[float | None]) -> None:
    one = making.series(values)

    assert one.empty
    assert one.newest is None


def test_zero_is_a_point() -> None:
    assert not making.series([0.0]).empty


# Log patterns


def pattern(count: int, before: int, seconds: float = 600, before_seconds: float = 3600) -> LogPattern:
    return LogPattern(
        service="checkout",
        template="ERROR <n>",
        level="error",
        count=count,
        before=before,
        seconds=seconds,
        before_seconds=before_seconds,
        source="logs:checkout",
    )


def test_pattern_is_novel_only_when_it_was_never_there_before() -> None:
    assert pattern(3, 0).novel
    assert not pattern(3, 1).novel
    assert not pattern(0, 0).novel


def test_growth_compares_rates_and_not_counts() -> None:
    assert pattern(10, 60).growth == pytest.approx(1.0)
    assert pattern(40, 60).growth == pytest.approx(4.0)
    assert pattern(10, 10, seconds=600, before_seconds=600).growth == pytest.approx(1.0)


def test_growth_of_the_never_seen_counts_as_if_it_was_seen_once() -> None:
    assert pattern(10, 0).growth == pytest.approx(60.0)


def test_growth_of_nothing_is_no_division_by_zero() -> None:
    assert pattern(5, 0, seconds=0, before_seconds=0).growth == 5.0


# Topology


def topology(*pairs: tuple[str, str]) -> Topology:
    names = dict.fromkeys(name for pair in pairs for name in pair)
    return Topology(
        resources=tuple(Resource(name=n, kind="service", id=n, system="test") for n in names),
        edges=tuple(Edge(caller=a, callee=b, source="test") for a, b in pairs),
    )


def test_callers_and_callees_are_told_once_in_order() -> None:
    found = topology(("web", "checkout"), ("web", "checkout"), ("web", "catalog"), ("checkout", "db"))

    assert found.callees("web") == ("checkout", "catalog")
    assert found.callers("checkout") == ("web",)
    assert found.callees("nobody") == ()


def test_downstream_of_a_cycle_ends_where_it_began() -> None:
    assert topology(("a", "b"), ("b", "c"), ("c", "a")).downstream("b") == ("b", "c", "a")


def test_service_that_calls_itself_is_told_once() -> None:
    assert topology(("a", "a")).downstream("a") == ("a",)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=30))
def test_downstream_is_everything_in_reach_nearest_first(pairs: list[tuple[str, str]]) -> None:
    found = topology(*pairs)
    distance, queue = {"a": 0}, deque("a")
    while queue:
        name = queue.popleft()
        for caller, callee in pairs:
            if caller == name and callee not in distance:
                distance[callee] = distance[name] + 1
                queue.append(callee)

    reach = found.downstream("a")

    assert set(reach) == set(distance)
    assert [distance[name] for name in reach] == sorted(distance.values())


# The tree of hypotheses


def test_marking_a_hypothesis_keeps_its_last_reason() -> None:
    tree = HypothesisTree().grown(making.hypothesis("h1")).marked("h1", "pruned", "too late")

    assert tree.marked("h1", "pruned").get("h1").reason == "too late"


def test_marking_leaves_the_others_alone() -> None:
    tree = HypothesisTree().grown(making.hypothesis("h1")).grown(making.hypothesis("h2"))

    marked = tree.marked("h1", "confirmed")

    assert [h.status for h in marked.nodes] == ["confirmed", "open"]
    assert [h.status for h in tree.nodes] == ["open", "open"]


# Errors


def test_denied_access_says_what_to_grant_to_whom() -> None:
    error = errors.AccessDenied("logs:FilterLogEvents", on="/ecs/checkout", who="arn:aws:iam::1:user/worker")

    assert str(error) == "access denied: logs:FilterLogEvents on /ecs/checkout"
    assert error.mend == "Grant logs:FilterLogEvents on /ecs/checkout to arn:aws:iam::1:user/worker."


def test_values_of_the_domain_are_frozen_and_know_their_fields() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        making.change().service = "web"  # pyright: ignore[reportAttributeAccessIssue]  # that is the point
    with pytest.raises(ValidationError, match="Extra inputs"):
        making.change(colour="red")
