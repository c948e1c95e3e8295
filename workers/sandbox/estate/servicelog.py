"""What a service writes in its log during one row: requests, failures, noise, its tasks' lives."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workers.sandbox.estate.memory import KILLED
from workers.sandbox.estate.names import ZONES, digest, number
from workers.sandbox.estate.tasks import Task
from workers.sandbox.estate.wording import Voice, wording
from workers.sandbox.estate.world import World
from workers.sandbox.model.histogram import EDGES
from workers.sandbox.model.spec import Route
from workers.sandbox.model.table import Table

REQUESTS_PER_SECOND, FAILURES_PER_SECOND = 1.0, 60.0
"""Requests are logged by sample, about so many a second whatever the traffic; failures nearly all."""
CUT_OFF = frozenset({"overtime", "killed"})
"""Ends of an invocation that only Lambda can tell of."""
DENIED, ANSWERED = (404, 400, 422, 401), (200, 200, 200, 304)
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130.0 Mobile",
)


@dataclass(frozen=True, order=True, slots=True)
class Line:
    """One log event: milliseconds since the epoch, stream and message."""

    at: int
    stream: str
    message: str


class ServiceRow:
    """The lines of one service in one row of telemetry; `rng` depends on nothing but the row."""

    sampled, told = REQUESTS_PER_SECOND, FAILURES_PER_SECOND

    def __init__(
        self, world: World, service: str, table: Table, index: int, rng: np.random.Generator
    ) -> None:
        """Reads the row `index` of `table`."""
        self.world, self.service, self.rng = world, service, rng
        self.table, self.index = table, index
        self.at, self.length = float(table.times[index]), table.seconds
        self.voice = Voice(world.application, service)
        self.spec = world.application.services[service]
        self._there: dict[tuple[int, bool], list[str]] = {}

    def lines(self) -> Iterator[Line]:
        """All of them, in no particular order; none of tasks that no longer send any."""
        if not self._value("heard"):
            return
        yield from self._noise()
        yield from self._lifecycle()
        yield from self._stalls()
        yield from self._turned_away()
        for revision, served in self._by_revision():
            yield from self._requests(revision, served)
            yield from self._failures(revision)

    def _value(self, *column: str) -> float:
        values = self.table.column((self.service, *column))
        return 0.0 if values is None else float(values[self.index])

    def _by_revision(self) -> list[tuple[int, float]]:
        names = [c for c in self.table.columns if c[0] == self.service and c[1] == "served by"]
        found = [(int(name[2]), self._value(*name[1:])) for name in names]
        return [(revision, served) for revision, served in found if served > 0]

    # ---- requests ----

    def _requests(self, revision: int, served: float) -> Iterator[Line]:
        expected = min(self.sampled * self.length, served)
        count = int(min(served, self.rng.poisson(expected)))
        if not count:
            return
        seconds = self._latencies(count)
        routes = self.rng.choice(len(self.spec.routes), size=count, p=self._mix(self.spec.routes))
        denied = self.rng.random(count) < self.spec.client_errors
        for nth in range(count):
            at, route = self._moment(), self.spec.routes[routes[nth]]
            status = (DENIED if denied[nth] else ANSWERED)[int(self.rng.integers(4))]
            yield from self._request(at, revision, route, status, float(seconds[nth]))

    def _request(self, at: float, revision: int, route: Route, status: int, seconds: float) -> Iterator[Line]:
        request, took = self._id(at), round(seconds * 1000, 1)
        if self.spec.consumes:
            text = self.voice.line(
                at, "INFO", f"processed {route.path}", "worker", message_id=request, took_ms=took
            )
        else:
            path = route.path.replace("{id}", str(10000 + int(self.rng.integers(89999))))
            fields = {"status": status, "duration_ms": took, "request_id": request}
            if self.spec.public:
                fields["user_agent"] = self._agent(route)
            text = self.voice.line(at, "INFO", path, "access", **fields)
        yield self._line(at, revision, text)

    def _agent(self, route: Route) -> str:
        """Who asked: what comes on top of the usual demand comes from one program."""
        surge = self.world.conditions.at(self.service, f"route {route.path}", self.at, 1.0)
        agent = self.world.agents.get(route.path)
        if agent and self.rng.random() > 1 / max(surge, 1.0):
            return agent
        return AGENTS[int(self.rng.integers(len(AGENTS)))]

    def _mix(self, routes: list[Route]) -> np.ndarray:
        turned = self.world.conditions.at
        shares = [r.share * turned(self.service, f"route {r.path}", self.at, 1.0) for r in routes]
        return np.array(shares) / sum(shares)

    def _latencies(self, count: int) -> np.ndarray:
        histogram = self.table.column((self.service, "latency"))
        if histogram is None or not histogram[self.index].any():
            return np.full(count, 0.01)
        below = np.cumsum(histogram[self.index], dtype=np.float64)
        bins = np.searchsorted(below, self.rng.random(count) * below[-1])
        return EDGES[bins] * (EDGES[1] / EDGES[0]) ** self.rng.random(count)

    # ---- failures ----

    def _failures(self, revision: int) -> Iterator[Line]:
        for column in self.table.columns:
            if column[:3] != (self.service, "failed by", str(revision)) or column[3] in CUT_OFF:
                continue
            count = int(min(self._value(*column[1:]), self.told * self.length))
            for _ in range(count):
                at = self._moment()
                text = self._failure(at, revision, column[3])
                yield self._line(at, revision, text, column[3].startswith("cut "))

    def _failure(self, at: float, revision: int, reason: str) -> str:
        request, behaviour = self._id(at), self.world.revisions.behaviour(self.service, revision)
        if reason == "noise":
            text = "Request aborted: connection reset by peer"
            return self.voice.line(at, "ERROR", text, "http", request_id=request)
        if reason == "raised":
            only = behaviour.code.routes
            routes = [r for r in self.spec.routes if not only or r.path in only]
            language, _, nth = behaviour.code.exception.partition(":")
            fault = wording()[language]["faults"][int(nth)]
            return self.voice.exception(at, fault, self._path(routes), request)
        part = reason.partition(" ")[2]
        using = [r for r in self.spec.routes if part in r.calls] or self.spec.routes
        since = self.world.conditions.since(self.service, reason) or at
        return self.voice.failure(at, reason, behaviour.edges.get(part), self._path(using), request, since)

    def _path(self, routes: list[Route]) -> str:
        return routes[int(self.rng.choice(len(routes), p=self._mix(routes)))].path

    # ---- the rest ----

    def _noise(self) -> Iterator[Line]:
        revisions = self._by_revision()
        for words in self.voice.words["noise"] if revisions else ():
            for _ in range(self.rng.poisson(words["per_minute"] * self.length / 60)):
                at = self._moment()
                yield self._line(at, revisions[0][0], self.voice.line(at, words["level"], words["text"]))

    def _lifecycle(self) -> Iterator[Line]:
        end = self.at + self.length
        for task in self.world.fleet.services[self.service].tasks:
            stream = self.stream(task.id)
            if task.flaw:
                yield from self._stillborn(task, stream)
            elif self.at <= task.started < end:
                text = self.voice.words["started"].format(Service=self.service.capitalize())
                yield Line(int(task.started * 1000), stream, self.voice.line(task.started, "INFO", text))
            if task.stopping is not None and self.at <= task.stopping < end:
                yield from self._last_words(task.stopping, stream, task.exit_code)
            if task.leaked_kb and task.started < end and (task.stopped is None or task.stopped > self.at):
                yield from self._pressure(stream)

    def _stillborn(self, task: Task, stream: str) -> Iterator[Line]:
        """Why a task that never serves does not: once at its end, or at every check of its health."""
        first = task.started + (6.0 if task.flaw == "exit" else 2.0)
        times = [first] if task.flaw == "exit" else [first + 10 * nth for nth in range(4)]
        level = "FATAL" if task.flaw == "exit" else "ERROR"
        for at in times:
            if self.at <= at < self.at + self.length and (task.stopping is None or at < task.stopping):
                text = self.voice.line(at, level, self.voice.words[task.flaw], "runtime")
                yield Line(int(at * 1000), stream, text)

    def _last_words(self, at: float, stream: str, exit_code: int | None) -> Iterator[Line]:
        key, level = ("memory", "ERROR") if exit_code == KILLED else ("stopping", "INFO")
        text = self.voice.words[key].format(pid=12 + number(30, stream))
        yield Line(int(at * 1000), stream, self.voice.line(at, level, text, "runtime"))

    def _pressure(self, stream: str) -> Iterator[Line]:
        """Warnings of a memory that is nearly full."""
        most = self._value("memory_most")
        if most < 84 or self.rng.random() > 0.02 * self.length:
            return
        at, used = self._moment(), int(most / 100 * self.spec.memory)
        pause = int(120 + 60 * self.rng.random() * (most - 80))
        text = self.voice.words["pressure"].format(ms=pause, mb=used)
        yield Line(int(at * 1000), stream, self.voice.line(at, "WARN", text, "runtime"))

    def _stalls(self) -> Iterator[Line]:
        """Warnings of tasks that are slow for a reason of their own."""
        since = self.world.conditions.since(self.service, "slowed") or 0.0
        added = self.world.conditions.at(self.service, "slowed", self.at) * self.spec.own_ms
        tasks, end = self.world.fleet.services[self.service].tasks, self.at + self.length
        there = [t.id for t in tasks if t.created < since and t.present(self.at, end) > 0] if added else []
        for _ in range(self.rng.poisson(0.3 * self.length) if there else 0):
            at, pause = self._moment(), int(added * (0.6 + 0.8 * self.rng.random()))
            text = self.voice.words["stalled"].format(ms=pause, waiting=2 + int(self.rng.integers(20)))
            stream = self.stream(there[int(self.rng.integers(len(there)))])
            yield Line(int(at * 1000), stream, self.voice.line(at, "WARN", text, "runtime"))

    def _turned_away(self) -> Iterator[Line]:
        """What a database without a free connection answers to a pool that wants to fill itself."""
        for part in self.spec.edges:
            if self.world.conditions.at(part, "taken", self.at):
                for revision, _ in self._by_revision():
                    for _ in range(self.rng.poisson(0.12 * self.spec.tasks * self.length)):
                        at, text = self._moment(), wording()["turned"].format(part=part)
                        yield self._line(at, revision, self.voice.line(at, "ERROR", text, "pool"))

    def _moment(self) -> float:
        return self.at + self.length * float(self.rng.random())

    def _id(self, at: float) -> str:
        return digest(self.world.seed, self.service, at)[:16]

    def _line(self, at: float, revision: int, text: str, cut: bool = False) -> Line:
        return Line(int(at * 1000), self.stream(self._task(revision, cut)), text)

    def _task(self, revision: int, cut: bool) -> str:
        """A task of the revision that was running then, in the zone that is cut off if it has to be.

        Those of long ago only have names.
        """
        if (revision, cut) not in self._there:
            self._there[revision, cut] = self._running(revision, cut)
        tasks = self._there[revision, cut]
        return tasks[int(self.rng.random() * len(tasks))]

    def _running(self, revision: int, cut: bool) -> list[str]:
        tasks, end = self.world.fleet.services[self.service].tasks, self.at + self.length
        zones = {zone for zone, _ in self.world.cut_off(self.service)} if cut else set(ZONES)
        mine = [t for t in tasks if t.revision == revision and t.zone in zones]
        there = [t.id for t in mine if t.present(self.at, end) > 0]
        earlier = (
            digest(self.world.seed, self.service, "earlier", nth)[:32] for nth in range(self.spec.tasks)
        )
        return there or list(earlier)

    def stream(self, task: str) -> str:
        """The log stream of a task."""
        return f"{self.service}/{self.service}/{task}"
