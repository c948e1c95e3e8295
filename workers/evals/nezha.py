"""The nezha set: two shops of many services, series of a minute, spans, calls and log templates by minute."""

import csv
import gzip
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from workers.domain.telemetry import Activity, Alarm, Edge, Resource, Series, Signal, Topology, Unit
from workers.domain.window import Window, from_epoch
from workers.evals.recorded import Key, Recorded, on_grid

PERIOD = 60
ENTRY = "ENTRY"
"""The name under which the files keep what users of the whole shop saw."""
# Metric of the files: our signal, unit and stat, and what one of theirs is in ours.
SIGNALS: dict[str, tuple[Signal, Unit, str, float]] = {
    "CpuUsageRate(%)": (Signal.CPU, "percent", "Average", 1.0),
    "MemoryUsageRate(%)": (Signal.MEMORY, "percent", "Average", 1.0),
    "PodServerLatencyP90(s)": (Signal.LATENCY, "seconds", "p90", 1.0),
    "PodWorkload(Ops)": (Signal.REQUESTS, "count", "Sum", float(PERIOD)),
}
SERVED = "server_mean"
Row = Mapping[str, str]


def case(folder: Path, row: Mapping[str, Any]) -> Recorded:
    """One case, from its line of `cases.jsonl`."""
    files = {kind: folder / path for kind, path in row["files"].items()}
    edges = tuple(Edge(caller=a, callee=b, source="recorded") for a, b in row["edges"])
    names = dict.fromkeys([*row["services"], *(name for edge in row["edges"] for name in edge)])
    topology = Topology(resources=tuple(map(_resource, names)), edges=edges)
    front = _front(topology)
    detected = from_epoch(row["detect_ts"])
    metrics = _rows(files.get("metrics"))
    series = _series(metrics, front)
    activity = (*_mesh(metrics), *_traced(files, detected), *_logged(files, detected))
    alarm = Alarm(
        name=f"{front} requests",
        service=front,
        signal=Signal.LATENCY,
        state="alarm",
        since=detected,
        source="recorded:alarms",
    )
    return Recorded(
        id=row["id"],
        at=_end(detected, series.values(), activity),
        text=f"ALARM: {alarm.name}",
        topology=topology,
        series=series,
        alarms=(alarm,),
        activity=activity,
        candidates=tuple(names),
    )


def _end(detected: datetime, series: Iterable[Series], activity: Iterable[Activity]) -> datetime:
    """The end of the record, or the alarm where that came later."""
    ends = [one.window.end for one in series]
    ends += [one.times[-1] + timedelta(seconds=one.period) for one in activity if one.times]
    return max([detected, *ends])


def _resource(name: str) -> Resource:
    # Requests and latency are asked of services behind a balancer; these have them without one.
    attributes = {"target_group": "recorded", "activity": "recorded"}
    return Resource(name=name, kind="service", id=name, system="recorded", attributes=attributes)


def _front(topology: Topology) -> str:
    """Where users come in: what nobody calls and what most others are below of."""
    names = [resource.name for resource in topology.resources]
    roots = [name for name in names if not topology.callers(name)]
    return max(roots or names, key=lambda name: len(topology.downstream(name)), default="")


# -- series


def _series(rows: list[Row], front: str) -> dict[Key, Series]:
    points: dict[Key, dict[int, float]] = defaultdict(dict)
    succeeded: dict[int, float] = {}
    for row in rows:
        value, minute = _number(row["value"]), _minute(row["ts"])
        if value is None or minute is None:
            continue
        if row["service"] == ENTRY and row["metric"] == "SuccessRate(%)":
            succeeded[minute] = value
        elif row["metric"] in SIGNALS and row["service"] != ENTRY:
            signal, _, _, factor = SIGNALS[row["metric"]]
            points[row["service"], signal][minute] = value * factor
    if any(succeeded.values()):  # one that was zero all the time was never measured
        asked = points.get((front, Signal.REQUESTS), {})
        points[front, Signal.ERRORS] = {
            at: (1 - share / 100) * asked[at] for at, share in succeeded.items() if at in asked
        }
    minutes = [at for some in points.values() for at in some]
    if not minutes:
        return {}
    window = Window(start=from_epoch(min(minutes) * PERIOD), end=from_epoch((max(minutes) + 1) * PERIOD))
    return {key: _one(key, some, window) for key, some in points.items() if some}


def _one(key: Key, points: dict[int, float], window: Window) -> Series:
    shapes: dict[Signal, tuple[Unit, str]] = {row[0]: (row[1], row[2]) for row in SIGNALS.values()}
    unit, stat = shapes.get(key[1], ("count", "Sum"))
    stamped = {at * PERIOD: value for at, value in points.items()}
    return on_grid(key, stamped, window, PERIOD, unit=unit, stat=stat)


def _minute(stamp: str) -> int | None:
    at = _number(stamp)
    return None if at is None else math.floor(at / PERIOD)


# -- what each service did


Cell = tuple[float, float | None, float | None]
NEVER: Cell = (0.0, None, None)


@dataclass
class Doing:
    """One activity while it is read: (count, seconds, own) by time, and of better days."""

    now: dict[datetime, Cell]
    usual: dict[str, Cell]


Name = tuple[str, str, str, str]
"""Service, name, callee, level."""


def _traced(files: Mapping[str, Path], near: datetime) -> Iterator[Activity]:
    spans, edges = _rows(files.get("traces")), _rows(files.get("edges"))
    usual = _usual(files.get("normal_traces")), _usual(files.get("normal_edges"))
    yield from _read("operation", spans, usual[0], ("n", "dur_mean", "self_mean"), near)
    yield from _read("call", edges, usual[1], ("n", SERVED, "gap_median"), near)


def _logged(files: Mapping[str, Path], near: datetime) -> Iterator[Activity]:
    usual = _usual(files.get("normal_logs"))
    yield from _read("line", _rows(files.get("logs")), usual, ("count", "", ""), near)


Kind = Literal["operation", "call", "line"]


def _read(
    kind: Kind, rows: Iterable[Row], usual: Iterable[Row], columns: tuple[str, str, str], near: datetime
) -> Iterator[Activity]:
    """One activity for each name, on the minutes that any row of the file has."""
    found: dict[Name, Doing] = defaultdict(lambda: Doing({}, {}))
    for row in rows:
        now, at = found[_name(kind, row)].now, _clocked(row["minute"], near)
        now[at] = _cell(row, columns, now.get(at, NEVER))
    for row in usual:
        better = found[_name(kind, row)].usual
        better[row["minute"]] = _cell(row, columns, better.get(row["minute"], NEVER))
    times = sorted({at for one in found.values() for at in one.now})
    minutes = sorted({minute for one in found.values() for minute in one.usual})
    for (service, name, callee, level), one in found.items():
        now = [one.now.get(at, NEVER) for at in times]
        yield Activity(
            service=service,
            kind=kind,
            name=name,
            callee=callee,
            level=level,
            period=PERIOD,
            times=tuple(times),
            counts=tuple(count for count, _, _ in now),
            seconds=() if kind == "line" else tuple(seconds for _, seconds, _ in now),
            own=() if kind == "line" else tuple(own for _, _, own in now),
            usual=tuple(one.usual.get(minute, NEVER) for minute in minutes),
            source="recorded:logs" if kind == "line" else "recorded:traces",
        )


def _cell(row: Row, columns: tuple[str, str, str], known: Cell) -> Cell:
    """What a row says, in seconds, added to what another one of the same name did."""
    count, seconds, own = (_number(row.get(column, "")) for column in columns)
    if columns[1] == SERVED:  # the callee's side; what its callers wait is the wire besides
        seconds = None if seconds is None or own is None else seconds + own
    return known[0] + (count or 0.0), _scaled(seconds), _scaled(own)


def _name(kind: Kind, row: Row) -> Name:
    if kind == "call":
        return row["caller"], f"{row['caller']} to {row['callee']}", row["callee"], ""
    if kind == "operation":
        return row["service"], row["OperationName"], "", ""
    return row["service"], row["template"], "", _level(row["template"])


def _mesh(rows: list[Row]) -> Iterator[Activity]:
    """The calls as the metrics tell them: the median seconds at either end, uncounted."""
    ends: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        value, minute = _number(row["value"]), _minute(row["ts"])
        if "->" in row["service"] and value is not None and minute is not None:
            ends[row["service"]][row["metric"]][minute] = value
    minutes = sorted({at for sides in ends.values() for side in sides.values() for at in side})
    for name, sides in ends.items():
        caller, _, callee = name.partition("->")
        client, server = sides["edge_client_p50"], sides["edge_server_p50"]
        yield Activity(
            service=caller,
            kind="call",
            name=f"{caller} to {callee}",
            callee=callee,
            period=PERIOD,
            times=tuple(from_epoch(at * PERIOD) for at in minutes),
            counts=(None,) * len(minutes),
            seconds=tuple(client.get(at) for at in minutes),
            own=tuple(client[at] - server[at] if at in client and at in server else None for at in minutes),
            source="recorded:mesh",
        )


_LEVEL = re.compile(r"(?i)\b(fatal|error|warn(?:ing)?|info|debug)\b")


def _level(template: str) -> str:
    found = _LEVEL.search(template[:80])
    return found.group(1).lower() if found else ""


def _clocked(minute: str, near: datetime) -> datetime:
    """`HH_MM` as the moment nearest to another."""
    hour, _, rest = minute.partition("_")
    at = near.replace(hour=int(hour), minute=int(rest), second=0, microsecond=0)
    return min((at + timedelta(days=days) for days in (-1, 0, 1)), key=lambda one: abs(one - near))


def _scaled(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@cache
def _usual(path: Path | None) -> tuple[Row, ...]:
    """The rows of a minute in order; many cases share one file."""
    return tuple(_rows(path))


def _rows(path: Path | None) -> list[Row]:
    """The rows of a file, none where it was not recorded."""
    if path is None or not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))
