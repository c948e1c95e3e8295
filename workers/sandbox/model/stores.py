"""What a call to a database, a cache, a queue or an outside host takes: samples of seconds and of failure."""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from workers.sandbox.model.queueing import Floats, advance_line, contention
from workers.sandbox.model.spec import Cache, Database, External

SAMPLES = 160
HANG_SECONDS = 130.0


FINE, ERROR, REFUSED = 0, 1, 2


class Outcomes(NamedTuple):
    """Samples of calls to a part, (rows, samples): seconds taken, and how each failed if any did.

    `queued` comes on top for everybody, in seconds for each step.
    """

    seconds: np.ndarray
    failed: np.ndarray | None = None
    queued: Floats | None = None


def outcomes(seconds: np.ndarray, failed: np.ndarray) -> Outcomes:
    """Outcomes in which some calls may have failed."""
    return Outcomes(seconds, failed if failed.any() else None)


def lognormal(rng: Generator, rows: int, median: Floats | float, spread: float) -> np.ndarray:
    """Samples around a median that may differ by row."""
    draws = np.exp(rng.standard_normal((rows, SAMPLES), dtype=np.float32) * np.float32(spread))
    return draws * np.asarray(median, dtype=np.float32).reshape(-1, 1)


def chance(rng: Generator, rows: int) -> np.ndarray:
    """Uniform draws, (rows, samples)."""
    return rng.random((rows, SAMPLES), dtype=np.float32)


class Load(NamedTuple):
    """How busy a database or cache is in each step."""

    cpu: Floats
    waiting: Floats


def database(
    spec: Database, rng: Generator, work: Floats, waiting: Floats, places: Floats, busy: Floats, dt: float
) -> tuple[Outcomes, Load]:
    """Statements against `work` a second, weighted by cost like `places`: how much can be in flight."""
    ceiling = np.maximum(spec.vcpus * (1 - busy), 0.05) / (spec.cpu_ms / 1000)
    line = advance_line(waiting, work, ceiling, places, dt)
    cpu = np.minimum(line.served * spec.cpu_ms / 1000 / spec.vcpus + busy, 1.0)
    median = spec.query_ms / 1000 * contention(cpu)
    seconds = lognormal(rng, len(work), median, spec.spread)
    queued = line.waiting / ceiling
    return Outcomes(seconds, queued=queued if queued.any() else None), Load(cpu, line.waiting)


def cache(spec: Cache, rng: Generator, rate: Floats, cpus: int = 2) -> tuple[Outcomes, Load]:
    """Commands against a Redis node; its engine runs on one core, the host has `cpus`."""
    engine = np.minimum(rate * spec.cpu_us / 1e6, 1.0)
    seconds = lognormal(rng, len(rate), spec.get_ms / 1000 * contention(engine), spec.spread)
    return Outcomes(seconds), Load(engine, np.zeros_like(rate))


def external(spec: External, rng: Generator, rows: int, slow: float, errors: float, hangs: float) -> Outcomes:
    """Calls to an outside host; `hangs` is the share that is never answered."""
    seconds = lognormal(rng, rows, spec.answer_ms / 1000 * slow, spec.spread)
    luck = chance(rng, rows)
    seconds[luck < hangs] = HANG_SECONDS
    failed = (luck >= hangs) & (luck < hangs + errors)
    return outcomes(seconds, failed.astype(np.int8))


def queue(rng: Generator, rows: int) -> Outcomes:
    """Sends of one message."""
    seconds = lognormal(rng, rows, 0.009, 0.4)
    return Outcomes(seconds)
