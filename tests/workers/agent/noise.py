"""Series as healthy systems publish them, and with something planted: generators of their own, by seed."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.workers import making
from workers.agent import statistics
from workers.domain.telemetry import Series, Signal

Floats = NDArray[np.float64]

LENGTH = 180
"""Three hours of minutes, as an investigation asks for."""


def series(signal: Signal, values: Floats, *, gaps: float = 0.0, seed: int = 0, unit: str = "") -> Series:
    """The values as a series; a share of `gaps` of its points never came."""
    lost = np.random.default_rng(seed).random(len(values)) < gaps
    points = [None if gone else float(value) for value, gone in zip(values, lost, strict=True)]
    found = making.series(points, signal=signal)
    return found.model_copy(update={"unit": unit}) if unit else found


def traffic(chance: np.random.Generator, rate: float) -> Floats:
    """Requests a minute over some part of a day, scattered as arrivals are."""
    return chance.poisson(rate * swing(chance)).astype(np.float64)


def swing(chance: np.random.Generator) -> Floats:
    """How busy three hours somewhere in the day are; by up to two fifths more or less than the day's mean."""
    turn = 2 * np.pi * (np.arange(LENGTH) / 1440 + chance.random())
    return 1 + chance.uniform(0, 0.4) * np.sin(turn)


def wander(chance: np.random.Generator, keeps: float, step: float) -> Floats:
    """Noise whose points resemble their neighbours."""
    walk = np.zeros(LENGTH)
    for index, move in enumerate(chance.normal(0, step, LENGTH)):
        walk[index] = (keeps * walk[index - 1] if index else 0.0) + move
    return walk


def healthy(seed: int) -> dict[Signal, Series]:
    """One healthy resource of a random size, from three to three thousand requests a minute."""
    chance = np.random.default_rng(seed)
    rate = 10 ** chance.uniform(0.5, 3.5)
    requests = traffic(chance, rate)
    errors = chance.binomial(requests.astype(int), 10 ** chance.uniform(-4, -2)).astype(np.float64)
    few = 0.04 * np.sqrt(1 + 200 / rate)
    values: dict[Signal, Floats] = {
        Signal.REQUESTS: requests,
        Signal.ERRORS: errors,
        Signal.LATENCY: 10 ** chance.uniform(-2.3, 0)
        * np.exp(wander(chance, 0.3, 0.06) + chance.normal(0, few, LENGTH)),
        Signal.CPU: np.clip(30 * swing(chance) * np.exp(chance.normal(0, 0.05, LENGTH)), 0, 100),
        Signal.MEMORY: 60 + wander(chance, 0.9, 0.2),
        Signal.CONNECTIONS: chance.poisson(40 * swing(chance)).astype(np.float64),
        Signal.READS: chance.poisson(200 * swing(chance)).astype(np.float64),
        Signal.HIT_RATIO: np.clip(0.95 + chance.normal(0, 0.005, LENGTH), 0, 1),
        Signal.QUEUE_AGE: np.abs(chance.normal(2, 1, LENGTH)),
        Signal.QUEUE_DEPTH: chance.poisson(3, LENGTH).astype(np.float64),
        Signal.FREE_STORAGE: 40e9 - 2e5 * np.arange(LENGTH) + chance.normal(0, 1e7, LENGTH),
    }
    found = {signal: series(signal, one) for signal, one in values.items()}
    share = statistics.rate(found[Signal.ERRORS], found[Signal.REQUESTS])
    return found | ({Signal.ERROR_RATE: share} if share is not None else {})


def stepped(signal: Signal, level: float, to: float, noise: float, onset: float, seed: int) -> Series:
    """`level` with relative `noise` that is `to` from minute `onset` on; parts of minutes count in part."""
    return shaped(signal, level, noise, seed, lambda t: (to - level) * np.clip(t + 1 - onset, 0, 1))


def shaped(
    signal: Signal, level: float, noise: float, seed: int, added: Callable[[Floats], Floats]
) -> Series:
    """`level` with relative `noise` and something added, as a function of the minute."""
    minutes = np.arange(LENGTH, dtype=np.float64)
    chance = np.random.default_rng(seed)
    values = (level + added(minutes)) * np.exp(chance.normal(0, noise, LENGTH))
    return series(signal, values)
