"""Statistics over one series: what left its baseline, since when, which way, and what is mere noise."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers import making
from tests.workers.agent import noise
from workers.agent import statistics
from workers.domain.facts import Deviation
from workers.domain.telemetry import Series, Signal

QUIET = [0.3] * 120


def deviation(series: Series, requests: Series | None = None) -> Deviation | None:
    return statistics.deviation(series, requests)


def off(found: Deviation, series: Series, onset: float) -> timedelta:
    """How far the found onset lies from the planted one, in minutes of the series."""
    return abs(found.onset - (series.window.start + timedelta(minutes=onset)))


# What is planted is found


@pytest.mark.parametrize("amount", [0.01, 0.05, 0.10])
@pytest.mark.parametrize("to", [1.0, 0.05], ids=["up", "down"])
def test_step_is_found_with_its_onset_inside_the_slack(amount: float, to: float) -> None:
    for seed in range(40):
        onset = 110 + (seed * 7 % 60) + seed / 40
        one = noise.stepped(Signal.LATENCY, 0.3, to, amount, onset, seed)

        found = deviation(one)

        assert found is not None, seed
        assert found.direction == ("up" if to > 0.3 else "down")
        assert off(found, one, onset) <= timedelta(seconds=found.slack), seed
        assert found.slack <= 180, seed
        assert not found.over


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_slope_is_found_near_where_it_began(minutes: int) -> None:
    for seed in range(30):
        one = noise.shaped(
            Signal.LATENCY, 0.3, 0.03, seed, lambda t: np.clip((t - 115) / minutes, 0, 1) * 1.2
        )

        found = deviation(one)

        assert found is not None, seed
        assert found.direction == "up"
        # A slope is noticed when it leaves the noise: late by a part of its length.
        assert off(found, one, 115) <= timedelta(seconds=found.slack) + timedelta(
            minutes=minutes * 0.15 + 2
        ), seed


@pytest.mark.parametrize("level", [(30.0, 95.0), (95.0, 30.0)], ids=["up", "down"])
def test_both_directions_are_told_with_the_value_before_and_now(level: tuple[float, float]) -> None:
    before, now = level
    found = deviation(making.series([before] * 120 + [now] * 20, signal=Signal.CPU))

    assert found is not None
    assert (found.baseline, found.now, found.peak) == (before, now, now)
    assert (found.direction == "up") is (now > before)
    assert (found.score > 0) is (now > before)


def test_worst_value_of_a_fall_is_its_lowest() -> None:
    found = deviation(making.series([0.95] * 120 + [0.4, 0.2, 0.3, 0.3], signal=Signal.HIT_RATIO))

    assert found is not None
    assert found.peak == 0.2


def test_gap_during_the_excursion_does_not_end_it() -> None:
    found = deviation(making.series([*QUIET, *[2.0] * 5, None, None, *[2.0] * 5]))

    assert found is not None
    assert found.onset == making.at(-12)


def test_onset_inside_missing_points_is_as_uncertain_as_they_are_many() -> None:
    for seed in range(60):
        whole = noise.stepped(Signal.LATENCY, 0.3, 1.5, 0.04, 130, seed)
        one = noise.series(Signal.LATENCY, statistics.numbers(whole), gaps=0.3, seed=seed)

        found = deviation(one)

        assert found is not None, seed
        assert off(found, one, 130) <= timedelta(seconds=found.slack), seed


def test_later_of_two_excursions_is_told() -> None:
    found = deviation(making.series([*[0.3] * 120, *[2.0] * 5, *[0.3] * 20, *[1.5] * 6]))

    assert found is not None
    assert (found.onset, found.over) == (making.at(-6), False)


def test_fall_right_after_a_rise_is_an_excursion_of_its_own() -> None:
    found = deviation(making.series([*QUIET, *[1.0] * 5, *[0.01] * 5]))

    assert found is not None
    assert (found.direction, found.onset) == ("down", making.at(-5))


def test_excursion_began_where_it_left_the_ordinary_band() -> None:
    found = deviation(making.series([*QUIET, *[0.36] * 3, *[1.0] * 5]))

    assert found is not None
    assert (found.onset, found.slack) == (making.at(-8), 240)


def test_excursion_that_ended_is_over() -> None:
    found = deviation(making.series([*QUIET, *[2.0] * 6, *[0.3] * 10]))

    assert found is not None
    assert found.over


def test_excursion_is_not_over_while_points_are_missing() -> None:
    found = deviation(making.series([*QUIET, *[2.0] * 6, *[None] * 10]))

    assert found is not None
    assert not found.over


# What is none is not found


@pytest.mark.parametrize("spike", [1, 2], ids=["one point", "two points"])
def test_spike_is_no_deviation(spike: int) -> None:
    assert deviation(making.series([*QUIET, *[5.0] * spike, *[0.3] * 40])) is None


@pytest.mark.parametrize("around", [1, 2, 3, 10])
def test_spike_between_missing_points_is_no_deviation(around: int) -> None:
    lost: list[float | None] = [None] * around

    assert deviation(making.series([*QUIET, *lost, 5.0, *lost, *[0.3] * 40])) is None


def test_two_points_with_nothing_between_them_are_no_deviation() -> None:
    assert deviation(making.series([*QUIET, 0.45, None, None, None, 0.45, *[0.3] * 40])) is None


@pytest.mark.parametrize(
    "values",
    [[], [None], [5.0], [0.3] * 14, [None] * 200, [0.3] * 10 + [9.0] * 4, [None] * 110 + [9.0] * 70],
    ids=["none", "a gap", "one point", "few points", "gaps", "few and a step", "no baseline"],
)
def test_too_few_points_say_nothing(values: list[float | None]) -> None:
    one = making.series(values)

    assert statistics.baseline(one) is None
    assert deviation(one) is None


@pytest.mark.parametrize("level", [0.0, 0.3, 1e9])
def test_constant_series_stays_at_its_baseline(level: float) -> None:
    assert deviation(making.series([level] * 180)) is None


@pytest.mark.parametrize("signal", Signal)
def test_series_that_never_moved_does_not_call_its_first_small_move_a_deviation(signal: Signal) -> None:
    small = statistics.FLOOR[signal]

    assert deviation(making.series([0.0] * 150 + [small] * 30, signal=signal)) is None


def test_healthy_series_give_less_than_one_false_alarm_in_a_hundred() -> None:
    false, all_ = Counter[Signal](), Counter[Signal]()
    for seed in range(300):
        found = noise.healthy(seed)
        for signal, one in found.items():
            asked = found[Signal.REQUESTS] if signal is Signal.ERROR_RATE else None
            all_[signal] += 1
            false[signal] += deviation(one, asked) is not None

    assert {
        signal: false[signal] / all_[signal] for signal in all_ if false[signal] / all_[signal] >= 0.01
    } == {}


def test_few_failures_of_few_requests_are_chance() -> None:
    requests = making.series([12.0] * 180, signal=Signal.REQUESTS)
    errors = making.series([0.0] * 150 + [1.0, 1.0, 0.0, 1.0] + [0.0] * 26, signal=Signal.ERRORS)

    share = statistics.rate(errors, requests)

    assert share is not None
    assert deviation(share) is not None
    assert deviation(share, requests) is None


def test_many_failures_of_few_requests_are_none() -> None:
    requests = making.series([12.0] * 180, signal=Signal.REQUESTS)
    errors = making.series([0.0] * 174 + [4.0, 3.0, 4.0, 5.0, 3.0, 4.0], signal=Signal.ERRORS)

    share = statistics.rate(errors, requests)

    assert share is not None
    assert deviation(share, requests) is not None


def test_last_excursion_that_is_no_chance_is_told_though_chance_came_after_it() -> None:
    requests = making.series([12.0] * 180, signal=Signal.REQUESTS)
    failed = [0.0] * 120 + [6.0] * 20 + [0.0] * 20 + [1.0, 1.0, 0.0, 1.0] + [0.0] * 16
    share = statistics.rate(making.series(failed, signal=Signal.ERRORS), requests)

    assert share is not None
    found = deviation(share, requests)

    assert found is not None
    assert found.onset == making.at(-60)


def test_earlier_incident_does_not_make_a_later_one_look_like_chance() -> None:
    requests = making.series([12.0] * 180, signal=Signal.REQUESTS)
    failed = [0.0] * 70 + [6.0] * 30 + [0.0] * 76 + [3.0] * 4
    share = statistics.rate(making.series(failed, signal=Signal.ERRORS), requests)

    assert share is not None
    found = deviation(share, requests)

    assert found is not None
    assert found.onset == making.at(-4)


# Whatever comes, something sensible is said


@given(
    st.lists(st.none() | st.floats(min_value=0, max_value=1e12), max_size=80),
    st.sampled_from(Signal),
    st.sampled_from([10, 60, 300]),
)
def test_any_series_is_judged_without_complaint(
    values: list[float | None], signal: Signal, period: int
) -> None:
    one = making.series(values, signal=signal, period=period)

    found = deviation(one)

    if found is not None:
        assert one.window.start <= found.onset < one.window.end
        assert found.slack >= period
        statistics.trend(one, found)
    statistics.sawtooth(one)
    statistics.climb(one)
    statistics.plateau(one)


SPARSE = st.lists(st.sampled_from([None, 0.3, 0.45, 0.6, 2.0]), max_size=60)


@given(SPARSE)
def test_any_gaps_beside_any_spikes_are_judged_without_complaint(tail: list[float | None]) -> None:
    found = deviation(making.series([*QUIET, *tail]))

    if found is not None:
        assert sum(value is not None for value in tail) >= statistics.RUN


# Growing, holding, healing


@pytest.mark.parametrize(
    ("tail", "trend"),
    [
        ([1.0, 1.0, 1.2, 1.5, 1.9, 2.4, 3.0, 3.6], "worsening"),
        ([2.0, 2.1, 1.9, 2.0, 2.1, 2.0, 2.0, 1.9], "steady"),
        ([3.6, 3.4, 3.0, 2.4, 1.5, 1.2, 1.0, 0.9], "healing"),
        ([2.0, 2.0, 2.0, 2.0], "steady"),
        ([2.0] * 6 + [0.3] * 8, "over"),
    ],
)
def test_trend_of_an_excursion_has_a_word(tail: list[float], trend: str) -> None:
    one = making.series([*QUIET, *tail])
    found = deviation(one)

    assert found is not None
    assert statistics.trend(one, found) == trend


def test_trend_of_a_fall_is_judged_by_its_depth() -> None:
    one = making.series([0.95] * 120 + [0.85, 0.8, 0.75, 0.7, 0.5, 0.4, 0.3, 0.2], signal=Signal.HIT_RATIO)
    found = deviation(one)

    assert found is not None
    assert statistics.trend(one, found) == "worsening"


# Shares


def test_share_is_of_requests_on_the_same_grid() -> None:
    errors = making.series([1.0, 0.0, None, 3.0, 9.0], signal=Signal.ERRORS)
    requests = making.series([10.0, 0.0, 10.0, None, 3.0], signal=Signal.REQUESTS)

    share = statistics.rate(errors, requests)

    assert share is not None
    assert share.values == (0.1, None, None, None, 1.0)
    assert (share.signal, share.unit) == (Signal.ERROR_RATE, "ratio")


def test_share_of_another_grid_is_not_guessed() -> None:
    errors = making.series([1.0, 2.0], signal=Signal.ERRORS)

    assert statistics.rate(errors, making.series([1.0, 2.0, 3.0], signal=Signal.REQUESTS)) is None
    assert statistics.rate(errors, making.series([1.0, 2.0], signal=Signal.REQUESTS, period=30)) is None


# Late, and gone


@pytest.mark.parametrize(("gone", "stopped"), [(0, False), (2, False), (6, False), (7, True), (60, True)])
def test_series_has_stopped_when_points_are_later_than_they_ever_are(gone: int, stopped: bool) -> None:
    one = making.series([*[0.3] * (180 - gone), *[None] * gone])

    assert statistics.stopped(one) is stopped


def test_series_that_never_came_has_not_stopped() -> None:
    assert not statistics.stopped(making.series([None] * 180))


# Shapes


def saw(times: int) -> list[float]:
    return [*[40.0] * 110, *[40 + 50 * step / 24 for _ in range(times) for step in range(24)], 40.0]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_sawtooth_is_counted_by_its_falls(times: int) -> None:
    assert statistics.sawtooth(making.series(saw(times), signal=Signal.MEMORY)) == times


def test_fall_without_a_climb_is_no_sawtooth() -> None:
    assert statistics.sawtooth(making.series([90.0] * 140 + [40.0] * 40, signal=Signal.MEMORY)) == 0


def test_steady_climb_is_told_from_a_level() -> None:
    climbing = making.series([50 + 0.3 * max(0, i - 100) for i in range(180)], signal=Signal.MEMORY)
    level = making.series([50 + (i % 2) for i in range(180)], signal=Signal.MEMORY)

    assert statistics.climb(climbing) > 3
    assert abs(statistics.climb(level)) < 1


def test_full_pool_is_a_plateau_and_a_hill_is_none() -> None:
    pool = making.series(
        [*[40.0] * 140, *[40 + 3.0 * i for i in range(20)], *[100.0] * 20], signal=Signal.CONNECTIONS
    )
    hill = making.series([*[40.0] * 140, *[100.0] * 20, *[60.0] * 20], signal=Signal.CONNECTIONS)
    usual = making.series([40.0] * 180, signal=Signal.CONNECTIONS)

    assert statistics.plateau(pool)
    assert not statistics.plateau(hill)
    assert not statistics.plateau(usual)


def test_bound_of_what_is_usual_lies_on_the_healthy_side() -> None:
    usual = statistics.baseline(making.series([0.3] * 180))

    assert usual is not None
    assert statistics.bound(usual, "below") > usual.middle > statistics.bound(usual, "above")
