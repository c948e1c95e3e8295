"""What ECS knows of a service: its tasks, its deployments and its events."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from workers.sandbox.estate.names import ZONES, number

NOTICED = 30.0
"""Seconds until a balancer has found out that a host no longer answers."""


@dataclass
class Task:
    """One task. `leaked_kb` is memory beyond what its revision needs, `flaw` why it never serves."""

    id: str
    service: str
    revision: int
    created: float
    started: float
    deployment: str
    stopping: float | None = None
    stopped: float | None = None
    stop_code: str = ""
    stop_reason: str = ""
    exit_code: int | None = None
    exit_reason: str = ""
    leaked_kb: float = 0.0
    flaw: str = ""
    restarts: list[tuple[float, float]] = field(default_factory=list)
    """When its process was killed and when the next one was ready, where it is restarted in place."""
    zone: str = ZONES[0]
    """The availability zone it was placed in."""
    impaired: float | None = None
    """Since when its host is, so that nothing on it answers."""

    @property
    def address(self) -> str:
        """Its private address."""
        return f"10.0.{16 * ZONES.index(self.zone) + number(16, self.id, 'net')}.{4 + number(250, self.id)}"

    def present(self, start: float, end: float) -> float:
        """The share of [start, end) during which it took requests."""
        return 0.0 if self.flaw else self._up(start, min(end, self._given_up)) / (end - start)

    def running(self, start: float, end: float) -> float:
        """The share of [start, end) during which it ran."""
        return self._up(start, end) / (end - start)

    def unanswered(self, start: float, end: float) -> float:
        """The share of [start, end) during which requests were still sent to it and met nobody."""
        since = self._given_up - NOTICED
        return self._up(max(start, since), min(end, self._given_up)) / (end - start)

    def out_of_service(self, start: float, end: float) -> float:
        """The share of [start, end) during which it ran and did not pass its health check."""
        first = start if self.flaw else max(start, self._given_up)
        return self._up(first, end) / (end - start)

    @property
    def _given_up(self) -> float:
        """When the balancer has found out that its host does not answer."""
        return inf if self.impaired is None else self.impaired + NOTICED

    def _up(self, start: float, end: float) -> float:
        """The seconds of [start, end) during which it ran."""
        last = end if self.stopping is None else min(end, self.stopping)
        up = max(0.0, last - max(start, self.started))
        down = sum(max(0.0, min(last, ready) - max(start, killed)) for killed, ready in self.restarts)
        return max(0.0, up - down)


@dataclass
class Deployment:
    """One deployment of a service, as DescribeServices tells it."""

    id: str
    revision: int
    desired: int
    created: float
    updated: float
    status: str = "PRIMARY"
    state: str = "COMPLETED"
    failed: int = 0


@dataclass
class ServiceState:
    """What ECS knows of one service; events are oldest first."""

    name: str
    desired: int
    created: float
    deployments: list[Deployment]
    tasks: list[Task] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    rollouts: list[Deployment] = field(default_factory=list)
    """Every deployment there was, oldest first."""
    refused: list[float] = field(default_factory=list)
    """When there was no room for another task."""
    reserved: bool = True
    """Whether a function has concurrency of its own."""
    template: int | None = None
    """The revision that a group was given for its next rollout, where that is another than it runs."""

    @property
    def primary(self) -> Deployment:
        """The deployment that is wanted."""
        return self.deployments[0]

    def running(self, at: float, revision: int | None = None) -> list[Task]:
        """Tasks that are running at this time, of one revision or of all."""
        return [t for t in self._alive(at) if t.started <= at and revision in (None, t.revision)]

    def pending(self, at: float, revision: int | None = None) -> list[Task]:
        """Tasks that are being started."""
        return [t for t in self._alive(at) if t.started > at and revision in (None, t.revision)]

    def _alive(self, at: float) -> Iterable[Task]:
        return (t for t in self.tasks if t.created <= at and (t.stopped is None or t.stopped > at))

    def say(self, at: float, text: str) -> None:
        """Add an event in ECS's wording."""
        self.events.append((at, f"(service {self.name}) {text}"))
