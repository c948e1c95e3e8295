"""What can happen in a case, as data: each change knows when it is and how to make itself so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.sandbox.estate.beginning import Happening, Locked
from workers.sandbox.estate.names import digest
from workers.sandbox.estate.revisions import Revision
from workers.sandbox.estate.tasks import Task
from workers.sandbox.estate.trail import Actor
from workers.sandbox.estate.world import World
from workers.sandbox.model.behaviour import Code
from workers.sandbox.scenario.calls import deployed, registered

REGISTERED_BEFORE = 24.0
"""Seconds between the registration of a revision and its deployment."""


@dataclass(frozen=True)
class Register:
    """A revision is made; `code` is what its image does differently."""

    at: float
    revision: Revision
    actor: Actor
    code: Code | None = None

    def apply(self, world: World) -> None:
        """Keep it, and write the call down."""
        if self.code is not None:
            world.revisions.code[self.revision.image] = self.code
        before = world.revisions.table[self.revision.service].get(self.revision.number - 1)
        world.revisions.add(self.revision)
        for nth, call in enumerate(registered(world.application, self.revision, before)):
            world.record(self.at + nth, call.event, call.source, self.actor, **call.details)


@dataclass(frozen=True)
class Deploy:
    """A service is to run another revision, another number of tasks, or both."""

    at: float
    service: str
    actor: Actor
    revision: int | None = None
    desired: int | None = None
    harmful: bool = False
    reshapes: bool = True

    def apply(self, world: World) -> None:
        """Start the rollout, and write the call down."""
        deployment = world.deploy(self.service, self.at, self.revision, self.desired)
        call = deployed(world.application, self.service, self.revision, self.desired, deployment.id)
        world.record(self.at, call.event, call.source, self.actor, **call.details)


@dataclass(frozen=True)
class Turn:
    """A condition of the simulation takes another value; no call does this."""

    at: float
    part: str
    figure: str
    value: float
    harmful: bool = True
    reshapes: bool = False

    def apply(self, world: World) -> None:
        """Set it."""
        world.conditions.turn(self.at, self.part, self.figure, self.value)


@dataclass(frozen=True)
class Shut:
    """A call takes something away that a service needs; who undoes the call gives it back."""

    at: float
    service: str
    figure: str
    share: float
    call: "Call"
    harmful: bool = True

    def apply(self, world: World) -> None:
        """Take it away, and remember by which call."""
        self.call.apply(world)
        world.conditions.turn(self.at, self.service, self.figure, self.share)
        world.undo[(self.call.event, self.call.resources[0][1])] = (self.service, self.figure)


@dataclass(frozen=True)
class Job:
    """A scheduled task starts and takes a share of a database until it is done or stopped."""

    at: float
    database: str
    busy: float
    revision: Revision
    harmful: bool = True

    def apply(self, world: World) -> None:
        """Start it."""
        name = digest(world.seed, "job", self.at)[:32]
        world.revisions.add(self.revision)
        service, number = self.revision.service, self.revision.number
        world.jobs.append(Task(name, service, number, self.at - 20, self.at - 9, f"events-rule/{service}"))
        world.conditions.turn(self.at, self.database, "busy", self.busy)
        world.undo[("RunTask", name)] = (self.database, "busy")


@dataclass(frozen=True)
class Reclaim:
    """Spot capacity runs out: tasks of a service are taken back, and there is no room for others."""

    at: float
    service: str
    left: int
    harmful: bool = True

    def apply(self, world: World) -> None:
        """Take them, and leave no room."""
        world.conditions.turn(self.at, self.service, "unplaceable", 1.0)
        world.fleet.reclaim(self.service, self.at, self.left)


@dataclass(frozen=True)
class Impair:
    """The host under one instance of a group fails, and the group does not replace what is unhealthy."""

    at: float
    service: str
    nth: int
    harmful: bool = True

    def apply(self, world: World) -> None:
        """Let it fail."""
        there = world.fleet.services[self.service].running(self.at)
        there[self.nth % len(there)].impaired = self.at
        world.conditions.turn(self.at, self.service, "unreplaced", 1.0)


@dataclass(frozen=True)
class CutOff:
    """The network of one zone loses packets: a service's tasks in it lose a share of their calls."""

    at: float
    service: str
    nth: int
    lost: float
    harmful: bool = True

    def apply(self, world: World) -> None:
        """Pick a zone in which it has tasks, and cut it off."""
        there = sorted({task.zone for task in world.fleet.services[self.service].running(self.at)})
        zone = there[self.nth % len(there)]
        world.conditions.turn(self.at, self.service, f"cut in {zone}", self.lost)


@dataclass(frozen=True)
class Lock:
    """Somebody's transaction holds a lock on a table."""

    at: float
    database: str
    locked: Locked

    def apply(self, world: World) -> None:
        """Take it."""
        world.locked[self.database] = self.locked


@dataclass(frozen=True)
class Agent:
    """Who sends what comes on top of the usual demand on a route."""

    at: float
    path: str
    agent: str

    def apply(self, world: World) -> None:
        """Note it."""
        world.agents[self.path] = self.agent


@dataclass(frozen=True)
class Note:
    """An entry in a service's own event log."""

    at: float
    happening: Happening

    def apply(self, world: World) -> None:
        """Keep it."""
        world.happenings.append(self.happening)


@dataclass(frozen=True)
class Call:
    """A call that shows in the trail and changes nothing in the simulation."""

    at: float
    event: str
    source: str
    actor: Actor
    request: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[tuple[str, str], ...] = ()

    def apply(self, world: World) -> None:
        """Write it down."""
        world.record(
            self.at, self.event, self.source, self.actor, request=self.request, resources=self.resources
        )


@dataclass(frozen=True)
class Collect:
    """A collector reads the account every few minutes, as something does in every account."""

    at: float
    every: float
    actor: Actor
    reads: tuple[tuple[str, str], ...]

    def apply(self, world: World) -> None:
        """Read, and plan the next time."""
        self._read(world, self.at)

    def _read(self, world: World, at: float) -> None:
        for nth, (event, source) in enumerate(self.reads):
            world.record(at + nth * 0.7, event, source, self.actor, read_only=True)
        world.agenda.plan(at + self.every, lambda now: self._read(world, now))


def commit(*parts: object) -> str:
    """An image tag as a pipeline makes it: the start of a commit's hash."""
    return digest("commit", *parts)[:9]
