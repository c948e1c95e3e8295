"""Many threads at one thing at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")
PATIENCE = 60


def race(runners: int, run: Callable[[int], Answer]) -> list[Answer]:
    """What `run` gave to each of `runners` threads that started together."""
    line = threading.Barrier(runners)

    def one(number: int) -> Answer:
        line.wait(PATIENCE)
        return run(number)

    with ThreadPoolExecutor(runners) as pool:
        return [answer.result(PATIENCE) for answer in [pool.submit(one, n) for n in range(runners)]]
