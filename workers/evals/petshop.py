"""The petshop set: an AWS application of some forty components, five-minute series, a call graph."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from workers.domain.telemetry import Alarm, Edge, Resource, ResourceKind, Series, Signal, Topology, Unit
from workers.domain.window import Window, from_epoch
from workers.evals.recorded import Key, Recorded, on_grid

PERIOD = 300
QUIET = 5
"""Points of a window without a fault: cases have as many."""
Points = Mapping[Key, Mapping[int, float]]
# (metric, stat) of the files: our signal and unit
SIGNALS: dict[tuple[str, str], tuple[Signal, Unit, str]] = {
    ("latency", "Average"): (Signal.LATENCY, "seconds", "Average"),
    ("requests", "Sum"): (Signal.REQUESTS, "count", "Sum"),
    ("availability", "Average"): (Signal.ERRORS, "count", "Sum"),
}
KINDS: dict[str, ResourceKind] = {
    "Lambda": "function",
    "DynamoDB": "database",
    "SQL": "database",
    "SQS": "queue",
}
ALARMED = {"latency": Signal.LATENCY, "availability": Signal.ERROR_RATE}


def case(folder: Path, row: Mapping[str, Any]) -> Recorded:
    """One case, from its line of `cases.jsonl`."""
    points = _points(folder / row["files"]["metrics"])
    return _recorded(row, points, _points(folder / row["files"]["baseline"]))


def quiet(folder: Path, row: Mapping[str, Any], number: int) -> Recorded:
    """A window of the days without a fault, as long as a case, with an alarm where the case had one."""
    usual = _points(folder / row["files"]["baseline"])
    stamps = sorted({at for some in usual.values() for at in some})
    first = Random(f"{row['id']} {number}").randrange(len(stamps) - QUIET)
    inside = set(stamps[first : first + QUIET])
    points = {key: {at: v for at, v in some.items() if at in inside} for key, some in usual.items()}
    others = {key: {at: v for at, v in some.items() if at not in inside} for key, some in usual.items()}
    alarmed = {**row, "id": f"{row['id']}-quiet-{number}", "detect_ts": max(inside) - PERIOD}
    return _recorded(alarmed, points, others)


def _recorded(row: Mapping[str, Any], points: Points, usual: Points) -> Recorded:
    stamps = sorted({at for some in points.values() for at in some})
    window = Window(start=from_epoch(stamps[0]), end=from_epoch(stamps[-1] + PERIOD))
    series = {key: _series(key, some, usual.get(key, {}), window) for key, some in points.items()}
    node, signal = row["symptom"]["node"], ALARMED[row["symptom"]["metric"]]
    detected = from_epoch(row["detect_ts"])
    alarm = Alarm(
        name=f"{node} {row['symptom']['metric']}",
        service=node,
        signal=signal,
        state="alarm",
        since=detected,
        source="recorded:alarms",
    )
    edges = tuple(Edge(caller=a, callee=b, source="recorded") for a, b in row["edges"])
    names = dict.fromkeys([*row["services"], *(name for edge in row["edges"] for name in edge)])
    return Recorded(
        id=row["id"],
        at=max(window.end, detected),
        text=f"ALARM: {alarm.name}",
        topology=Topology(resources=tuple(map(_resource, names)), edges=edges),
        series=series,
        alarms=(alarm,),
        candidates=tuple(row["services"]),
    )


def _resource(name: str) -> Resource:
    # Requests, errors and latency are asked of services behind a balancer; these have them without one.
    attributes = {"target_group": "recorded"}
    return Resource(name=name, kind=_kind(name), id=name, system="recorded", attributes=attributes)


def _kind(name: str) -> ResourceKind:
    for word, kind in KINDS.items():
        if word in name:
            return kind
    return "service"


@cache
def _points(path: Path) -> dict[Key, dict[int, float]]:
    found: dict[Key, dict[int, float]] = defaultdict(dict)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            known = SIGNALS.get((row["metric"], row["stat"]))
            if known is None or not row["value"]:
                continue
            found[row["node"], known[0]][int(row["ts"])] = float(row["value"])
    for (node, signal), available in found.items():
        if signal is Signal.ERRORS:  # so far the share of requests, in percent, that did not fail
            asked = found.get((node, Signal.REQUESTS), {})
            found[node, signal] = {
                at: (1 - share / 100) * asked.get(at, 0.0) for at, share in available.items()
            }
    return found


def _series(key: Key, points: Mapping[int, float], usual: Mapping[int, float], window: Window) -> Series:
    _, unit, stat = next(row for row in SIGNALS.values() if row[0] is key[1])
    reference = tuple(usual[at] for at in sorted(usual))
    return on_grid(key, points, window, PERIOD, unit=unit, stat=stat, reference=reference)
