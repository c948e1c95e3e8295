"""What looks alike at first sight: what tells the one from the other is seen, or nothing is claimed."""

import numpy as np
import pytest

from tests.workers.agent import made, troubles
from tests.workers.agent.made import World, shop
from workers.domain.telemetry import Signal


def named(world: World, text: str = "web is slow") -> list[tuple[str, str]]:
    case = made.investigate(troubles.tempting(world), text)
    assert case.conclusion is not None
    return [(cause.mode, cause.service) for cause in case.conclusion.causes]


def test_load_that_was_there_yesterday_at_this_hour_is_a_job_and_no_slow_query() -> None:
    world = troubles.batch_collision()

    assert named(world, "checkout is slow") == [("batch_collision", "shop-db")]
    world.earlier = {7: world.earlier[1]}
    assert named(world, "checkout is slow") == [("batch_collision", "shop-db")]
    world.earlier[7] = {key: np.roll(values, -60) for key, values in world.earlier[7].items()}
    assert named(world, "checkout is slow") == [("query_regression", "shop-db")]


def test_load_that_comes_every_week_is_no_surge_and_a_day_without_history_no_gap() -> None:
    world = troubles.expected_load()

    case = made.investigate(world, "web-requests is in ALARM")

    assert case.conclusion is not None
    assert case.conclusion.headline == "Not an incident: expected load"
    assert case.conclusion.gaps == ()
    world.moves("web", Signal.CPU, 97)
    world.hurts("web", errors=800)
    hurt = made.investigate(world, "web is slow").conclusion
    assert hurt is not None
    assert "Leads: web gets far more requests than usual" in hurt.summary


def test_more_calls_further_down_are_callers_that_try_again() -> None:
    world = troubles.slow_dependency()
    world.moves("catalog", Signal.REQUESTS, 1800, onset=-19)

    assert named(world) == [("slow_dependency", "catalog")]


def test_a_closed_port_is_told_by_who_knocks_and_by_the_change_that_closed_it() -> None:
    world = shop()
    world.hurts("checkout", "web", errors=400)
    world.says("checkout", "ERROR HikariPool-1 - Connection is not available, request timed out after <n>ms")

    assert ("access_change", "checkout") not in named(world, "checkout is slow")
    world.changed("access", "sg-0123456789abcdef0", -19, "RevokeSecurityGroupIngress on sg-0123456789abcdef0")
    assert named(world, "checkout is slow") == [("access_change", "checkout")]


def test_requests_that_end_are_requests_that_went_astray_where_callers_complain_of_the_place() -> None:
    world = troubles.balancer_or_dns()
    for signal in (Signal.REQUESTS, Signal.ERRORS, Signal.LATENCY):
        world.points["catalog", signal][-18:] = np.nan

    assert named(world) == [("balancer_or_dns", "catalog")]


def test_who_is_not_asked_any_more_by_a_caller_that_fails_is_not_at_fault() -> None:
    world = troubles.bad_deployment()
    world.moves("shop-cache", Signal.HITS, 0)
    world.moves("catalog", Signal.REQUESTS, 0)

    assert named(world, "checkout is slow") == [("bad_deployment", "checkout")]


def test_tasks_that_were_taken_away_and_find_no_room_are_no_rollout_that_is_stuck() -> None:
    world = troubles.cannot_scale()
    world.told("checkout", "task_stopped", "Your Spot Task was interrupted.", -19, times=3)

    assert named(world, "checkout is slow") == [("cannot_scale", "checkout")]


def test_a_rollout_is_stuck_while_all_the_old_tasks_run() -> None:
    world = troubles.rollout_stuck()
    world.sets("checkout", running="3")

    assert named(world, "checkout is slow") == [("rollout_stuck", "checkout")]


def test_a_database_that_idles_behind_its_locks_is_still_locked() -> None:
    world = shop()
    world.hurts("checkout", "web", errors=30)
    world.says("shop-db", "LOG: process <n> still waiting for ShareLock on transaction <n>", level="info")
    world.moves("shop-db", Signal.CPU, 12)

    assert named(world, "checkout is slow") == [("lock_contention", "shop-db")]


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        ("429 Too Many Requests", "quota_exceeded"),
        ("401 Unauthorized: token has expired", "expired_credential"),
    ],
)
def test_who_turns_us_away_is_not_down(answer: str, mode: str) -> None:
    world = shop()
    world.hurts("checkout", "web", errors=300, latency=0.2)
    world.says("checkout", f"ERROR call to api.pay.example failed: {answer}", count=800)

    assert named(world, "checkout is slow") == [(mode, "checkout")]


def test_messages_that_pile_up_are_not_taken_and_have_not_gone_astray() -> None:
    world = troubles.consumer_stopped()
    world.moves("fulfilment", Signal.REQUESTS, 0)

    assert named(world, "orders do not go out") == [("consumer_stopped", "fulfilment")]


def test_who_is_throttled_while_messages_pile_up_has_not_stopped() -> None:
    world = troubles.consumer_stopped()
    world.resources["fulfilment"] = world.resources["fulfilment"].model_copy(update={"kind": "function"})
    world.sets("fulfilment", running="3")
    world.moves("orders", Signal.PROCESSED, 25)
    world.points["fulfilment", Signal.THROTTLES] = np.where(np.arange(made.MINUTES) < 162, 0.0, 150.0)

    assert named(world, "orders do not go out") == [("quota_exceeded", "fulfilment")]


def test_a_disk_that_filled_for_hours_is_full_when_somebody_notices() -> None:
    world = troubles.disk_full()
    world.shaped(
        "shop-db", Signal.FREE_STORAGE, lambda t: np.where(t < -70, 40e9, np.clip(-t - 18, 0, 52) * 7e8)
    )

    assert named(world, "checkout is slow") == [("disk_full", "shop-db")]


def test_a_surge_that_is_turned_away_at_the_door_leaves_less_for_who_is_behind_it() -> None:
    world = troubles.traffic_surge()
    world.moves("checkout", Signal.REQUESTS, 200)
    world.says("web", "ERROR call to http://checkout.shop.internal failed: connection reset", count=900)

    assert named(world) == [("traffic_surge", "web")]
