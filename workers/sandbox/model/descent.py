"""The way down: from demand at the entry to the load and the waiting line at every part."""

import numpy as np

from workers.sandbox.model.queueing import Floats, Line, advance_line, blocked
from workers.sandbox.model.requests import Step
from workers.sandbox.model.scene import Group
from workers.sandbox.model.spec import Application
from workers.sandbox.model.work import expected_calls

LISTEN_BACKLOG = 90
"""Requests that wait at one task before further ones are refused."""


class Descent:
    """Carries the load down from the entry, in requests a second."""

    def __init__(self, application: Application, step: Step) -> None:
        """Nothing has arrived anywhere yet."""
        self.application, self.step = application, step
        self.rates: dict[str, Floats] = {}
        self.work: dict[str, Floats] = {}
        self.lines: dict[tuple[str, int], Line] = {}
        self.arrivals: dict[tuple[str, int], Floats] = {}
        self.astray: dict[tuple[str, int], Floats] = {}
        """Requests that the balancer answers itself, and sends to no target."""
        self.loads: dict[tuple[str, int], Floats] = {}
        self.backlogs: dict[str, tuple[Floats, Floats]] = {}

    def load(self, entry: Floats, order: list[str]) -> None:
        scene, traffic = self.step.scene, self.application.traffic
        routes, mix = self.application.services[traffic.entry].routes, self.step.mix(traffic.entry)
        more = sum(mix(r.path, r.share) for r in routes) / sum(r.share for r in routes)
        self.rates[traffic.entry] = entry * more * scene.condition(traffic.entry, "demand", 1.0)
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
        consumes = self.application.services[name].consumes
        if consumes and not groups:
            self._consume(consumes, self.rate(name), np.zeros(self.step.rows))
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
            self.astray[key] = arrivals * self.step.scene.condition(name, "astray")
            reach = arrivals - self.astray[key]
            line = advance_line(before, reach, rate, group.tasks * LISTEN_BACKLOG, self.step.dt)
            if spec.runs_on == "lambda":
                # Nobody waits for a function: what finds all its concurrency taken is throttled.
                throttled = reach * blocked(reach * hold, group.tasks)
                line = Line(np.zeros(self.step.rows), rate, reach - throttled, throttled)
            line = line._replace(refused=line.refused + self.astray[key])
        if group.broken and not spec.consumes and spec.runs_on != "lambda":
            lost = line.served * group.broken
            line = line._replace(served=line.served - lost, refused=line.refused + lost)
        state.waiting[key] = line.waiting if not spec.consumes else np.zeros(self.step.rows)
        self.lines[key], self.arrivals[key] = line, arrivals
        self.loads[key] = line.served / max(cpu_rate, 1e-9)

    def _consume(self, queue: str, arrivals: Floats, rate: Floats) -> Line:
        """Read from a queue: the backlog is the line, and nobody is refused."""
        consumer = self.application.consumer(queue)
        stuck = 1 - (1 - self.step.scene.condition(consumer, "stuck")) * (
            1 - self.step.scene.condition(consumer, "limited")
        )
        before = self.step.state.backlog.get(queue, np.zeros(self.step.rows))
        line = advance_line(before, arrivals, rate * (1 - stuck), np.inf, self.step.dt)
        self.step.state.backlog[queue] = line.waiting
        self.backlogs[queue] = (line.waiting, line.served)
        return line

    def _queue(self, name: str) -> None:
        self.rates[self.application.consumer(name)] = self.rate(name)

    def _spread(self, name: str, group: Group) -> None:
        served = self.lines[(name, group.revision)].served
        expected = expected_calls(group, self.step.mix(name))
        before = self.step.state.expected.get((name, group.revision), expected)
        self.step.state.expected[(name, group.revision)] = expected
        for dependency, edge in group.behaviour.edges.items():
            made = self.step.state.made.get((name, group.revision, dependency))
            if made is None:
                made = expected[dependency]
            elif before[dependency] != expected[dependency]:
                # What was measured a step ago belongs to another mix of requests.
                made = made * expected[dependency] / max(before[dependency], 1e-9)
            self.rates[dependency] = self.rate(dependency) + served * made
            cost = self.step.scene.cost(name, dependency, edge)
            self.work[dependency] = self.work.get(dependency, 0.0) + served * made * cost
