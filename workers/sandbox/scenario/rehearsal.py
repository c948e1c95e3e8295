"""Makes cases that people notice: a fault hits harder, or is drawn anew, until an alarm tells of it."""

from workers.sandbox.estate.alarms import AlarmState, Transition
from workers.sandbox.estate.world import World
from workers.sandbox.scenario.case import Case, Wish
from workers.sandbox.scenario.generate import STRENGTHS, Unplayable, generate

NOTICED_WITHIN = 420.0
"""Seconds from the onset within which an alarm goes off, in every case but the quiet ones."""
_DRAWS = 3

Alarming = tuple[AlarmState, Transition]
"""An alarm, and the moment it went off."""


def rehearsed(wish: Wish, now: float) -> tuple[Case, World]:
    """The case of this wish with its world at `now`: the first attempt in which an alarm goes off in time."""
    for attempt in range(_DRAWS * len(STRENGTHS)):
        case = generate(wish, now, attempt)
        world = World(case.beginning)
        if not case.loud or _noticed(case, _later(case, world)):
            return case, world
    faults = " + ".join(wish.faults)
    raise Unplayable(f"{faults} sets off no alarm in {wish.application} at this hour; try another seed")


def fired(world: World, since: float) -> list[Alarming]:
    """Every alarm that people are told of and that went off since then, with the first time it did.

    A canary is one visitor of many: its alarm counts where no other tells of the same.
    """
    found: list[Alarming] = []
    for state in world.alarms.values():
        moves = [m for m in world.transitions(state) if m.at >= since and m.state == "ALARM"]
        if moves and state.config.told:
            found.append((state, moves[0]))
    return [pair for pair in found if not _synthetic(pair[0])] or found


def _synthetic(alarm: AlarmState) -> bool:
    return alarm.config.namespace == "CloudWatchSynthetics"


def _later(case: Case, world: World) -> World:
    """A world in which the case is old enough to judge: this one, or one that has run ahead."""
    judged = case.beginning.onset + NOTICED_WITHIN
    if world.now >= judged:
        return world
    ahead = World(case.beginning)
    ahead.catch_up(judged)
    return ahead


def _noticed(case: Case, world: World) -> bool:
    """An alarm that somebody edited tells of the edit, not of the fault beside it."""
    until = case.beginning.onset + NOTICED_WITHIN
    return any(
        move.at <= until and state.config.name not in case.alarms and not _synthetic(state)
        for state, move in fired(world, case.beginning.first_harm)
    )
