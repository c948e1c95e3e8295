"""What the engine is told about a step, and what it remembers between steps."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from workers.sandbox.model.behaviour import Behaviour
from workers.sandbox.model.queueing import Floats
from workers.sandbox.model.spec import Edge

DOORS = ("rotated", "expired", "denied", "unreached", "down", "stale")
"""Conditions of a caller that turn its calls away before they count as one."""

Key = tuple[str, int, str]
"""Service, revision, dependency."""


@dataclass(frozen=True)
class Group:
    """The tasks of one service that run one revision; `tasks` is their average number over the step."""

    revision: int
    tasks: float
    behaviour: Behaviour
    squeeze: float = 1.0
    """Slowdown from memory pressure."""
    broken: float = 0.0
    """Share of the requests that meet a task that has just died."""
    memory_mb: tuple[float, float, float] | None = None
    """Average, least and most over the tasks; None means the resident size."""


@dataclass(frozen=True)
class Routine:
    """A job that ran on the days before `today`, at the same hour: how long, and how much it took."""

    today: float
    seconds: float
    busy: float

    def runs(self, times: Floats) -> Floats:
        """Whether it ran at these times."""
        return (times < self.today - 3600) & ((times - self.today) % 86400 < self.seconds)


@dataclass(frozen=True)
class Ailing:
    """The tasks of a service that are worse off than the others: where they are, and how many of all.

    `lost` is the share of their calls that is never answered.
    """

    zone: str
    share: float
    lost: float


@dataclass(frozen=True)
class Scene:
    """Everything that holds during a step. Conditions are keyed by (part, figure), as faults set them."""

    groups: Mapping[str, tuple[Group, ...]]
    conditions: Mapping[tuple[str, str], float] = field(default_factory=dict)
    routines: Mapping[str, Routine] = field(default_factory=dict)
    """What runs every day on a part."""
    zones: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per service: the share of its tasks in each availability zone."""
    ailing: Mapping[str, Ailing] = field(default_factory=dict)

    def condition(self, part: str, figure: str, default: float = 0.0) -> float:
        """The value of a condition, or what holds without one."""
        return self.conditions.get((part, figure), default)

    def job(self, part: str, times: Floats) -> Floats:
        """How much of a database jobs take: the daily one on the days before, and what there is now."""
        routine, now = self.routines.get(part), np.full(len(times), self.condition(part, "busy"))
        return now if routine is None else now + routine.busy * routine.runs(times)

    def free(self, part: str, times: Floats, usual: float) -> Floats:
        """Gigabytes that are free at these times: what was measured, less what came since."""
        since = times - self.condition(part, "measured")
        return np.maximum(self.condition(part, "free", usual) - self.condition(part, "fills") * since, 0.0)

    def arriving(self, service: str, dependency: str) -> float:
        """The share of a service's calls that gets as far as the dependency."""
        turned = [self.condition(service, f"{word} {dependency}") for word in DOORS]
        return math.prod(1 - share for share in turned)

    def cost(self, service: str, dependency: str, edge: Edge) -> float:
        """How much work a call of the service is for a dependency now."""
        return edge.cost * (1 + self.condition(service, f"costs {dependency}"))


@dataclass
class State:
    """What carries over from step to step; each array has one entry per step computed together."""

    waiting: dict[tuple[str, int], Floats] = field(default_factory=dict)
    hold: dict[tuple[str, int], Floats] = field(default_factory=dict)
    made: dict[Key, Floats] = field(default_factory=dict)
    expected: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)
    taken: dict[Key, Floats] = field(default_factory=dict)
    pool_waiting: dict[Key, Floats] = field(default_factory=dict)
    query: dict[Key, Floats] = field(default_factory=dict)
    statements: dict[str, Floats] = field(default_factory=dict)
    backlog: dict[str, Floats] = field(default_factory=dict)
    stored: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)
    """Per queue: (time, messages) that arrived and were not read yet, oldest first."""

    def resting(self, rows: int) -> "State":
        """This state as the starting point of `rows` independent steps, with no line waiting."""
        spread = {name: _spread(getattr(self, name), rows) for name in ("hold", "made", "taken", "query")}
        return State(**spread)


def _spread(table: dict, rows: int) -> dict:
    return {key: np.full(rows, float(np.mean(value))) for key, value in table.items()}
