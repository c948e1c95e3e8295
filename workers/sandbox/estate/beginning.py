"""What a world begins with, and what may happen in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from workers.sandbox.estate.alarms import AlarmConfig
from workers.sandbox.estate.revisions import Revision
from workers.sandbox.estate.trail import Record
from workers.sandbox.model.behaviour import Code
from workers.sandbox.model.scene import Routine
from workers.sandbox.model.spec import Application

if TYPE_CHECKING:
    from workers.sandbox.estate.world import World


class Change(Protocol):
    """Something that happens in a case.

    One that leads to a fault before its onset is `harmful`, one that changes which tasks run `reshapes`.
    """

    @property
    def at(self) -> float:
        """When, in epoch seconds."""
        ...

    def apply(self, world: "World") -> None:
        """Make it so."""
        ...


@dataclass(frozen=True)
class Happening:
    """An entry of a service's own event log, as DescribeEvents lists them."""

    at: float
    source: str
    part: str
    text: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Locked:
    """A lock that a transaction holds in a database."""

    since: float
    table: str
    relation: int
    mode: str
    pid: int
    migration: bool = False


@dataclass(frozen=True)
class Beginning:
    """What a world starts from: the healthy application, and what is going to happen."""

    application: Application
    seed: int
    onset: float
    now: float
    revisions: tuple[Revision, ...]
    code: Mapping[str, Code]
    running: Mapping[str, tuple[int, int, float]]
    """Per service: revision, tasks, and since when."""
    alarms: tuple[AlarmConfig, ...]
    changes: tuple[Change, ...]
    past: tuple[Record, ...] = ()
    routines: Mapping[str, Routine] = field(default_factory=dict)

    @property
    def first_harm(self) -> float:
        """When the first thing happens that makes a difference: the onset, or what leads to it."""
        return min([self.onset, *(c.at for c in self.changes if getattr(c, "harmful", False))])


def within(items: Iterable[Happening], start: float, end: float) -> list[Happening]:
    """The happenings in [start, end], oldest first."""
    return sorted((item for item in items if start <= item.at <= end), key=lambda item: item.at)
