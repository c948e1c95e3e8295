"""Time that spans tell of: on the wire, at the far end of a call, in an operation itself, by its own history.

A slow network shows on every call to and from the place behind it, and in nobody's work.
"""

from datetime import datetime

import numpy as np

from workers.agent import statistics, words
from workers.agent.leads import FEWEST, Lead, Move, move, said, series_move, since, symptom
from workers.agent.sight import Sight
from workers.agent.statistics import FAR, Floats
from workers.domain.telemetry import Activity, Signal
from workers.domain.window import Window

FLOOR = 0.01
"""Seconds: the least scatter; machines of one zone answer each other in far less."""
RELATIVE = 0.2
"""The least scatter as a share of the usual."""
COVERS = 0.5
"""The share of all the added time on wires that has to be on those of one place."""
OFTEN = 10
"""The least count a minute of an operation whose time is judged: of fewer, one slow one makes the mean."""
Column = tuple[float | None, ...]
Slower = dict[str, tuple[Move, str, datetime | None]]
"""How much longer a place takes, with the finding in words and since when."""


def wire(sight: Sight, now: Window) -> list[Lead]:
    """The places that the slower wires have in common; of a single wire, its far end."""
    slower: dict[tuple[str, str], tuple[Move, Activity]] = {}
    calls = [one for one in sight.activity if one.kind == "call"]
    for one in calls:
        moved = _moved(one, one.own, tuple(own for _, _, own in one.usual), now)
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
            worst = max(keys, key=lambda key: slower[key][0].excess)
            share *= (1 + len(keys) / len(mine)) / 2  # all of its wires, if it is the place
            share *= _matters(*slower[worst]) * (1.0 if called else 0.5)
            found.append(Lead(place, "wire", share, _on_the_way(*slower[worst])))
    return found


def late(sight: Sight, now: Window) -> list[Lead]:
    """Places that take longer, by more than any place they call does, and so that it matters to users."""
    slower = _measured(sight, now)
    for place, one in (*_served(sight, now).items(), *_busy(sight, now).items()):
        slower.setdefault(place, one)
    front = sight.series.get((symptom(sight), Signal.LATENCY))
    waited = series_move(front, now) if front is not None else None
    found: list[Lead] = []
    for place, (moved, finding, at) in slower.items():
        below = max((slower[c][0].excess for c in sight.topology.callees(place) if c in slower), default=0.0)
        own = moved.excess - below
        if own > 0:
            share = own / (own + max(waited.usual if waited else 0.0, moved.usual))
            found.append(Lead(place, "late", share, finding, at))
    return found


def _measured(sight: Sight, now: Window) -> Slower:
    """What the metrics of each place say."""
    found: Slower = {}
    for (place, signal), one in sight.series.items():
        moved = series_move(one, now) if signal is Signal.LATENCY else None
        if moved is not None and moved.score >= statistics.FAR:
            found[place] = moved, said(one, moved), since(one, moved, now)
    return found


def _served(sight: Sight, now: Window) -> Slower:
    """What the callers of each place see: what they wait, less the wire."""
    found: Slower = {}
    for one in (one for one in sight.activity if one.kind == "call"):
        usual = _less(tuple(s for _, s, _ in one.usual), tuple(own for _, _, own in one.usual))
        moved = _moved(one, _less(one.seconds, one.own), usual, now)
        if moved and moved.score >= FAR:
            now_, usually = words.amount(moved.now, "seconds"), words.amount(moved.usual, "seconds")
            text = f"{one.callee} answers {one.service} in {now_} (usually {usually})"
            _keep(found, one.callee, moved, text)
    return found


def _busy(sight: Sight, now: Window) -> Slower:
    """What the frequent operations of each place take by themselves."""
    found: Slower = {}
    for one in (one for one in sight.activity if one.kind == "operation"):
        if sum(count or 0.0 for count in one.counts) < OFTEN * len(one.times):
            continue
        moved = _moved(one, one.own, tuple(own for _, _, own in one.usual), now)
        if moved and moved.score >= FAR:
            now_, usually = words.amount(moved.now, "seconds"), words.amount(moved.usual, "seconds")
            text = f"{one.service}: “{one.name[:80]}” takes {now_} by itself (usually {usually})"
            _keep(found, one.service, moved, text)
    return found


def _keep(found: Slower, place: str, moved: Move, text: str) -> None:
    """The worst of what is known of a place."""
    if place not in found or moved.excess > found[place][0].excess:
        found[place] = moved, text, None


def _moved(one: Activity, column: Column, usual: Column, now: Window) -> Move | None:
    """How one column of an activity moved."""
    inside = np.array([now.holds(at) for at in one.times], dtype=np.bool_)
    values, better = _numbers(column), _numbers(usual)
    if len(values) != len(inside):
        return None
    better = better[~np.isnan(better)]
    # One period of better days is enough: the time before this incident may hold another one.
    before = better if len(better) else values[~inside]
    moved = move(values[inside], before, FLOOR, RELATIVE, fewest=1 if len(better) else FEWEST)
    # Clocks differ and medians do not subtract, but nothing arrives before it is sent.
    return moved and Move(max(moved.usual, 0.0), moved.scale, max(moved.now, 0.0))


def _matters(moved: Move, one: Activity) -> float:
    """How much of the whole call, as it is now, was added on its way."""
    seconds = _numbers(one.seconds)
    usual = float(np.nanmedian(seconds)) if np.any(~np.isnan(seconds)) else 0.0
    return moved.excess / max(moved.excess + min(usual, moved.excess * 9), 1e-9)


def _less(whole: Column, part: Column) -> Column:
    return tuple(a - b if a is not None and b is not None else None for a, b in zip(whole, part, strict=True))


def _numbers(values: Column) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _on_the_way(moved: Move, one: Activity) -> str:
    now, usual = words.amount(moved.now, "seconds"), words.amount(moved.usual, "seconds")
    return f"a call from {one.service} to {one.callee} is {now} on the way (usually {usual})"
