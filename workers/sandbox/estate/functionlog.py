"""What a function writes in its log: the lines of a service, framed by Lambda."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from workers.sandbox.estate.names import ACCOUNT, arn, digest, number, uuid
from workers.sandbox.estate.servicelog import Line, ServiceRow
from workers.sandbox.estate.tasks import Task
from workers.sandbox.model.spec import Route

RUNTIMES = {"python": "python3.12", "node": "nodejs20.x", "java": "java21", "go": "provided.al2023"}


class FunctionRow(ServiceRow):
    """The same for a function: Lambda frames each invocation, and names streams by day and instance."""

    # Each request is four lines here.
    sampled, told = 0.6, 20.0

    def _request(self, at: float, revision: int, route: Route, status: int, seconds: float) -> Iterator[Line]:
        identity = digest(self.service, at)
        request = f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-9{identity[17:20]}-{identity[20:32]}"
        first, *others = super()._request(at, revision, route, status, seconds)
        yield from self._framed(request, revision, seconds, [first, *others])

    def _framed(
        self, request: str, revision: int, seconds: float, said: list[Line], status: str = ""
    ) -> Iterator[Line]:
        """The lines of one invocation between Lambda's own; `status` is how it ended, if not well."""
        first, took = said[0], seconds * 1000
        end = first.at + int(took)
        used = self._value("memory_most") / 100 * self.spec.memory or self.spec.resident_mb
        report = (
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
            f"Memory Size: {self.spec.memory} MB\tMax Memory Used: {int(min(used, self.spec.memory))} MB\t"
        )
        yield Line(first.at, first.stream, f"START RequestId: {request} Version: {self._version(revision)}")
        yield from said
        yield Line(end, first.stream, f"END RequestId: {request}")
        yield Line(end, first.stream, f"{report}{status}")

    def _version(self, revision: int) -> str:
        return str(revision) if self.spec.alias else "$LATEST"

    def _ended(self, at: float, revision: int, stream: str, reason: str) -> Iterator[Line]:
        """An invocation that Lambda ended: it took too long, or all the memory there was."""
        request = uuid(self.service, at, reason)
        if reason == "overtime":
            seconds, status = self.spec.timeout_seconds, "Status: timeout"
            text = f"{_stamp(at + seconds)} {request} Task timed out after {seconds:.2f} seconds"
        else:
            seconds, status = 0.4, "Status: error\tError Type: Runtime.ExitError"
            text = f"RequestId: {request} Error: Runtime exited with error: signal: killed"
        said = Line(int((at + seconds) * 1000), stream, text)
        opening = Line(int(at * 1000), stream, self.voice.line(at, "INFO", "received an event", "runtime"))
        yield from self._framed(request, revision, seconds, [opening, said], status)

    def _failures(self, revision: int) -> Iterator[Line]:
        yield from super()._failures(revision)
        count = self._value("failed by", str(revision), "overtime")
        for _ in range(int(min(count, self.told * self.length))):
            at = self._moment()
            yield from self._ended(at, revision, self._line(at, revision, "").stream, "overtime")

    def _lifecycle(self) -> Iterator[Line]:
        """Environments that start cold, and what they say when their memory is nearly full."""
        end = self.at + self.length
        for task in self.world.fleet.services[self.service].tasks if self.spec.alias else ():
            for at in (task.started, *(ready for _, ready in task.restarts)):
                if self.at <= at < end:
                    yield self._cold(at, task)
            for at, _ in task.restarts:
                if self.at <= at < end:
                    stream = self._stream(task.id, task.revision)
                    yield from self._ended(at - 0.4, task.revision, stream, "killed")
            if task.leaked_kb and task.started < end and (task.stopped is None or task.stopped > self.at):
                yield from self._pressure(self._stream(task.id, task.revision))

    def _cold(self, at: float, task: Task) -> Line:
        runtime = RUNTIMES[self.spec.language]
        version = arn("lambda", f"runtime:{digest('runtime', runtime)}").replace(ACCOUNT, "")
        text = f"INIT_START Runtime Version: {runtime.replace('.', ':')}.v{number(40, runtime)}\t"
        return Line(
            int(at * 1000), self._stream(task.id, task.revision), f"{text}Runtime Version ARN: {version}"
        )

    def _line(self, at: float, revision: int, text: str, cut: bool = False) -> Line:
        return Line(int(at * 1000), self._stream(self._task(revision, cut), revision), text)

    def _stream(self, task: str, revision: int) -> str:
        return function_stream(task, self.at, self._version(revision))

    def stream(self, task: str) -> str:
        """The log stream of an instance on the day of the row."""
        tasks = self.world.fleet.services[self.service].tasks
        revision = next((t.revision for t in tasks if t.id == task), tasks[0].revision)
        return self._stream(task, revision)


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def function_stream(instance: str, at: float, version: str = "$LATEST") -> str:
    """The log stream of a function's instance on a day."""
    return f"{_day(at // 86400)}/[{version}]{instance}"


@lru_cache(maxsize=32)
def _day(number: float) -> str:
    return datetime.fromtimestamp(number * 86400, UTC).strftime("%Y/%m/%d")
