"""Availability zones: where tasks are placed, and how a service is spread over them."""

from collections import Counter
from collections.abc import Iterable, Mapping

from workers.sandbox.estate.names import ZONES, number
from workers.sandbox.estate.tasks import Task


def next_zone(seed: int, service: str, beside: Iterable[Task], closed: frozenset[str]) -> str:
    """The zone with the fewest of the tasks `beside`, as ECS and Auto Scaling spread; no `closed` one."""
    first = number(len(ZONES), seed, service, "first zone")
    order = [*ZONES[first:], *ZONES[:first]]
    there = Counter(task.zone for task in beside)
    return min([zone for zone in order if zone not in closed] or order, key=lambda zone: there[zone])


def spread(tasks: Iterable[Task], start: float, end: float) -> Mapping[str, float]:
    """The share of a service's tasks in each zone, of those that took requests in [start, end)."""
    found: dict[str, float] = dict.fromkeys(ZONES, 0.0)
    for task in tasks:
        found[task.zone] += task.present(start, end)
    whole = sum(found.values())
    return {zone: share / whole for zone, share in found.items()} if whole else {}
