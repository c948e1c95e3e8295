"""Time on the wire: what a caller waits beyond what the callee works, call by call, against its own history.

A slow network shows on every call to and from the place behind it, and in nobody's work.
"""

import numpy as np

from workers.agent import words
from workers.agent.leads import FEWEST, Lead, Move, move
from workers.agent.sight import Sight
from workers.agent.statistics import FAR, Floats
from workers.domain.telemetry import Activity
from workers.domain.window import Window

FLOOR = 0.01
"""Seconds: the least scatter; machines of one zone answer each other in far less."""
RELATIVE = 0.2
"""The least scatter as a share of the usual."""
COVERS = 0.5
"""The share of all the added time on wires that has to be on those of one place."""


def leads(sight: Sight, now: Window) -> list[Lead]:
    """The places that the slower wires have in common; of a single wire, its far end."""
    slower: dict[tuple[str, str], tuple[Move, Activity]] = {}
    calls = [one for one in sight.activity if one.kind == "call"]
    for one in calls:
        moved = waited(one, now)
        key = (one.service, one.callee)
        if moved and moved.score >= FAR and (key not in slower or moved.excess > slower[key][0].excess):
            slower[key] = moved, one
    total = sum(moved.excess for moved, _ in slower.values())
    found: list[Lead] = []
    for place in dict.fromkeys(end for key in slower for end in key):
        mine = {(one.service, one.callee) for one in calls if place in (one.service, one.callee)}
        keys = [key for key in slower if place in key]
        share = sum(slower[key][0].excess for key in keys) / total
        called = any(callee == place for _, callee in keys)
        if share >= COVERS and (called or len(keys) > 1):
            share *= (1 + len(keys) / len(mine)) / 2  # all of its wires, if it is the place
            worst = max(keys, key=lambda key: slower[key][0].excess)
            share *= _matters(*slower[worst]) * (1.0 if called else 0.5)
            found.append(Lead(place, "wire", share, _said(*slower[worst])))
    return found


def waited(one: Activity, now: Window) -> Move | None:
    """How the time on the wire of one kind of call moved."""
    inside = np.array([now.holds(at) for at in one.times], dtype=np.bool_)
    values = _numbers(one.own)
    if len(values) != len(inside):
        return None
    usual = _numbers(tuple(own for _, own in one.usual))
    usual = usual[~np.isnan(usual)]
    # One period of better days is enough: the time before this incident may hold another one.
    before = usual if len(usual) else values[~inside]
    moved = move(values[inside], before, FLOOR, RELATIVE, fewest=1 if len(usual) else FEWEST)
    # Clocks differ and medians do not subtract, but nothing arrives before it is sent.
    return moved and Move(max(moved.usual, 0.0), moved.scale, max(moved.now, 0.0))


def _matters(moved: Move, one: Activity) -> float:
    """How much of the whole call, as it is now, was added on its way."""
    seconds = _numbers(one.seconds)
    usual = float(np.nanmedian(seconds)) if np.any(~np.isnan(seconds)) else 0.0
    return moved.excess / max(moved.excess + min(usual, moved.excess * 9), 1e-9)


def _numbers(values: tuple[float | None, ...]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _said(moved: Move, one: Activity) -> str:
    now, usual = words.amount(moved.now, "seconds"), words.amount(moved.usual, "seconds")
    return f"a call from {one.service} to {one.callee} is {now} on the way (usually {usual})"
