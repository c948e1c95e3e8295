"""What an instance sends to its log group: the lines of its service, and those of kernel and systemd."""

from collections.abc import Iterator
from datetime import UTC, datetime

from workers.sandbox.estate.names import number
from workers.sandbox.estate.servicelog import Line, ServiceRow
from workers.sandbox.estate.tasks import Task

PROCESSES = {"node": "node", "python": "python3", "java": "java", "go": "server"}


class InstanceRow(ServiceRow):
    """The same on an instance, where a process that is killed for its memory is restarted in place."""

    def _lifecycle(self) -> Iterator[Line]:
        yield from super()._lifecycle()
        for task in self.world.fleet.services[self.service].tasks:
            for nth, (killed, ready) in enumerate(task.restarts, 1):
                if self.at <= killed < self.at + self.length:
                    yield from self._killed(task, killed, ready, nth)

    def _killed(self, task: Task, killed: float, ready: float, nth: int) -> Iterator[Line]:
        unit = f"{self.world.application.name}-{self.service}.service"
        pid, held = 1100 + number(29000, task.id, nth), int(self.spec.memory * 1010)
        process = PROCESSES[self.spec.language]
        sizes = f"total-vm:{held * 2}kB, anon-rss:{held}kB, file-rss:0kB, shmem-rss:0kB,"
        said = (
            (
                killed - 0.01,
                "kernel",
                f"{process} invoked oom-killer: gfp_mask=0x140dca, order=0, oom_score_adj=0",
            ),
            (killed, "kernel", f"Out of memory: Killed process {pid} ({process}) {sizes} UID:991"),
            (killed + 0.3, "systemd[1]", f"{unit}: Main process exited, code=killed, status=9/KILL"),
            (killed + 5.4, "systemd[1]", f"{unit}: Scheduled restart job, restart counter is at {nth}."),
        )
        for at, who, text in said:
            yield self._syslog(task, at, who, text)
        started = self.voice.words["started"].format(Service=self.service.capitalize())
        yield Line(int(ready * 1000), self.stream(task.id), self.voice.line(ready, "INFO", started))

    def _syslog(self, task: Task, at: float, who: str, text: str) -> Line:
        stamp = datetime.fromtimestamp(at, UTC).strftime("%b %e %H:%M:%S")
        host = f"ip-{task.address.replace('.', '-')}"
        return Line(int(at * 1000), self.stream(task.id), f"{stamp} {host} {who}: {text}")

    def stream(self, task: str) -> str:
        """The log stream of an instance: its id."""
        return self.world.names.instance(task)
