"""What is going to happen and when: actions in order of time."""

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[float], None]
"""Called with the time it was planned for."""


class Agenda:
    """A line of planned actions; those of one moment happen in the order they were planned in."""

    def __init__(self) -> None:
        """Start with nothing planned."""
        self._heap: list[tuple[float, int, Action]] = []
        self._count = count()

    def plan(self, at: float, action: Action) -> None:
        """Do this at that time."""
        heapq.heappush(self._heap, (at, next(self._count), action))

    def run(self, until: float) -> None:
        """Do everything planned before or at this time, with what that plans in turn."""
        while self._heap and self._heap[0][0] <= until:
            at, _, action = heapq.heappop(self._heap)
            action(at)
