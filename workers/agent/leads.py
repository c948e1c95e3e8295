"""What single witnesses say of where a cause is: a place, how much of it, and the figures in words.

Each witness compares what a place does now with its own history. "Now" reaches back to before the alarm,
since alarms fire late, and a value counts when it held for two points: one alone is what noise looks like.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from workers.agent import statistics, words
from workers.agent.sight import Sight
from workers.agent.statistics import Floats
from workers.domain.telemetry import Alarm, Series, Signal
from workers.domain.window import Window

Kind = Literal["strain", "wire", "flow", "errors", "impact", "late"]

LATE = timedelta(minutes=6)
"""How late an alarm may fire after what it warns of began: five periods of a minute, and one more."""
LONGEST = timedelta(hours=1)
"""The most that counts as now: what goes on for longer would have no history left to be held against."""
FEWEST = 3
"""Points before now that make a history; with fewer, the quieter half of all there is."""
SHORT = 50.0
"""The percent of its limit from which CPU is short in some part of a minute: below, nobody waits for it."""


@dataclass(frozen=True)
class Lead:
    """One witness against one place. `share`, from 0 to 1, is how much of it was found there."""

    place: str
    kind: Kind
    share: float
    finding: str
    at: datetime | None = None


@dataclass(frozen=True)
class Move:
    """Where a value usually is, with its scatter, and where it was for two points of now."""

    usual: float
    scale: float
    now: float

    @property
    def excess(self) -> float:
        return self.now - self.usual

    @property
    def score(self) -> float:
        return self.excess / self.scale


def present(sight: Sight) -> Window:
    """The time that counts as now: from before the alarm, or the last minutes, to the report."""
    at = sight.case.incident.at
    told = _reported(sight)
    since = told.since if told is not None else sight.onset or at
    return Window(start=min(max(since, at - LONGEST) - LATE / 6, at - LATE), end=at)


def symptom(sight: Sight) -> str:
    """What the alarm that was reported watches; else what users of notice something."""
    told = _reported(sight)
    return told.service if told is not None else sight.symptom


def _reported(sight: Sight) -> Alarm | None:
    text = sight.case.incident.text.lower()
    return next((a for a in sight.alarms if a.state == "alarm" and a.name.lower() in text), None)


def move(
    now: Floats, before: Floats, floor: float, relative: float, *, up: bool = True, fewest: int = FEWEST
) -> Move | None:
    """How a value moved; `None` without points now or any history."""
    now, before = now[~np.isnan(now)], before[~np.isnan(before)]
    if not len(now):
        return None
    if len(before) < fewest:
        every = np.sort(np.concatenate([now, before]))
        if len(every) < 2 * FEWEST - 1:
            return None
        before = every[: len(every) // 2] if up else every[-(len(every) // 2) :]
    middle = float(np.median(before))
    scatter = 1.4826 * float(np.median(np.abs(before - middle)))
    return Move(middle, max(scatter, relative * abs(middle), floor), sustained(now, up=up))


def sustained(now: Floats, *, up: bool = True) -> float:
    """The second most extreme of three points or more, since a single one may be noise."""
    ordered = np.sort(now)[::-1] if up else np.sort(now)
    return float(ordered[1] if len(ordered) >= FEWEST else ordered[0])


def series_move(one: Series, now: Window, *, up: bool = True) -> Move | None:
    """How a series moved, by its own floors; `None` where now holds too few of its points."""
    values = statistics.numbers(one)
    inside = np.array([now.holds(one.time(i)) for i in range(len(values))], dtype=np.bool_)
    if np.count_nonzero(inside) < FEWEST:
        return None
    before = np.concatenate([np.asarray(one.reference, dtype=np.float64), values[~inside]])
    relative = statistics.STEADY.get(one.signal, statistics.RELATIVE_FLOOR)
    return move(values[inside], before, statistics.FLOOR[one.signal], relative, up=up)


def strained(sight: Sight, now: Window) -> list[Lead]:
    """Places that are short of CPU, and were not before; full memory ends in a kill, which events tell."""
    found: list[Lead] = []
    for (place, signal), one in sight.series.items():
        moved = series_move(one, now) if signal is Signal.CPU and one.unit == "percent" else None
        if moved is None or moved.now < SHORT or moved.score < statistics.FAR:
            continue
        share = min(1.0, moved.excess / 100)
        found.append(Lead(place, "strain", share, said(one, moved), since(one, moved, now)))
    return found


def said(one: Series, moved: Move) -> str:
    now, usual = words.amount(moved.now, one.unit), words.amount(moved.usual, one.unit)
    return f"{one.service} {words.signal(one.signal)} {now} (usually {usual})"


def since(one: Series, moved: Move, now: Window) -> datetime | None:
    """The first point of now that is nearer to where the value went than to its usual."""
    middle = moved.usual + moved.excess / 2
    for index, value in enumerate(one.values):
        if value is not None and now.holds(one.time(index)) and (value - middle) * moved.excess > 0:
            return one.time(index)
    return None
