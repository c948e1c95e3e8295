"""The simulation itself: histograms merge, lines lose nobody, retries amplify, pools fill."""

import numpy as np
import pytest

from workers.sandbox.estate.world import World
from workers.sandbox.model.demand import demand
from workers.sandbox.model.histogram import percentile, tally
from workers.sandbox.model.queueing import advance_line
from workers.sandbox.model.spec import application
from workers.sandbox.scenario.case import Wish
from workers.sandbox.scenario.changes import Turn
from workers.sandbox.scenario.generate import generate

SUNDAY_EVENING = 1795385000.0


@pytest.fixture
def world() -> World:
    """A healthy web shop."""
    return World(generate(Wish(faults=[], decoys=False, seed=4), SUNDAY_EVENING).beginning)


def _mean(world: World, part: str, field: str, rows: int = 6) -> float:
    column = world.history.fine.column((part, field))
    assert column is not None
    return float(column[-rows:].mean())


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99])
def test_a_percentile_is_that_of_the_samples(share: float) -> None:
    samples = np.random.default_rng(1).lognormal(-3, 0.7, (1, 20_000))

    found = percentile(tally(samples, np.array([20_000.0])), share)[0]

    assert found == pytest.approx(np.quantile(samples, share), rel=0.03)


def test_merged_histograms_are_the_histogram_of_all_samples() -> None:
    rng = np.random.default_rng(2)
    fast, slow = rng.lognormal(-4, 0.4, (1, 9000)), rng.lognormal(0, 0.3, (1, 1000))

    merged = tally(fast, np.array([9000.0])) + tally(slow, np.array([1000.0]))
    together = np.concatenate([fast, slow], axis=1)

    for share in (0.5, 0.89, 0.95, 0.99):
        assert percentile(merged, share)[0] == pytest.approx(np.quantile(together, share), rel=0.04)


def test_a_line_loses_nobody() -> None:
    waiting, arrivals, rate = np.array([40.0]), np.array([30.0]), np.array([22.0])

    line = advance_line(waiting, arrivals, rate, 60.0, 10.0)

    entered = waiting[0] + arrivals[0] * 10
    assert line.waiting[0] + (line.served[0] + line.refused[0]) * 10 == pytest.approx(entered)
    assert line.served[0] == rate[0]


def test_demand_has_a_day_and_a_week() -> None:
    traffic = application("booking").traffic
    days = np.arange(14) * 86400.0 + 1_800_000_000 // 86400 * 86400
    peak = demand(traffic, days + traffic.peak_hour * 3600, seed=1)
    night = demand(traffic, days + (traffic.peak_hour + 13) % 24 * 3600, seed=1)

    quiet = np.isin((days % (7 * 86400)) // 86400, (2, 3))
    assert (peak > 1.5 * night).all()
    assert peak[quiet].mean() == pytest.approx(traffic.weekend * peak[~quiet].mean(), rel=0.08)


def test_retries_amplify_the_calls_to_what_fails(world: World) -> None:
    before = _mean(world, "catalog", "requests") / _mean(world, "storefront", "requests")

    Turn(world.time, "shop-db", "blocks catalog", 1.0).apply(world)
    world.catch_up(world.time + 200)

    after = _mean(world, "catalog", "requests") / _mean(world, "storefront", "requests")
    assert after > 1.08 * before


def test_a_blocked_table_fills_the_pools_and_leaves_the_processor_idle(world: World) -> None:
    connections, cpu = _mean(world, "shop-db", "connections"), _mean(world, "shop-db", "cpu")
    pools = application("shop").services["checkout"].edges["shop-db"].pool or 0

    Turn(world.time, "shop-db", "blocks checkout", 0.9).apply(world)
    Turn(world.time, "shop-db", "lock seconds", 900.0).apply(world)
    world.catch_up(world.time + 300)

    grown = _mean(world, "shop-db", "connections") - connections
    assert grown > 0.5 * 3 * pools
    assert _mean(world, "shop-db", "cpu") < 1.1 * cpu
    assert _mean(world, "checkout", "failed") > 10


def test_what_was_turned_back_heals_by_itself(world: World) -> None:
    usual = _mean(world, "checkout", "seconds") / _mean(world, "checkout", "requests")

    Turn(world.time, "api.cardpay.example", "slow", 20.0).apply(world)
    world.catch_up(world.time + 200)
    slow = _mean(world, "checkout", "seconds") / _mean(world, "checkout", "requests")
    Turn(world.time, "api.cardpay.example", "slow", 1.0).apply(world)
    world.catch_up(world.time + 120)
    healed = _mean(world, "checkout", "seconds") / _mean(world, "checkout", "requests")

    assert slow > 5 * usual
    assert healed == pytest.approx(usual, rel=0.3)


@pytest.mark.parametrize("name", ["shop", "booking"])
def test_a_weekend_comes_and_goes_without_a_step(name: str) -> None:
    midnight = SUNDAY_EVENING // 86400 * 86400 + 86400

    minutes = demand(application(name).traffic, midnight + np.arange(-10, 10) * 60.0, seed=4)

    assert np.abs(np.diff(minutes) / minutes[1:]).max() < 0.02
