"""Waiting lines and contention; every figure is an array with one entry per step computed together."""

from typing import NamedTuple

import numpy as np

Floats = np.ndarray
"""One number for each step; counts and measures mix."""

MOVES = 0.34
"""How much of its limit a line can fill or empty in one step."""


class Line(NamedTuple):
    """A waiting line after a step: how many wait, and rates a second: possible, served, refused."""

    waiting: Floats
    rate: Floats
    served: Floats
    refused: Floats


def advance_line(waiting: Floats, arrivals: Floats, rate: Floats, limit: Floats | float, dt: float) -> Line:
    """Move a line of `waiting` through a step of `dt` seconds; beyond `limit` arrivals are refused.

    A short line fills or empties in less than a step, and what fills it depends on it: without the bound on
    its movement it would swing between empty and full.
    """
    wanted = np.clip(waiting + (arrivals - rate) * dt, 0.0, limit)
    bound = MOVES * np.asarray(limit)
    kept = np.minimum(np.clip(wanted, waiting - bound, waiting + bound), waiting + arrivals * dt)
    flow = np.maximum(arrivals + (waiting - kept) / dt, 0.0)
    served = np.minimum(flow, rate)
    return Line(kept, rate, served, flow - served)


def blocked(offered: Floats, places: float) -> Floats:
    """The share of calls that finds all places taken, where nobody waits (Erlang B).

    `offered` is how many places the calls would take if there were enough.
    """
    share = np.ones_like(offered)
    for place in range(1, round(places) + 1):
        share = offered * share / (place + offered * share)
    return share


def chance_wait(load: Floats, places: Floats | float, hold: Floats) -> tuple[Floats, Floats]:
    """Chance and mean length of a wait below saturation, for many places (Sakasegawa's approximation)."""
    load = np.clip(load, 0.0, 0.98)
    places = np.maximum(places, 1.0)
    mean = hold / places * load ** (np.sqrt(2 * (places + 1)) - 1) / (1 - load)
    chance = load ** np.sqrt(places)
    return chance, mean / np.maximum(chance, 1e-9)


def contention(load: Floats, sharpness: float = 3.0) -> Floats:
    """How much longer work takes when a processor is this busy (1 = idle)."""
    load = np.clip(load, 0.0, 0.96)
    return 1 + 0.5 * load**sharpness / (1 - load)
