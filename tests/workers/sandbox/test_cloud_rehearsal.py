"""Whatever does harm sets off an alarm in time, at any hour, and no case is made louder than that needs."""

from itertools import cycle

import pytest

from workers.sandbox.scenario.case import QUIET, Wish
from workers.sandbox.scenario.faults import FAULTS
from workers.sandbox.scenario.generate import generate
from workers.sandbox.scenario.rehearsal import NOTICED_WITHIN, fired, rehearsed

NIGHT = 1795385000.0
"""A Sunday, 22:03 UTC: few people book anything, and fewer reserve stock."""
TOO_SOFT = [("bad_deployment", 13), ("bad_deployment", 48)]
"""Faults of the shop that no alarm notices at that hour as they are first drawn."""


def _wish(fault: str, seed: int, application: str = "shop", onset_minutes: float = 8) -> Wish:
    return Wish(application=application, faults=[fault], seed=seed, onset_minutes=onset_minutes)


@pytest.mark.parametrize(("fault", "seed"), [("config_change", 41), *TOO_SOFT])
def test_harm_sets_off_an_alarm_in_time(fault: str, seed: int) -> None:
    case, world = rehearsed(_wish(fault, seed), NIGHT)

    found = fired(world, case.beginning.first_harm)

    assert found
    assert min(move.at for _, move in found) - case.beginning.onset <= NOTICED_WITHIN


# One application a fault, in turn: building a case takes two seconds.
@pytest.mark.parametrize(
    ("fault", "application"),
    list(zip(sorted(FAULTS.keys() - QUIET), cycle(["shop", "booking", "claims"]), strict=False)),
)
def test_a_case_that_is_noticed_stays_as_it_was_drawn(fault: str, application: str) -> None:
    wish = _wish(fault, 4, application)

    case, world = rehearsed(wish, NIGHT)

    assert case == generate(wish, NIGHT)
    assert fired(world, case.beginning.first_harm)


def test_a_fault_that_nobody_noticed_hits_harder_in_the_same_place() -> None:
    wish = _wish(*TOO_SOFT[0])
    drawn = generate(wish, NIGHT)

    case, _ = rehearsed(wish, NIGHT)
    again, _ = rehearsed(wish, NIGHT)

    assert case != drawn
    assert case == again
    assert case.truths == drawn.truths


def test_a_case_that_just_began_is_heard_of_later() -> None:
    case, world = rehearsed(_wish("consumer_stopped", 3, onset_minutes=3), NIGHT)
    at_once = fired(world, case.beginning.first_harm)

    world.catch_up(case.beginning.onset + NOTICED_WITHIN)

    assert world.began == NIGHT
    assert not at_once
    assert fired(world, case.beginning.first_harm)


def test_an_edited_alarm_needs_no_harm() -> None:
    wish = _wish("alarm_edited", 3)

    case, _ = rehearsed(wish, NIGHT)

    assert not case.loud
    assert case == generate(wish, NIGHT)
