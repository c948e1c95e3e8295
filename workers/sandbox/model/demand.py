"""How many requests a second arrive at the entry: a daily curve with a weekly shape, slow drift and noise.

A pure function of time and seed, so every window of the past can be computed on its own.
"""

from functools import cache

import numpy as np

from workers.sandbox.model.spec import Traffic

DAY, WEEK = 86400.0, 7 * 86400.0
# The epoch was a Thursday; days 2 and 3 of an epoch week are a Saturday and a Sunday.
_SATURDAY, _MONDAY = 2 * DAY, 4 * DAY
_TURN = 6 * 3600.0
"""Seconds in which a weekend comes and goes: a step at midnight would look like a surge."""
_SPEEDS = 2 * np.pi / np.array([17 * 60.0, 41 * 60.0, 97 * 60.0, 223 * 60.0])


def demand(traffic: Traffic, times: np.ndarray, seed: int) -> np.ndarray:
    """Expected requests a second at the entry at each of `times` (epoch seconds)."""
    hours = (times % DAY) / 3600.0
    angle = 2 * np.pi * (hours - traffic.peak_hour) / 24
    curve = 1 + traffic.swing * (0.86 * np.cos(angle) + 0.22 * np.cos(2 * angle) - 0.08)
    curve = curve * (1 + (traffic.weekend - 1) * _weekend(times % WEEK))
    return traffic.requests_per_second * curve * wobble(times, seed, 0.022)


def _weekend(since: np.ndarray) -> np.ndarray:
    """How much of a weekend it is at these seconds of an epoch week."""
    begun, left = (since - _SATURDAY) / _TURN + 0.5, (_MONDAY - since) / _TURN + 0.5
    return np.clip(np.minimum(begun, left), 0.0, 1.0)


def wobble(times: np.ndarray, seed: int, size: float) -> np.ndarray:
    """A slow drift around one, made of waves whose phases depend on the seed."""
    drift = np.sin(times[:, None] * _SPEEDS + _phases(seed)).sum(axis=1)
    return 1 + size * drift


@cache
def _phases(seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 77]).random(len(_SPEEDS)) * 2 * np.pi


def chance_at(times: np.ndarray, seed: int, slot: float) -> np.ndarray:
    """A number in [0, 1) for each slot of time, as if drawn by dice but known in advance."""
    value = np.sin((times // slot) * 12.9898 + (seed % 9973) * 78.233) * 43758.5453
    return value - np.floor(value)
