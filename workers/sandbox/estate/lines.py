"""Log lines: computed from the rows of telemetry, so that what the logs say is what the metrics count."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workers.sandbox.estate.databaselog import database_lines
from workers.sandbox.estate.names import digest, number
from workers.sandbox.estate.wording import Voice, wording
from workers.sandbox.estate.world import World
from workers.sandbox.model.histogram import EDGES
from workers.sandbox.model.spec import Route
from workers.sandbox.model.table import Table

ACCESS_PER_SECOND = 1.5
"""Access lines are sampled: a busy service writes about so many a second, whatever its traffic."""
FAILURES_PER_SECOND = 25.0
_STATUS = {"denied": (404, 400, 422, 401), "answered": (200, 200, 200, 304)}
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130.0 Mobile",
)


@dataclass(frozen=True, order=True)
class Line:
    """One log event: milliseconds since the epoch, stream and message."""

    at: int
    stream: str
    message: str


@dataclass(frozen=True)
class LogGroup:
    """A log group and the part that writes it."""

    name: str
    part: str
    kind: str


class Lines:
    """All the log groups of a world."""

    def __init__(self, world: World) -> None:
        """Lines are computed when they are asked for."""
        self.world = world

    def groups(self) -> list[LogGroup]:
        """The log groups there are."""
        found = []
        for name, service in self.world.application.services.items():
            if service.runs_on == "lambda":
                found.append(LogGroup(f"/aws/lambda/{name}", name, "service"))
            else:
                found.append(LogGroup(self.world.names.log_group(name), name, "service"))
        for name in self.world.application.databases:
            found.append(LogGroup(f"/aws/rds/instance/{name}/postgresql", name, "database"))
        return sorted(found, key=lambda group: group.name)

    def read(self, group: LogGroup, start: float, end: float) -> Iterator[Line]:
        """The lines of [start, end), oldest first."""
        for table, where in self.world.history.tables(start - 60, end):
            for index in range(where.start, where.stop):
                at = float(table.times[index])
                if at + table.seconds <= start:
                    continue
                lines = sorted(self._row(group, table, index, at))
                yield from (line for line in lines if start * 1000 <= line.at < end * 1000)

    def _row(self, group: LogGroup, table: Table, index: int, at: float) -> Iterator[Line]:
        rng = np.random.default_rng([self.world.seed, number(1 << 31, group.name), int(at)])
        if group.kind == "database":
            yield from (
                Line(ms, f"{group.part}.0", text)
                for ms, text in database_lines(self.world, group.part, table, index, rng)
            )
            return
        yield from _ServiceRow(self.world, group.part, table, index, rng).lines()


class _ServiceRow:
    """The lines of one service in one row."""

    def __init__(
        self, world: World, service: str, table: Table, index: int, rng: np.random.Generator
    ) -> None:
        self.world, self.service, self.table, self.index, self.rng = world, service, table, index, rng
        self.at, self.length = float(table.times[index]), table.seconds
        self.voice = Voice(world.application, service)
        self.spec = world.application.services[service]

    def lines(self) -> Iterator[Line]:
        yield from self._noise()
        yield from self._lifecycle()
        for revision, served in self._by_revision():
            yield from self._access(revision, served)
            yield from self._failures(revision)

    def _value(self, *column: str) -> float:
        values = self.table.column((self.service, *column))
        return 0.0 if values is None else float(values[self.index])

    def _by_revision(self) -> list[tuple[int, float]]:
        names = [c for c in self.table.columns if c[0] == self.service and c[1] == "served by"]
        found = [(int(name[2]), self._value(*name[1:])) for name in names]
        return [(revision, served) for revision, served in found if served > 0]

    def _access(self, revision: int, served: float) -> Iterator[Line]:
        count = int(
            min(served, self.rng.poisson(ACCESS_PER_SECOND * self.length * min(1.0, served / self.length)))
        )
        if not count:
            return
        seconds = self._latencies(count)
        routes = self.rng.choice(len(self.spec.routes), size=count, p=self._mix())
        denied = self.rng.random(count) < self.spec.client_errors
        for nth in range(count):
            at, route = self._moment(), self.spec.routes[routes[nth]]
            status = _STATUS["denied" if denied[nth] else "answered"][int(self.rng.integers(4))]
            yield self._line(at, revision, self._access_text(at, route, status, float(seconds[nth])))

    def _access_text(self, at: float, route: Route, status: int, seconds: float) -> str:
        request = self._request(at)
        method, _, path = route.path.partition(" ")
        if self.spec.consumes:
            text = f"processed {route.path}"
            return self.voice.line(
                at, "INFO", text, "worker", message_id=request, took_ms=round(seconds * 1000, 1)
            )
        path = path.replace("{id}", str(10000 + int(self.rng.integers(89999))))
        fields = {"status": status, "duration_ms": round(seconds * 1000, 1), "request_id": request}
        if self.spec.public:
            fields["user_agent"] = self._agent(route)
        return self.voice.line(at, "INFO", f"{method} {path}", "access", **fields)

    def _agent(self, route: Route) -> str:
        """Who asked: what comes on top of the usual demand comes from one program."""
        surge = self.world.condition_at(self.service, f"route {route.path}", self.at, 1.0)
        agent = self.world.agents.get(route.path)
        if agent and self.rng.random() > 1 / max(surge, 1.0):
            return agent
        return AGENTS[int(self.rng.integers(len(AGENTS)))]

    def _mix(self) -> np.ndarray:
        shares = [
            r.share * self.world.condition_at(self.service, f"route {r.path}", self.at, 1.0)
            for r in self.spec.routes
        ]
        return np.array(shares) / sum(shares)

    def _latencies(self, count: int) -> np.ndarray:
        histogram = self.table.column((self.service, "latency"))
        if histogram is None or not histogram[self.index].any():
            return np.full(count, 0.01)
        below = np.cumsum(histogram[self.index], dtype=np.float64)
        bins = np.searchsorted(below, self.rng.random(count) * below[-1])
        return EDGES[bins] * (EDGES[1] / EDGES[0]) ** self.rng.random(count)

    def _failures(self, revision: int) -> Iterator[Line]:
        for column in self.table.columns:
            if column[:3] != (self.service, "failed by", str(revision)):
                continue
            count = int(min(self._value(*column[1:]), FAILURES_PER_SECOND * self.length))
            for _ in range(count):
                at = self._moment()
                yield self._line(at, revision, self._failure_text(at, revision, column[3]))

    def _failure_text(self, at: float, revision: int, reason: str) -> str:
        request, behaviour = self._request(at), self.world.revisions.behaviour(self.service, revision)
        routes = [r for r in self.spec.routes if not behaviour.code.routes or r.path in behaviour.code.routes]
        if reason == "raised":
            language, _, nth = behaviour.code.exception.partition(":")
            fault = wording()[language]["faults"][int(nth)]
            path = routes[int(self.rng.integers(len(routes)))].path
            return self.voice.exception(at, fault, path, request)
        if reason == "noise":
            return self.voice.line(
                at, "ERROR", "Request aborted: connection reset by peer", "http", request_id=request
            )
        part = reason.partition(" ")[2]
        using = [r for r in self.spec.routes if part in r.calls] or self.spec.routes
        path = using[int(self.rng.integers(len(using)))].path
        return self.voice.failure(at, reason, behaviour.edges.get(part), path, request)

    def _noise(self) -> Iterator[Line]:
        revisions = self._by_revision()
        if not revisions:
            return
        for words in self.voice.words["noise"]:
            for _ in range(self.rng.poisson(words["per_minute"] * self.length / 60)):
                at = self._moment()
                text = self.voice.line(at, words["level"], words["text"], "app")
                yield self._line(at, revisions[0][0], text)

    def _lifecycle(self) -> Iterator[Line]:
        end = self.at + self.length
        for task in self.world.fleet.services[self.service].tasks:
            stream = self._stream(task.id)
            if self.at <= task.started < end:
                text = self.voice.words["started"].format(Service=self.service.capitalize())
                yield Line(
                    int((task.started - 1.2) * 1000),
                    stream,
                    self.voice.line(task.started - 1.2, "INFO", text),
                )
            if task.stopping is not None and self.at <= task.stopping < end:
                yield from self._last_words(task.stopping, stream, task.exit_code)
            if task.leaked_kb and task.started < end and (task.stopped is None or task.stopped > self.at):
                yield from self._pressure(stream)

    def _last_words(self, at: float, stream: str, exit_code: int | None) -> Iterator[Line]:
        key, level = ("memory", "ERROR") if exit_code == 137 else ("stopping", "INFO")
        text = self.voice.words[key].format(pid=12 + number(30, stream))
        yield Line(int(at * 1000) - 40, stream, self.voice.line(at - 0.04, level, text, "runtime"))

    def _pressure(self, stream: str) -> Iterator[Line]:
        """Warnings of a memory that is nearly full."""
        most = self._value("memory_most")
        if most < 84 or self.rng.random() > 0.02 * self.length:
            return
        at, used = self._moment(), most / 100 * self.spec.memory
        text = self.voice.words["pressure"].format(
            ms=int(120 + 60 * self.rng.random() * (most - 80)), mb=int(used)
        )
        yield Line(int(at * 1000), stream, self.voice.line(at, "WARN", text, "runtime"))

    # ---- small parts ----

    def _moment(self) -> float:
        return self.at + self.length * float(self.rng.random())

    def _request(self, at: float) -> str:
        return digest(self.world.seed, self.service, at)[:16]

    def _line(self, at: float, revision: int, text: str) -> Line:
        return Line(int(at * 1000), self._stream(self._task(revision)), text)

    def _task(self, revision: int) -> str:
        """A task of the revision that was running then; those of long ago only have names."""
        tasks = self.world.fleet.services[self.service].tasks
        there = [
            t.id for t in tasks if t.revision == revision and t.present(self.at, self.at + self.length) > 0
        ]
        if there:
            return there[int(self.rng.integers(len(there)))]
        return digest(self.world.seed, self.service, "earlier", int(self.rng.integers(self.spec.tasks)))[:32]

    def _stream(self, task: str) -> str:
        return f"{self.service}/{self.service}/{task}"
