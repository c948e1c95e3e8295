"""How long answers take: real clouds think for a moment, and whoever watches wants to see it."""

import time
from collections.abc import Callable
from itertools import count

from workers.sandbox.estate.names import fraction


class Latency:
    """Delays of half to twice the usual time, in an order that depends on the seed alone."""

    def __init__(self, usual_ms: float, seed: int, sleep: Callable[[float], object] = time.sleep) -> None:
        """Zero is no delay at all."""
        self._usual, self._seed, self._sleep = usual_ms / 1000, seed, sleep
        self._count = count()

    def wait(self) -> None:
        """Wait as long as the next answer takes; each caller waits in a thread of its own."""
        if self._usual:
            self._sleep(self._usual * 2 ** (2 * fraction(self._seed, "latency", next(self._count)) - 1))
