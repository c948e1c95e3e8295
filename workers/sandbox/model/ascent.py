"""The way up: outcomes from the stores to the entry, each caller meeting what its callees did."""

from collections import deque

import numpy as np

from workers.sandbox.model import stores
from workers.sandbox.model.descent import Descent
from workers.sandbox.model.measures import Measures
from workers.sandbox.model.queueing import Floats, contention
from workers.sandbox.model.requests import Step
from workers.sandbox.model.rows import Row, Writer
from workers.sandbox.model.scene import Group
from workers.sandbox.model.spec import Application
from workers.sandbox.model.stores import ERROR, REFUSED, SAMPLES, Outcomes, outcomes
from workers.sandbox.model.work import Work


class Ascent:
    """Visits the parts callees first, leaves their outcomes for the callers and their figures in the row."""

    def __init__(self, application: Application, step: Step, descent: Descent) -> None:
        """Starts with the lines that the descent found."""
        self.application, self.step, self.descent = application, step, descent
        self.writer = Writer(step.rows)
        self.measures = Measures(application, step, descent, self.writer)

    def visit(self, part: str) -> None:
        """Compute one part; everything it calls was visited before."""
        getattr(self, f"_{self.application.kind(part)}")(part)

    def finish(self) -> Row:
        """The row, with what only shows when all parts are done."""
        self.measures.finish()
        return self.writer.row

    def _database(self, name: str) -> None:
        spec, step = self.application.databases[name], self.step
        callers = [(s, g) for s in self.application.callers(name) for g in step.scene.groups.get(s, ())]
        edges = [(s, g.tasks, g.behaviour.edges[name]) for s, g in callers]
        places = np.zeros(step.rows)
        for service, tasks, edge in edges:
            places = places + tasks * int(edge.pool or 0) * step.scene.cost(service, name, edge)
        before = step.state.statements.get(name, np.zeros(step.rows))
        work = self.descent.work.get(name, np.zeros(step.rows))
        job = step.scene.job(name, step.times)
        busy = 0.02 + job
        step.outcomes[name], load = stores.database(spec, step.rng, work, before, places, busy, step.dt)
        step.state.statements[name] = load.waiting
        cpu = np.minimum(load.cpu * 100 * self.measures.noise(0.03), 100)
        self.writer.write(name, rate=self.descent.rate(name), work=work * self.measures.noise(0.04), cpu=cpu)
        usual = spec.storage_gb - spec.used_gb
        self.writer.write(name, job=job, free=step.scene.free(name, step.times, usual))

    def _cache(self, name: str) -> None:
        rate = self.descent.rate(name)
        self.step.outcomes[name], load = stores.cache(self.application.caches[name], self.step.rng, rate)
        commands = self.step.rng.poisson(rate * self.step.dt)
        cpu = (load.cpu * 100 + 1.2) * self.measures.noise(0.05)
        self.writer.write(name, rate=rate, commands=commands, cpu=cpu)

    def _external(self, name: str) -> None:
        scene, spec = self.step.scene, self.application.externals[name]
        slow, errors = scene.condition(name, "slow", 1.0), scene.condition(name, "errors")
        hangs = scene.condition(name, "hangs")
        self.measures.rare[name] = spec.errors
        self.step.outcomes[name] = stores.external(spec, self.step.rng, self.step.rows, slow, errors, hangs)

    def _queue(self, name: str) -> None:
        rng, dt = self.step.rng, self.step.dt
        self.step.outcomes[name] = stores.queue(rng, self.step.rows)
        waiting, read = self.descent.backlogs[name]
        received = rng.poisson(read * dt)
        deleted = received - rng.binomial(received, self.measures.failing(self.application.consumer(name)))
        sent = rng.poisson(self.descent.rate(name) * dt)
        self.writer.write(name, sent=sent, received=received, deleted=deleted)
        visible = waiting + rng.poisson(self.descent.rate(name) * 0.05)
        self.writer.write(name, visible=visible, age=self._age(name, waiting))

    def _age(self, queue: str, waiting: Floats) -> Floats:
        """Seconds that the oldest message has waited; in good order it is read within a second or two."""
        if self.step.rows > 1:
            return self.step.rng.random(self.step.rows) * 2
        stored = self.step.state.stored.setdefault(queue, deque())
        now, arrived = float(self.step.times[0]), float(self.descent.rate(queue)[0]) * self.step.dt
        stored.append((now, arrived))
        surplus = sum(messages for _, messages in stored) - float(waiting[0])
        while stored and surplus >= stored[0][1]:
            surplus -= stored.popleft()[1]
        if not stored or waiting[0] < 1:
            return self.step.rng.random(1) * 2
        return np.array([now + self.step.dt - stored[0][0]])

    def _service(self, name: str) -> None:
        groups = self.step.scene.groups.get(name, ())
        done = [self._group(name, group) for group in groups]
        weights = [float(self.descent.arrivals[(name, g.revision)].mean()) for g in groups]
        self.step.outcomes[name] = _mixed([seen for seen, _ in done], weights, self.step)
        self.measures.service(name, groups, [work for _, work in done])

    def _group(self, name: str, group: Group) -> tuple[Outcomes, Work]:
        key, step = (name, group.revision), self.step
        line = self.descent.lines[key]
        hold = step.state.hold.get(key, np.full(step.rows, group.behaviour.service.own_ms / 500))
        work = step.perform(name, group, line.served, contention(self.descent.loads[key]))
        failed = np.where(work.reason > 0, ERROR, 0).astype(np.int8)
        if group.behaviour.service.consumes:
            return outcomes(work.seconds, failed), work
        if group.behaviour.service.runs_on != "lambda":
            places = max(group.tasks * group.behaviour.workers, 0.5)
            rate = np.maximum(line.rate, 1e-9)
            # Without a task there is nobody to wait for: the balancer refuses at once.
            queued = np.minimum(line.waiting / rate, 60.0) if group.tasks > 0 else np.zeros(step.rows)
            work.seconds = work.seconds + step.waits(queued, line.served / rate, places, hold)
        if not line.refused.any():
            return outcomes(work.seconds, failed), work
        refused = np.minimum(line.refused / np.maximum(self.descent.arrivals[key], 1e-9), 1.0)
        turned = stores.chance(step.rng, step.rows) < refused[:, None]
        failed = np.where(turned, REFUSED, failed).astype(np.int8)
        return Outcomes(np.where(turned, np.float32(0.004), work.seconds), failed), work


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
