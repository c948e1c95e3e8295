"""The engine: moves an application through steps of time and leaves a row of telemetry behind for each.

A step goes down the graph with the load (who calls whom how often, from what the last step measured) and back up
with samples of the outcomes. Steps in which nothing changes may be computed together, one row each.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.random import Generator

from workers.sandbox.model import stores
from workers.sandbox.model.demand import demand
from workers.sandbox.model.histogram import tally
from workers.sandbox.model.queueing import Floats, Line, advance_line, contention
from workers.sandbox.model.requests import Reasons, Step, Work, expected_calls
from workers.sandbox.model.scene import Group, Scene, State
from workers.sandbox.model.spec import Application
from workers.sandbox.model.stores import ERROR, REFUSED, SAMPLES, Outcomes, outcomes

LISTEN_BACKLOG = 90
"""Requests that wait at one task before further ones are refused."""

Column = tuple[str, ...]
Row = dict[Column, np.ndarray]


class Engine:
    """Computes steps of one application. Everything random comes from the generator it is handed."""

    def __init__(self, application: Application, seed: int) -> None:
        """The seed gives the slow drift of demand; noise comes with each step."""
        self.application = application
        self.reasons = Reasons()
        self._seed = seed
        self._order = _callers_first(application)

    def advance(self, scene: Scene, state: State, times: Floats, dt: float, rng: Generator) -> Row:
        """Compute the steps that start at `times`, each `dt` seconds long, changing `state` to what follows."""
        step = Step(rng, len(times), dt, scene, state, self.reasons)
        descent = _Descent(self.application, step, times)
        descent.load(demand(self.application.traffic, times, self._seed), self._order)
        ascent = _Ascent(self.application, step, descent)
        for part in reversed(self._order):
            ascent.visit(part)
        return ascent.row


class _Descent:
    """Carries the load down from the entry: requests a second at each part, and the lines in front of them."""

    def __init__(self, application: Application, step: Step, times: Floats) -> None:
        self.application, self.step, self.times = application, step, times
        self.rates: dict[str, Floats] = {}
        self.work: dict[str, Floats] = {}
        self.lines: dict[tuple[str, int], Line] = {}
        self.arrivals: dict[tuple[str, int], Floats] = {}
        self.loads: dict[tuple[str, int], Floats] = {}
        self.backlogs: dict[str, tuple[Floats, Floats]] = {}

    def load(self, entry: Floats, order: list[str]) -> None:
        scene, traffic = self.step.scene, self.application.traffic
        routes = self.application.services[traffic.entry].routes
        mix = sum(r.share * scene.condition(traffic.entry, f"route {r.path}", 1.0) for r in routes)
        mix /= sum(r.share for r in routes)
        self.rates[traffic.entry] = entry * mix * scene.condition(traffic.entry, "demand", 1.0)
        for part in order:
            kind = self.application.kind(part)
            if kind == "service":
                self._service(part)
            elif kind == "queue":
                self._queue(part)

    def rate(self, part: str) -> Floats:
        return self.rates.get(part, np.zeros(self.step.rows))

    def _service(self, name: str) -> None:
        groups = self.step.scene.groups.get(name, ())
        total = sum(group.tasks for group in groups)
        for group in groups:
            share = group.tasks / total if total > 0 else 1 / len(groups)
            self._admit(name, group, self.rate(name) * share)
            self._spread(name, group)

    def _admit(self, name: str, group: Group, arrivals: Floats) -> None:
        key, behaviour, state = (name, group.revision), group.behaviour, self.step.state
        spec = behaviour.service
        hold = state.hold.get(key, np.full(self.step.rows, spec.own_ms / 500))
        cpu_rate = group.tasks * spec.cpu / 1024 / (spec.cpu_ms / 1000 * behaviour.code.burns)
        rate = np.minimum(group.tasks * behaviour.workers / hold, cpu_rate)
        before = state.waiting.get(key, np.zeros(self.step.rows))
        if spec.consumes:
            line = self._consume(spec.consumes, arrivals, rate)
        else:
            line = advance_line(before, arrivals, rate, group.tasks * LISTEN_BACKLOG, self.step.dt)
        state.waiting[key] = line.waiting if not spec.consumes else np.zeros(self.step.rows)
        self.lines[key], self.arrivals[key] = line, arrivals
        self.loads[key] = line.served / max(cpu_rate, 1e-9)

    def _consume(self, queue: str, arrivals: Floats, rate: Floats) -> Line:
        """Read from a queue: the backlog is the line, and nobody is refused."""
        stuck = self.step.scene.condition(self.application.consumer(queue), "stuck")
        before = self.step.state.backlog.get(queue, np.zeros(self.step.rows))
        line = advance_line(before, arrivals, rate * (1 - stuck), np.inf, self.step.dt)
        self.step.state.backlog[queue] = line.waiting
        self.backlogs[queue] = (line.waiting, line.served)
        return line

    def _queue(self, name: str) -> None:
        self.rates[self.application.consumer(name)] = self.rate(name)

    def _spread(self, name: str, group: Group) -> None:
        served = self.lines[(name, group.revision)].served
        for dependency, edge in group.behaviour.edges.items():
            made = self.step.state.made.get((name, group.revision, dependency))
            if made is None:
                made = expected_calls(group)[dependency]
            self.rates[dependency] = self.rate(dependency) + served * made
            self.work[dependency] = self.work.get(dependency, 0.0) + served * made * edge.cost


class _Ascent:
    """Carries the outcomes up from the stores to the entry, and writes the row."""

    def __init__(self, application: Application, step: Step, descent: _Descent) -> None:
        self.application, self.step, self.descent = application, step, descent
        self.row: Row = {}
        self._rare: dict[str, float] = {}
        self._misses: dict[str, Floats] = {}
        self._connections: dict[str, Floats] = {}

    def visit(self, part: str) -> None:
        getattr(self, f"_{self.application.kind(part)}")(part)

    # ---- stores ----

    def _database(self, name: str) -> None:
        spec, step = self.application.databases[name], self.step
        callers = [g for s in self.application.callers(name) for g in step.scene.groups.get(s, ())]
        places = sum(g.tasks * int(g.behaviour.edges[name].pool or 0) for g in callers)
        before = step.state.statements.get(name, np.zeros(step.rows))
        work = self.descent.work.get(name, np.zeros(step.rows))
        busy = 0.02 + step.scene.condition(name, "busy")
        made, load = stores.database(spec, step.rng, work, before, places, busy, step.dt)
        step.state.statements[name] = load.waiting
        step.outcomes[name] = made
        rate = self.descent.rate(name)
        self._write(name, rate=rate, statements=step.rng.poisson(rate * step.dt), work=work)
        self._write(name, cpu=load.cpu * 100 * self._noise(0.03), seconds=made.seconds.mean(axis=1))

    def _cache(self, name: str) -> None:
        rate = self.descent.rate(name)
        self.step.outcomes[name], load = stores.cache(self.application.caches[name], self.step.rng, rate)
        commands = self.step.rng.poisson(rate * self.step.dt)
        self._write(name, rate=rate, commands=commands, cpu=(load.cpu * 100 + 1.2) * self._noise(0.05))

    def _external(self, name: str) -> None:
        scene, spec = self.step.scene, self.application.externals[name]
        slow, errors = scene.condition(name, "slow", 1.0), scene.condition(name, "errors")
        hangs = scene.condition(name, "hangs")
        self._rare[name] = spec.errors
        self.step.outcomes[name] = stores.external(spec, self.step.rng, self.step.rows, slow, errors, hangs)

    def _queue(self, name: str) -> None:
        self.step.outcomes[name] = stores.queue(self.step.rng, self.step.rows)
        sent = self.step.rng.poisson(self.descent.rate(name) * self.step.dt)
        waiting, read = self.descent.backlogs[name]
        read = self.step.rng.poisson(read * self.step.dt)
        self._write(name, sent=sent, received=read, visible=waiting, age=self._age(name, waiting))

    def _age(self, queue: str, waiting: Floats) -> Floats:
        """Seconds that the oldest message has waited; a queue in good order is read within a second or two."""
        if self.step.rows > 1:
            return self.step.rng.random(self.step.rows) * 2
        stored = self.step.state.stored.setdefault(queue, deque())
        now, arrived = float(self.descent.times[0]), float(self.descent.rate(queue)[0]) * self.step.dt
        stored.append((now, arrived))
        surplus = sum(messages for _, messages in stored) - float(waiting[0])
        while stored and surplus >= stored[0][1]:
            surplus -= stored.popleft()[1]
        return np.array([now + self.step.dt - stored[0][0] if stored else self.step.rng.random() * 2])

    # ---- services ----

    def _service(self, name: str) -> None:
        groups = self.step.scene.groups.get(name, ())
        done = [self._group(name, group) for group in groups]
        self._rare[name] = self._rare_failures(name, groups)
        parts = [seen for seen, _ in done]
        weights = [float(self.descent.arrivals[(name, g.revision)].mean()) for g in groups]
        self.step.outcomes[name] = _mixed(parts, weights, self.step)
        self._measure(name, groups, [work for _, work in done])

    def _group(self, name: str, group: Group) -> tuple[Outcomes, Work]:
        key, step = (name, group.revision), self.step
        line = self.descent.lines[key]
        hold = step.state.hold.get(key, np.full(step.rows, group.behaviour.service.own_ms / 500))
        work = step.perform(name, group, line.served, contention(self.descent.loads[key]))
        failed = np.where(work.reason > 0, ERROR, 0).astype(np.int8)
        if group.behaviour.service.consumes:
            return outcomes(work.seconds, failed), work
        places = max(group.tasks * group.behaviour.workers, 0.5)
        rate = np.maximum(line.rate, 1e-9)
        # Without a task there is nobody to wait for: the balancer refuses at once.
        queued = np.minimum(line.waiting / rate, 60.0) if group.tasks > 0 else np.zeros(step.rows)
        work.seconds = work.seconds + step.waits(queued, line.served / rate, places, hold)
        if not line.refused.any():
            return outcomes(work.seconds, failed), work
        refused = line.refused / np.maximum(self.descent.arrivals[key], 1e-9)
        turned = stores.chance(step.rng, step.rows) < refused[:, None]
        failed = np.where(turned, REFUSED, failed).astype(np.int8)
        return Outcomes(np.where(turned, np.float32(0.004), work.seconds), failed), work

    def _rare_failures(self, name: str, groups: tuple[Group, ...]) -> float:
        """Failures too rare for samples: the service's own, and those of its callees that no retry covers."""
        rare = self.application.services[name].errors
        for group in groups[-1:]:
            for dependency, edge in group.behaviour.edges.items():
                if dependency in self._rare:
                    calls = float(self.step.state.made[(name, group.revision, dependency)].mean())
                    rare += self._rare[dependency] * calls * (0.02 if edge.retries else 1.0)
        return rare

    def _measure(self, name: str, groups: tuple[Group, ...], done: list[Work]) -> None:
        spec, rng, dt = self.application.services[name], self.step.rng, self.step.dt
        counts = np.zeros(self.step.rows)
        failed, refused = np.zeros(self.step.rows), np.zeros(self.step.rows)
        for group, work in zip(groups, done, strict=True):
            line = self.descent.lines[(name, group.revision)]
            served = rng.poisson(line.served * dt)
            counts += served
            refused += rng.poisson(line.refused * dt)
            failed += self._failures(name, group, work, served)
            self._latency(name, work, served)
            self._calls(name, group, work, line)
        self._write(name, requests=counts + refused, failed=failed, refused=refused)
        self._write(name, denied=rng.binomial(counts.astype(np.int64), spec.client_errors))
        self._processors(name, groups)

    def _failures(self, name: str, group: Group, work: Work, served: Floats) -> Floats:
        """Count failures by revision and reason; gives back their sum."""
        rows, total = self.step.rows, np.zeros(self.step.rows)
        codes = np.flatnonzero(np.bincount(work.reason.ravel())[1:]) + 1
        shares = {self.reasons[code]: (work.reason == code).mean(axis=1) for code in codes}
        shares["noise"] = np.full(rows, self._rare[name])
        for reason, share in shares.items():
            count = self.step.rng.binomial(served.astype(np.int64), np.clip(share, 0, 1))
            self.row[(name, "failed", str(group.revision), reason)] = count
            total = total + count
        self._write(name, **{f"served {group.revision}": served})
        return np.minimum(total, served)

    @property
    def reasons(self) -> list[str]:
        return self.step.reasons.names

    def _latency(self, name: str, work: Work, served: Floats) -> None:
        self._add((name, "latency"), tally(work.seconds, served))
        self._add((name, "seconds"), work.seconds.mean(axis=1, dtype=np.float64) * served)
        shortest, longest = work.seconds.min(axis=1), work.seconds.max(axis=1)
        self.row[(name, "shortest")] = np.minimum(self.row.get((name, "shortest"), shortest), shortest)
        self.row[(name, "longest")] = np.maximum(self.row.get((name, "longest"), longest), longest)

    def _calls(self, name: str, group: Group, work: Work, line: Line) -> None:
        for dependency, edge in group.behaviour.edges.items():
            key = (name, group.revision, dependency)
            if edge.pool is not None:
                taken = work.taken.get(dependency, np.zeros(self.step.rows))
                used = line.served * taken * self.step.state.query.get(key, np.zeros(self.step.rows))
                open_ = _connections(group.tasks, int(edge.pool), used)
                self._add((dependency, "connections"), open_)
                met = work.blocked.get(dependency)
                if met is not None:
                    self._add((dependency, "blocked", name), met * line.served * self.step.dt)
            if edge.hit_ratio is not None:
                missed = work.missed.get(dependency, np.zeros(self.step.rows)) * line.served * self.step.dt
                self._add((dependency, "misses"), missed)

    def _processors(self, name: str, groups: tuple[Group, ...]) -> None:
        busy = sum(self.descent.loads[(name, g.revision)] * g.tasks for g in groups)
        tasks = sum(g.tasks for g in groups)
        cpu = (busy / max(tasks, 1e-9) * 100 + 1.6) * self._noise(0.04)
        uneven = 1 + np.abs(self.step.rng.normal(0, 0.06, (2, self.step.rows)))
        self._write(name, cpu=np.minimum(cpu, 100), tasks=np.full(self.step.rows, tasks))
        self._write(name, cpu_most=np.minimum(cpu * uneven[0], 100), cpu_least=cpu / uneven[1])
        self._memory(name, groups, tasks)

    def _memory(self, name: str, groups: tuple[Group, ...], tasks: float) -> None:
        spec = self.application.services[name]
        breath = self._noise(0.008)
        figures = [g.memory_mb or (spec.resident_mb, spec.resident_mb * 0.97, spec.resident_mb * 1.04) for g in groups]
        share = [g.tasks / max(tasks, 1e-9) for g in groups]
        average = sum(f[0] * s for f, s in zip(figures, share, strict=True)) / spec.memory * 100
        least = min((f[1] for f in figures), default=0.0) / spec.memory * 100
        most = max((f[2] for f in figures), default=0.0) / spec.memory * 100
        self._write(name, memory=np.minimum(average * breath, 100), memory_least=least * breath)
        self._write(name, memory_most=np.minimum(most * breath, 100))

    # ---- writing ----

    def _noise(self, size: float) -> Floats:
        return 1 + self.step.rng.normal(0, size, self.step.rows)

    def _write(self, part: str, **values: object) -> None:
        for name, value in values.items():
            self.row[(part, name)] = np.asarray(value)

    def _add(self, column: Column, value: np.ndarray) -> None:
        self.row[column] = self.row.get(column, 0.0) + value


def _connections(tasks: float, pool: int, used: Floats) -> Floats:
    """Open connections of a pool: some kept idle, more as they are used, never beyond its size."""
    idle = max(2.0, pool * 0.25)
    return tasks * np.minimum(np.maximum(idle, used / max(tasks, 0.05) * 1.25 + 1), pool)


def _mixed(parts: list[Outcomes], weights: list[float], step: Step) -> Outcomes:
    """The outcomes a caller meets when its calls are spread over groups."""
    if not parts:
        shape = (step.rows, SAMPLES)
        return Outcomes(np.full(shape, 0.004, np.float32), np.full(shape, REFUSED, np.int8))
    if len(parts) == 1 or sum(weights) <= 0:
        return parts[0]
    chosen = step.rng.choice(len(parts), size=SAMPLES, p=np.array(weights) / sum(weights))
    none = np.zeros(parts[0].seconds.shape, np.int8)
    seconds = np.stack([part.seconds for part in parts])[chosen, :, np.arange(SAMPLES)].T
    failures = [none if part.failed is None else part.failed for part in parts]
    return outcomes(seconds, np.stack(failures)[chosen, :, np.arange(SAMPLES)].T)


def _callers_first(application: Application) -> list[str]:
    """Every part after all that send it work."""
    below: Mapping[str, list[str]] = {
        **{name: list(service.edges) for name, service in application.services.items()},
        **{name: [application.consumer(name)] for name in application.queues},
    }
    done: list[str] = []

    def visit(part: str) -> None:
        if part not in done:
            for callee in below.get(part, []):
                visit(callee)
            done.append(part)

    for part in below:
        visit(part)
    return done[::-1]
