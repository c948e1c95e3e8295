"""The same cases made harder, and windows in which nothing happened. All dice are thrown by the case's id."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from workers.domain.telemetry import Series
from workers.domain.window import Window
from workers.evals import petshop
from workers.evals.recorded import Recorded

Row = Mapping[str, Any]
Read = Callable[[Path, Row], Recorded]

SOONEST, LATEST = 60, 300
"""Seconds by which the alert comes too early or too late."""
MISSING = 0.3
"""The share of the series that nobody recorded."""
WINDOWS = 3
"""Windows of the good days for each case."""
EARLY = 1 / 3
"""The part of a record, up to its alert, in which nothing is taken to have happened yet."""
SHORTEST = 15
"""Points of a series that make a window."""


def off(read: Read, folder: Path, row: Row) -> Iterator[Recorded]:
    """The alert came some minutes too early or too late."""
    dice = Random(f"off {row['id']}")
    seconds = dice.choice((-1, 1)) * dice.randint(SOONEST, LATEST)
    yield read(folder, {**row, "detect_ts": row["detect_ts"] + seconds})


def sparse(read: Read, folder: Path, row: Row) -> Iterator[Recorded]:
    """A part of the series is missing, wherever it is; what the alarm watches is there."""
    case, dice = read(folder, row), Random(f"sparse {row['id']}")
    alarmed = {alarm.service for alarm in case.alarms}
    kept = {key: one for key, one in case.series.items() if key[0] in alarmed or dice.random() >= MISSING}
    yield replace(case, series=kept)


def untraced(read: Read, folder: Path, row: Row) -> Iterator[Recorded]:
    """One service keeps no spans, calls or lines, which may be the one at fault."""
    case = read(folder, row)
    kept = sorted({one.service for one in case.activity})
    if kept:
        silent = Random(f"untraced {row['id']}").choice(kept)
        yield replace(case, activity=tuple(one for one in case.activity if one.service != silent))


def quiet(read: Read, folder: Path, row: Row) -> Iterator[Recorded]:
    """Windows without a fault: of days that are known to be good, or early in a record of one incident.

    A record of faults that were injected one after the other has none.
    """
    if "baseline" in row["files"]:
        yield from (petshop.quiet(folder, row, number) for number in range(WINDOWS))
        return
    case = read(folder, row)
    if not case.changes:
        return
    began = min(one.window.start for one in case.series.values())
    until = began + EARLY * (min(alarm.since for alarm in case.alarms) - began)
    series = {key: cut for key, one in case.series.items() if (cut := _until(one, until)) is not None}
    if series:
        alarms = tuple(a.model_copy(update={"since": until - timedelta(minutes=1)}) for a in case.alarms)
        changes = tuple(change for change in case.changes if change.at < until)
        yield replace(
            case,
            id=f"{case.id}-quiet",
            at=until,
            series=series,
            own=tuple(cut for one in case.own if (cut := _until(one, until)) is not None),
            alarms=alarms,
            changes=changes,
            logs={},
            activity=(),
        )


def _until(one: Series, until: datetime) -> Series | None:
    """The part of a series that was over by then; `None` where that is too little."""
    count = int((until - one.window.start).total_seconds() // one.period)
    if count < SHORTEST:
        return None
    window = Window(start=one.window.start, end=one.time(count))
    return one.model_copy(update={"window": window, "values": one.values[:count]})


VARIANTS: dict[str, Callable[[Read, Path, Row], Iterator[Recorded]]] = {
    "off": off,
    "sparse": sparse,
    "untraced": untraced,
    "quiet": quiet,
}
"""What can be made of a case. All but `quiet` keep its id and its label."""
