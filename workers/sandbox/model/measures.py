"""What is written down about a step: counts, failures by revision and reason, latency, processors, memory."""

import numpy as np

from workers.sandbox.model.canary import visit
from workers.sandbox.model.demand import wobble
from workers.sandbox.model.descent import Descent
from workers.sandbox.model.histogram import tally
from workers.sandbox.model.queueing import Floats, Line
from workers.sandbox.model.requests import Step
from workers.sandbox.model.rows import Writer
from workers.sandbox.model.scene import Group
from workers.sandbox.model.spec import Application
from workers.sandbox.model.work import Work
from workers.sandbox.model.zones import Zones

RESERVED = 3
"""Connections that PostgreSQL keeps for its own people."""
CRASHES = ("raised", "killed", "overtime")
"""Why an invocation ends in an error of the function instead of an answer."""
_COUNTS = ("requests", "failed", "refused", "denied", "latency", "seconds")


class Measures:
    """Writes the columns of a row. `rare` is the share of failures too rare for samples, by part."""

    def __init__(self, application: Application, step: Step, descent: Descent, writer: Writer) -> None:
        """Everything is written to `writer`."""
        self.application, self.step, self.descent, self.writer = application, step, descent, writer
        self.rare: dict[str, float] = {}
        self._failing: dict[str, Floats] = {}
        self._zones = Zones(step, writer)

    def noise(self, size: float) -> Floats:
        """Factors around one."""
        return 1 + self.step.rng.normal(0, size, self.step.rows)

    def failing(self, service: str) -> Floats:
        """The share of a service's requests that failed in this step."""
        return np.clip(self._failing.get(service, np.zeros(self.step.rows)), 0, 1)

    def service(self, name: str, groups: tuple[Group, ...], done: list[Work]) -> None:
        """Write down a service's step, from what each group did."""
        spec, rng, dt = self.application.services[name], self.step.rng, self.step.dt
        counts, failed, refused, astray = (np.zeros(self.step.rows) for _ in range(4))
        by_group: list[tuple[Work, Floats]] = []
        for group, work in zip(groups, done, strict=True):
            self._rare(name, group)
            line = self.descent.lines[(name, group.revision)]
            served = rng.poisson(line.served * dt)
            by_group.append((work, served))
            counts += served
            lost = self.descent.astray.get((name, group.revision), 0.0)
            if np.any(lost):
                astray += rng.poisson(lost * dt)
            refused += rng.poisson(np.maximum(line.refused - lost, 0.0) * dt)
            failed += self._failures(name, group, work, served)
            self._latency(name, work, served)
            self._calls(name, group, work, line)
        if not groups:
            refused += rng.poisson(self.descent.rate(name) * dt) if not spec.consumes else 0
        denied = rng.binomial((counts - failed).astype(np.int64), spec.client_errors)
        self.writer.write(name, requests=counts + refused, failed=failed, refused=refused, denied=denied)
        self.writer.write(name, answered=counts - failed - denied, astray=astray)
        unhealthy = self.step.scene.condition(name, "unhealthy")
        if spec.runs_on == "lambda":
            self._invocations(name, groups, counts, failed, refused)
        heard = 1 - self.step.scene.condition(name, "silent")
        self.writer.write(name, heard=np.full(self.step.rows, heard))
        self.writer.write(name, unhealthy=np.full(self.step.rows, np.ceil(unhealthy)))
        self._failing[name] = failed / np.maximum(counts, 1)
        impaired = self.step.scene.condition(name, "impaired")
        self.writer.write(name, impaired=np.full(self.step.rows, impaired))
        self._zones.write(name, by_group, self._cut(name))
        self._processors(name, groups)

    def _invocations(
        self, name: str, groups: tuple[Group, ...], counts: Floats, failed: Floats, refused: Floats
    ) -> None:
        """What Lambda counts: invocations that ran, those that ended in the function's error, and throttles.

        What a function catches itself it answers, and Lambda knows nothing of it.
        """
        spec, step = self.application.services[name], self.step
        self.writer.write(name, invoked=counts)
        if not spec.consumes:
            kinds = [(name, "failed by", str(g.revision), reason) for g in groups for reason in CRASHES]
            found = [self.writer.row[kind] for kind in kinds if kind in self.writer.row]
            crashed = sum(found, np.zeros(step.rows))
            self.writer.write(name, crashed=crashed, caught=failed - crashed, throttled=refused)
            return
        self.writer.write(name, crashed=failed)
        short = sum(group.tasks for group in groups) < spec.tasks - 0.5
        if step.scene.condition(name, "limited") or short:
            waiting, sent = self.descent.backlogs[spec.consumes][0], self.descent.rate(spec.consumes)
            self.writer.write(name, throttled=step.rng.poisson(np.minimum(waiting, sent * 4) * step.dt / 10))

    def finish(self) -> None:
        """What only shows when all parts are done: cache hits and the balancers' sums."""
        for name, cache in self.application.caches.items():
            keeps = self.step.scene.condition(name, "keeps", 1.0)
            commands, missed = self.writer.read(name, "commands"), self.writer.read(name, "misses")
            misses = np.minimum(np.round(missed), commands)
            pressed = self.step.scene.condition(name, "evicts")
            memory = np.minimum((cache.memory_used + pressed) * 100 * self.noise(0.004), 99.8)
            evictions = (
                self.step.rng.poisson(commands * (1 - keeps) * 0.4) if pressed else np.zeros(self.step.rows)
            )
            self.writer.write(name, hits=commands - misses, misses=misses, memory=memory, evictions=evictions)
        for name, database in self.application.databases.items():
            if self.step.scene.condition(name, "taken"):
                places = np.full(self.step.rows, database.max_connections - RESERVED)
                self.writer.write(name, connections=places, turned=self._turned(name))
        for public in (True, False):
            self._balancer(public)
        visit(self.application, self.step, self.writer)

    def _turned(self, database: str) -> Floats:
        """Connections that a full database turned away: every pool tries again and again to fill itself."""
        callers = self.application.callers(database)
        tasks = sum(group.tasks for name in callers for group in self.step.scene.groups.get(name, ()))
        return self.step.rng.poisson(tasks * 0.12 * self.step.dt, self.step.rows)

    def _balancer(self, public: bool) -> None:
        part = f"balancer {self.application.name}-{'public' if public else 'internal'}"
        for name, service in self.application.services.items():
            if service.consumes or service.public != public:
                continue
            for field in _COUNTS:
                if (name, field) in self.writer.row:
                    self.writer.add((part, field), self.writer.row[(name, field)])
            for field in ("requests", "refused"):
                self.writer.add((part, field), self.writer.read(name, "astray"))
            for zone in self.step.scene.zones.get(name, ()):
                for field in (f"requests {zone}", f"failed {zone}"):
                    self.writer.add((part, field), self.writer.read(name, field))
            # An invocation that ends in an error has no answer: the balancer gives its own.
            self.writer.add((part, "refused"), self.writer.read(name, "crashed"))
            self.writer.add((part, "failed"), -self.writer.read(name, "crashed"))
            self.writer.least((part, "shortest"), self.writer.read(name, "shortest"))
            self.writer.most((part, "longest"), self.writer.read(name, "longest"))
        self.writer.write(part, connections=np.round(self.writer.read(part, "requests") * 0.31))

    def _rare(self, name: str, group: Group) -> None:
        """Failures too rare for samples: the service's own, and those of its callees that no retry covers."""
        rare = self.application.services[name].errors
        for dependency, edge in group.behaviour.edges.items():
            if dependency in self.rare and not edge.optional:
                calls = float(self.step.state.made[(name, group.revision, dependency)].mean())
                rare += self.rare[dependency] * calls * (0.02 if edge.retries else 1.0)
        self.rare[name] = rare

    def _failures(self, name: str, group: Group, work: Work, served: Floats) -> Floats:
        """Count failures by revision and reason; gives back their sum."""
        total = np.zeros(self.step.rows)
        codes = np.flatnonzero(np.bincount(work.reason.ravel())[1:]) + 1
        shares = {self.step.reasons.names[code]: (work.reason == code).mean(axis=1) for code in codes}
        shares["noise"] = np.full(self.step.rows, self.rare[name])
        for reason, share in shares.items():
            left = np.maximum(served - total, 0).astype(np.int64)
            count = self.step.rng.binomial(left, np.clip(share, 0, 1))
            self.writer.row[(name, "failed by", str(group.revision), reason)] = count
            total = total + count
        self.writer.row[(name, "served by", str(group.revision))] = served
        return total

    def _cut(self, name: str) -> Floats:
        """Failures of calls that were never answered, over all revisions."""
        columns = [c for c in self.writer.row if c[:2] == (name, "failed by") and c[3].startswith("cut ")]
        return sum((self.writer.row[column] for column in columns), np.zeros(self.step.rows))

    def _latency(self, name: str, work: Work, served: Floats) -> None:
        self.writer.add((name, "latency"), tally(work.seconds, served))
        self.writer.add((name, "seconds"), work.seconds.mean(axis=1, dtype=np.float64) * served)
        self.writer.least((name, "shortest"), work.seconds.min(axis=1))
        self.writer.most((name, "longest"), work.seconds.max(axis=1))

    def _calls(self, name: str, group: Group, work: Work, line: Line) -> None:
        for dependency, edge in group.behaviour.edges.items():
            if edge.pool is not None:
                self._pool(name, group, work, line, dependency, int(edge.pool))
            if edge.hits is not None:
                missed = work.missed.get(dependency, np.zeros(self.step.rows)) * line.served * self.step.dt
                self.writer.add((dependency, "misses"), missed)
                self.writer.add((dependency, "connections"), group.tasks * 3 + 0.0 * missed)

    def _pool(self, name: str, group: Group, work: Work, line: Line, database: str, size: int) -> None:
        """Open connections: some kept idle, more as they are used, never beyond the pool's size."""
        taken = work.taken.get(database, np.zeros(self.step.rows))
        used = line.served * taken * self.step.state.query.get((name, group.revision, database), 0.0)
        each = np.minimum(np.maximum(max(2.0, size * 0.25), used / max(group.tasks, 0.05) * 1.25 + 1), size)
        if group.behaviour.service.runs_on == "lambda":
            each = self._warm(name, group, line, size)
        each = np.minimum(each, size * (1 - self.step.scene.condition(database, "taken")))
        each = each * self.step.scene.arriving(name, database)
        self.writer.add((database, "connections"), group.tasks * each * self.noise(0.02))
        met = work.blocked.get(database)
        if met is not None:
            blocked = self.step.rng.poisson(met * line.served * self.step.dt)
            self.writer.add((database, "blocked", name), blocked)
        slow = work.lengthy.get(database)
        if slow is not None:
            self.writer.add(
                (database, "lengthy", name), self.step.rng.poisson(slow * line.served * self.step.dt)
            )

    def _warm(self, name: str, group: Group, line: Line, size: int) -> Floats:
        """Connections for each unit of concurrency: an environment that was used lately holds its own."""
        flight = line.served * self.step.state.hold[(name, group.revision)]
        return np.minimum(0.1 + flight / max(group.tasks, 0.05) * 1.3, 1.0) * size

    def _processors(self, name: str, groups: tuple[Group, ...]) -> None:
        busy = sum(self.descent.loads[(name, g.revision)] * g.tasks for g in groups)
        tasks = sum(g.tasks for g in groups)
        cpu = (busy / max(tasks, 1e-9) * 100 + 1.6) * self.noise(0.04)
        uneven = 1 + np.abs(self.step.rng.normal(0, 0.06, (2, self.step.rows)))
        self.writer.write(name, cpu=np.minimum(cpu, 100), tasks=np.full(self.step.rows, tasks))
        self.writer.write(name, cpu_most=np.minimum(cpu * uneven[0], 100), cpu_least=cpu / uneven[1])
        flight = sum(
            self.descent.lines[(name, g.revision)].served * self.step.state.hold[(name, g.revision)]
            for g in groups
        )
        if self.application.answers(name):
            # Whoever was throttled met all of them busy.
            full = self.writer.read(name, "throttled") > 0
            flight = np.where(full, np.ceil(tasks - 1e-6), np.minimum(flight, tasks))
        self.writer.write(name, in_flight=flight + np.zeros(self.step.rows))
        self._memory(name, groups, tasks)

    def _memory(self, name: str, groups: tuple[Group, ...], tasks: float) -> None:
        spec = self.application.services[name]
        breath = self.noise(0.004) * wobble(self.step.times, self.step.salt(name) + 5, 0.011)
        usual = (spec.resident_mb, spec.resident_mb * 0.97, spec.resident_mb * 1.04)
        figures = [group.memory_mb or usual for group in groups]
        shares = [group.tasks / max(tasks, 1e-9) for group in groups]
        average = sum(f[0] * s for f, s in zip(figures, shares, strict=True)) / spec.memory * 100
        least = min((f[1] for f in figures), default=0.0) / spec.memory * 100
        most = max((f[2] for f in figures), default=0.0) / spec.memory * 100
        self.writer.write(name, memory=np.minimum(average * breath, 100), memory_least=least * breath)
        self.writer.write(name, memory_most=np.minimum(most * breath, 100))
