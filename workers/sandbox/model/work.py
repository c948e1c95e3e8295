"""A group's requests in the making: samples with their routes, seconds and reasons, and what they called."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from workers.sandbox.model.queueing import Floats
from workers.sandbox.model.scene import Group
from workers.sandbox.model.stores import SAMPLES

DAMPING = 0.3
"""How much of a new measurement the next step's load takes over: a step sees only what the last one did."""

Mask = np.ndarray
Samples = np.ndarray
Codes = np.ndarray
Mix = Callable[[str, float], float]
"""Gives the share of a route, from its path and its usual share."""


class Reasons:
    """Why requests fail, by number; 0 is an answered request."""

    def __init__(self) -> None:
        """Start with the one that is not a failure."""
        self.names = [""]
        self._codes = {"": 0}

    def code(self, name: str) -> int:
        """The number of a reason, given one when it is new."""
        if name not in self._codes:
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]


@dataclass
class Work:
    """A group's requests in the making, (rows, samples)."""

    service: str
    group: Group
    served: Floats
    routes: np.ndarray
    seconds: np.ndarray
    alive: Mask
    reason: Codes
    apart: Mask | None = None
    """Which requests are worked on by tasks that are worse off than the others; None if there are none."""
    made: dict[str, Floats] = field(default_factory=dict)
    taken: dict[str, Floats] = field(default_factory=dict)
    missed: dict[str, Floats] = field(default_factory=dict)
    blocked: dict[str, Floats] = field(default_factory=dict)
    lengthy: dict[str, Floats] = field(default_factory=dict)
    """Per request: calls made, connections taken, cache misses, statements that met a lock, slow ones."""

    @property
    def usual(self) -> Mask:
        """The requests of tasks that are like the others: each task has workers and pools of its own."""
        if self.apart is None or self.apart.all():
            return np.ones(self.routes.shape, bool)
        return ~self.apart

    def fail(self, mask: Mask, codes: Codes | int) -> None:
        """End these requests for these reasons."""
        self.reason = np.where(mask, codes, self.reason)
        self.alive = self.alive & ~mask


def cut_off(work: Work, overtime: int, killed: int, luck: Samples | None) -> None:
    """End invocations of a function that take longer than Lambda lets them, or that their memory kills."""
    limit = np.float32(work.group.behaviour.service.timeout_seconds)
    late = work.seconds > limit
    if late.any():
        work.seconds = np.minimum(work.seconds, limit)
        work.fail(late, overtime)
    if luck is not None:
        work.fail(work.alive & (luck < work.group.broken), killed)


def expected_calls(group: Group, mix: Mix) -> dict[str, float]:
    """Calls per request to each dependency when nothing fails; `mix` gives a route's share."""
    routes = group.behaviour.service.routes
    total = sum(mix(route.path, route.share) for route in routes)
    calls = dict.fromkeys(group.behaviour.edges, 0.0)
    for route in routes:
        for dependency, count in route.calls.items():
            calls[dependency] += count * mix(route.path, route.share) / total
    for dependency, edge in group.behaviour.edges.items():
        if edge.on_miss and edge.hits is not None:
            calls[edge.on_miss] += calls[dependency] * (1 - edge.hits)
    return calls


def call_table(group: Group) -> np.ndarray:
    """Calls of each route (rows) to each dependency (columns)."""
    routes, edges = group.behaviour.service.routes, list(group.behaviour.edges)
    return np.array([[route.calls.get(edge, 0.0) for edge in edges] for route in routes]).reshape(
        len(routes), -1
    )


def concerned(group: Group) -> Mask:
    """Which routes the fault of the group's code concerns."""
    only = group.behaviour.code.routes
    return np.array([not only or route.path in only for route in group.behaviour.service.routes])


def add(table: dict[str, Floats], name: str, counts: np.ndarray) -> None:
    """Add calls, counted by sample, to a table of calls per request."""
    table[name] = table.get(name, 0.0) + counts.sum(axis=1) / SAMPLES


def damp(table: dict, key: object, value: Floats) -> None:
    """Move a figure of the last step towards what this one measured."""
    table[key] = DAMPING * value + (1 - DAMPING) * table.get(key, value)


def mean_of(values: Samples, mask: Mask, otherwise: Floats | None) -> Floats:
    """The mean of the samples in the mask, by step; what held before where there are none."""
    count = mask.sum(axis=1)
    total = np.where(mask, values, 0).sum(axis=1, dtype=np.float64)
    if otherwise is None:
        otherwise = values.mean(axis=1, dtype=np.float64) + 0.001
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), otherwise))
