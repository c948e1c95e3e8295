"""Makes a case from a wish: the healthy application, its trouble, the decoys, and the truth."""

from collections.abc import Sequence
from dataclasses import replace

from workers.sandbox.estate.beginning import Beginning, Change
from workers.sandbox.model.history import FINE
from workers.sandbox.model.spec import application
from workers.sandbox.scenario.base import Base, healthy
from workers.sandbox.scenario.case import Case, Trouble, Wish, dice, fault_table
from workers.sandbox.scenario.decoys import decoys
from workers.sandbox.scenario.faults import FAULTS
from workers.sandbox.scenario.stage import Stage

STRENGTHS = (1.0, 1.6, 2.5, 4.0)
"""How hard a fault hits, attempt by attempt; after the last of them another fault of its kind is drawn."""


class Unplayable(Exception):
    """There is no such application or fault, or the fault cannot be played in it."""


def generate(wish: Wish, now: float, attempt: int = 0) -> Case:
    """The case that this wish describes, built at `now`; each further attempt at it is a louder one."""
    draw, step = divmod(attempt, len(STRENGTHS))
    base = _base(wish, now)
    onset = (now - wish.onset_minutes * 60) // FINE * FINE
    rng = dice(wish.seed, "fault", draw) if draw else dice(wish.seed, "fault")
    stage = Stage(base, wish.seed, onset, now, rng, STRENGTHS[step])
    troubles = [_plan(fault, stage) for fault in wish.faults]
    changes = [change for trouble in troubles for change in trouble.changes]
    stage.rng = dice(wish.seed, "decoys")
    if wish.decoys:
        changes += decoys(stage)
    name = f"{wish.application}-{'+'.join(wish.faults) or 'healthy'}-{wish.seed}"
    routines = {part: routine for trouble in troubles for part, routine in trouble.routines.items()}
    beginning = replace(_beginning(base, wish.seed, onset, now, changes), routines=routines)
    alarms = frozenset(trouble.alarm for trouble in troubles if trouble.alarm)
    return Case(name, wish, beginning, tuple(trouble.truth for trouble in troubles), alarms)


def _base(wish: Wish, now: float) -> Base:
    try:
        return healthy(application(wish.application), wish.seed, now, wish.topology)
    except KeyError:
        raise Unplayable(f"unknown application {wish.application!r}") from None


def _plan(fault: str, stage: Stage) -> Trouble:
    known = {row.id: row for row in fault_table()}
    if fault not in known:
        raise Unplayable(f"unknown fault {fault!r}; there are {', '.join(sorted(FAULTS))}")
    if stage.base.application.name not in known[fault].fits:
        raise Unplayable(f"{fault} cannot be played in {stage.base.application.name} yet")
    return FAULTS[fault](stage)


def _beginning(base: Base, seed: int, onset: float, now: float, changes: Sequence[Change]) -> Beginning:
    running = {
        name: (base.current(name).number, service.tasks, base.current(name).registered_at + 24)
        for name, service in base.application.services.items()
    }
    return Beginning(
        application=base.application,
        seed=seed,
        onset=onset,
        now=now,
        revisions=tuple(r for revisions in base.revisions.values() for r in revisions),
        code=base.outdated,
        running=running,
        alarms=base.alarms,
        changes=tuple(sorted(changes, key=lambda change: change.at)),
        past=base.past,
    )
