"""The world of a case: an application that runs, and everything around it that AWS would show, up to now."""

from collections.abc import Mapping
from dataclasses import replace
from threading import RLock

import numpy as np

from workers.sandbox.estate.agenda import Agenda
from workers.sandbox.estate.alarms import EVALUATED_AFTER, AlarmConfig, AlarmState, Transition
from workers.sandbox.estate.beginning import Beginning, Happening, Locked
from workers.sandbox.estate.catalogue import catalogue
from workers.sandbox.estate.conditions import Conditions
from workers.sandbox.estate.fleet import Fleet
from workers.sandbox.estate.memory import Memory
from workers.sandbox.estate.names import ZONES, Names, digest, fraction
from workers.sandbox.estate.revisions import Revisions
from workers.sandbox.estate.series import Series
from workers.sandbox.estate.statistics import Points, points
from workers.sandbox.estate.storage import Storage
from workers.sandbox.estate.tasks import Deployment, Task
from workers.sandbox.estate.trail import Actor, Record, Trail
from workers.sandbox.estate.zones import spread
from workers.sandbox.model.engine import Engine
from workers.sandbox.model.history import FINE, FINE_KEPT, History
from workers.sandbox.model.queueing import Floats
from workers.sandbox.model.rows import Row
from workers.sandbox.model.scene import Ailing, Group, Scene, State
from workers.sandbox.model.spec import Application

WARM_UP = 60.0
"""Seconds before the first change from which steps are computed one after the other."""
SETTLED = 30.0
OF_TASKS = frozenset({"stuck", "slowed", "rotated", "silent", "stale"})
"""Figures that sit in the tasks themselves: a task started since has none of it."""
STRETCH = 600


class World:
    """Moves along with the clock; a reader calls `catch_up` and then looks around, holding `lock`."""

    def __init__(self, begin: Beginning) -> None:
        """Compute the history up to `begin.now`."""
        self.lock = RLock()
        self.application, self.seed, self.began = begin.application, begin.seed, begin.now
        self.names = Names(begin.application.name)
        self.agenda, self.trail = Agenda(), Trail()
        on_instances = frozenset(begin.application.on("ec2"))
        balanced = _balanced(begin.application)
        functions = frozenset(begin.application.on("lambda"))
        self.fleet = Fleet(self.names, begin.seed, self.agenda, balanced, on_instances, functions)
        self.revisions = Revisions(begin.application, code=dict(begin.code))
        self.fleet.flaw = lambda name, number: self.revisions.behaviour(name, number).code.flaw
        self.fleet.placeable = lambda name: not self.conditions.now.get((name, "unplaceable"))
        self.fleet.closed = lambda name: frozenset(zone for zone, _ in self.cut_off(name))
        self.series = {(s.namespace, s.name, s.dimensions): s for s in catalogue(begin.application)}
        self.conditions = Conditions()
        self.storage = Storage(begin.application, self.conditions)
        self.memory = Memory(begin.application, self.fleet)
        self.happenings: list[Happening] = []
        self.jobs: list[Task] = []
        """Tasks that belong to no service."""
        self.locked: dict[str, Locked] = {}
        self.agents: dict[str, str] = {}
        self.undo: dict[tuple[str, str], tuple[str, str]] = {}
        """What a call on a resource brought about: whoever takes it back ends that condition."""
        self.alarms: dict[str, AlarmState] = {}
        self._moves: dict[str, tuple[tuple[int, float], list[Transition]]] = {}
        self._engine, self._state = Engine(begin.application, begin.seed), State()
        self._routines = begin.routines
        self._set_up(begin)
        self._base = self._healthy_scene(begin)
        self._rest = self._resting(begin.now)
        start = (begin.now - FINE_KEPT) // STRETCH * STRETCH
        self.history = History(start, lambda times, dt: self._healthy(self._base, times, dt, 1))
        self.time = start
        self._replay(begin)
        self.catch_up(begin.now)

    # ---- moving on ----

    def catch_up(self, now: float) -> None:
        """Compute the steps that have passed since the last call, and let happen what was planned."""
        with self.lock:
            while self.time + FINE <= now:
                self._step()
            self.agenda.run(now)
            self.now = now

    def _step(self) -> None:
        start, end = self.time, self.time + FINE
        self.agenda.run(end)
        scene = self._scene(start, end)
        rng = np.random.Generator(np.random.Philox(key=[self.seed, int(start) // FINE]))
        row = self._engine.advance(scene, self._state, np.array([start]), FINE, rng)
        self.history.fine.extend(np.array([start]), row)
        self.memory.grow(scene, row, end)
        self.time = end
        if end % 600 == 0:
            self.history.settle()

    # ---- what holds in a step ----

    def _scene(self, start: float, end: float) -> Scene:
        conditions = {
            (part, figure): value * self._ailing(part, figure, start, end)
            for (part, figure), value in self.conditions.now.items()
        }
        conditions |= self.storage.holds(start)
        for name in self.application.services:
            conditions[(name, "unhealthy")] = self.fleet.unhealthy(name, start, end)
            for zone in ZONES if conditions[(name, "unhealthy")] else ():
                conditions[(name, f"unhealthy {zone}")] = self.fleet.unhealthy(name, start, end, zone)
            conditions[(name, "impaired")] = self.fleet.impaired(name, start)
        groups = {name: self._groups(name, start, end, conditions) for name in self.application.services}
        zones = {name: spread(self.fleet.services[name].tasks, start, end) for name in groups}
        ailing = {name: one for name in groups if (one := self._ailing_zone(name, start, end))}
        return Scene(groups, conditions, self._routines, zones, ailing)

    def cut_off(self, service: str) -> list[tuple[str, float]]:
        """The zones in which tasks of a service lose calls now, and the share of those that are lost."""
        return [
            (figure.removeprefix("cut in "), lost)
            for (part, figure), lost in self.conditions.now.items()
            if part == service and lost and figure.startswith("cut in ")
        ]

    def _ailing_zone(self, name: str, start: float, end: float) -> Ailing | None:
        """The tasks in a zone that lost its network: those that were there before that."""
        for zone, lost in self.cut_off(name):
            since = self.conditions.since(name, f"cut in {zone}") or start
            tasks = self.fleet.services[name].tasks
            there = [task for task in tasks if task.zone == zone and task.created < since]
            present = sum(task.present(start, end) for task in tasks)
            share = sum(task.present(start, end) for task in there) / present if present else 0.0
            if share:
                return Ailing(zone, share, lost)
        return None

    def _ailing(self, service: str, figure: str, start: float, end: float) -> float:
        """The share of a service that a condition concerns; of what sits in tasks, newer ones are free.

        A function that reads from no queue any more is off as a whole.
        """
        if figure.partition(" ")[0] not in OF_TASKS:
            return 1.0
        since = self.conditions.since(service, figure) or start
        tasks = self.fleet.services[service].tasks
        present = sum(task.present(start, end) for task in tasks)
        off = self.application.services[service].runs_on == "lambda" and figure == "stuck"
        if off or not present:
            return 1.0
        return sum(task.present(start, end) for task in tasks if task.created < since) / present

    def _groups(
        self, name: str, start: float, end: float, conditions: Mapping[tuple[str, str], float]
    ) -> tuple[Group, ...]:
        found, slowed = list[Group](), 1 + conditions.get((name, "slowed"), 0.0)
        for revision, tasks in sorted(self.fleet.groups(name, start, end).items()):
            squeeze, held = self.memory.figures(name, revision)
            behaviour = self.revisions.behaviour(name, revision)
            broken = self.memory.broken(name, revision, start, FINE)
            broken += self.fleet.unanswered(name, revision, start, end)
            found.append(Group(revision, tasks, behaviour, squeeze * slowed, broken, held))
        return tuple(found)

    # ---- the beginning ----

    def _set_up(self, begin: Beginning) -> None:
        for revision in begin.revisions:
            self.revisions.add(revision)
        for name, (revision, tasks, since) in begin.running.items():
            self.fleet.settle(name, revision, tasks, since)
        for alarm in begin.alarms:
            quiet = begin.now - 86400 * (2 + 9 * fraction(self.seed, alarm.name))
            self.alarms[alarm.name] = AlarmState([alarm], quiet)
        for record in begin.past:
            self.trail.add(record)
        for change in begin.changes:
            self.agenda.plan(change.at, lambda _, change=change: change.apply(self))

    def _healthy_scene(self, begin: Beginning) -> Scene:
        groups = {
            name: (Group(revision, tasks, self.revisions.behaviour(name, revision)),)
            for name, (revision, tasks, _) in begin.running.items()
        }
        tasks = {name: state.tasks for name, state in self.fleet.services.items()}
        zones = {name: spread(tasks[name], begin.now - 1, begin.now) for name in groups}
        return Scene(groups, routines=begin.routines, zones=zones)

    def _resting(self, now: float) -> State:
        """The state the healthy application comes to rest in, from which the past is computed."""
        state = State()
        rng = np.random.default_rng([self.seed, 0])
        for step in range(6):
            self._engine.advance(self._base, state, np.array([now - 86400 + step * FINE]), FINE, rng)
        return state

    def _healthy(self, scene: Scene, times: Floats, dt: float, kind: int) -> Row:
        rng = np.random.default_rng([self.seed, kind, int(times[0])])
        return self._engine.advance(scene, self._rest.resting(len(times)), times, dt, rng)

    def _replay(self, begin: Beginning) -> None:
        """Compute the fine rows before anything goes wrong, a stretch at a time between harmless changes.

        Random numbers are drawn for whole stretches of a fixed length, whatever part of one is used, so that
        what a case holds before its onset does not depend on what happens later.
        """
        self.agenda.run(self.time)
        stop = max(self.time, (begin.first_harm - WARM_UP) // FINE * FINE)
        marks = {stop, *np.arange(self.time, stop, STRETCH)}
        for change in begin.changes:
            if getattr(change, "reshapes", False):
                marks |= {m // FINE * FINE for m in (change.at, change.at + SETTLED) if self.time < m < stop}
        for mark in sorted(marks):
            self.agenda.run(mark)
            if mark > self.time:
                self._compute(self.time, mark)
            self.time = mark
        self._state = self._rest.resting(1)

    def _compute(self, start: float, end: float) -> None:
        """Compute the healthy rows of [start, end), which lies within one stretch."""
        first = start // STRETCH * STRETCH
        times = np.arange(first, first + STRETCH, FINE)
        row = self._healthy(self._scene(start, end), times, FINE, 2)
        kept = (times >= start) & (times < end)
        self.history.fine.extend(times[kept], {name: values[kept] for name, values in row.items()})

    # ---- what others do to it ----

    def put_alarm(self, config: AlarmConfig, at: float) -> None:
        """PutMetricAlarm."""
        if config.name in self.alarms:
            self.alarms[config.name].put(config, at)
        else:
            self.alarms[config.name] = AlarmState([replace(config, since=at)], at)

    def deploy(
        self, service: str, at: float, revision: int | None, desired: int | None, force: bool = False
    ) -> Deployment:
        """UpdateService, what is None stays."""
        state = self.fleet.services[service]
        wanted = state.primary.revision if revision is None else revision
        return self.fleet.update(service, at, wanted, state.desired if desired is None else desired, force)

    def reboot(self, database: str, at: float) -> None:
        """RebootDBInstance: sessions end with what they held; plans and storage stay as they were."""
        for part, figure in list(self.conditions.now):
            if part == database and figure.partition(" ")[0] in ("taken", "blocks"):
                self.conditions.turn(at, part, figure, 0.0)
        self.locked.pop(database, None)
        text = "DB instance restarted"
        self.happenings.append(Happening(at, "rds", database, text, ("availability",)))

    def take_back(self, event: str, resource: str, at: float) -> None:
        """Somebody undid the call of this name on this resource."""
        brought = self.undo.pop((event, resource), None)
        if brought is not None:
            self.conditions.turn(at, *brought, 0.0)

    def record(self, at: float, event: str, source: str, actor: Actor, **details: object) -> None:
        """Write a call into the trail."""
        name = digest(self.seed, "record", at, event, len(self.trail.records))
        self.trail.add(Record(at, name, event, source, actor, **details))  # pyright: ignore

    # ---- what readers ask ----

    def points(self, series: Series, start: float, end: float, period: int) -> Points:
        """A series by period."""
        return points(self.history, series, start, end, period)

    def transitions(self, alarm: AlarmState) -> list[Transition]:
        """An alarm's changes of state over the last hours; they can only change once a period."""
        key = (len(alarm.versions), (self.now - EVALUATED_AFTER) // alarm.config.period)
        known = self._moves.get(alarm.config.name)
        if known is None or known[0] != key:
            known = key, alarm.transitions(self._fetch, self.history.began + 600, self.now)
            self._moves[alarm.config.name] = known
        return known[1]

    def queue_counts(self, queue: str) -> tuple[int, int]:
        """Messages that are visible and in flight right now; a dead-letter queue holds what was given up."""
        visible = self._latest(queue, "visible")
        if queue not in self.application.queues:
            return int(self._latest(queue.removesuffix("-dead-letters"), "dead")), 0
        return int(visible), int(self._latest(self.application.consumer(queue), "in_flight") + 0.5)

    def _latest(self, part: str, field: str) -> float:
        values = self.history.fine.column((part, field))
        return 0.0 if values is None or not len(values) else float(values[-1])

    def _fetch(self, config: AlarmConfig, start: float, end: float) -> Points:
        series = self.series.get(config.key)
        if series is None:
            return points(self.history, next(iter(self.series.values())), 0, 0, config.period)
        return self.points(series, start, end, config.period)


def _balanced(application: Application) -> frozenset[str]:
    return frozenset(name for name, service in application.services.items() if not service.consumes)
