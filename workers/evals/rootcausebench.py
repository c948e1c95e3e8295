"""The rootcausebench set: an alert, logs, metrics by their own names, and commits that may have done it."""

import csv
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from workers.domain.telemetry import (
    Alarm,
    Change,
    Edge,
    LogPattern,
    Resource,
    ResourceKind,
    Series,
    Signal,
    Topology,
    Unit,
)
from workers.domain.window import Window, from_epoch
from workers.evals.recorded import Counted, Key, Recorded
from workers.tools.templates import Level, masked

PERIOD = 60
LOOKED = timedelta(minutes=10)
"""How long after the alarm the incident is looked into, where the record goes on so long."""
LONGEST = 40_000
"""Characters of a diff that are kept."""
WIDEST = 400
"""Characters of a line of a log that are kept."""
TEMPLATES = 500
"""Templates of a service's lines that are told apart."""
# What a metric's name says it measures, the first that fits: our signal and unit, and the factor to it.
SIGNALS: tuple[tuple[str, Signal, Unit, float], ...] = (
    (r"(5xx|error|failure).*(pct|percent)", Signal.ERROR_RATE, "ratio", 0.01),
    (r"(5xx|error|failure).*(ratio|rate$)", Signal.ERROR_RATE, "ratio", 1.0),
    (r"(5xx|errors?).*(per_sec|per_min|count|total)", Signal.ERRORS, "per_second", 1.0),
    (r"(server|request|response|http).*(duration|latency).*ms", Signal.LATENCY, "seconds", 0.001),
    (r"(server|request|response|http).*(duration|latency)", Signal.LATENCY, "seconds", 1.0),
    (r"^latency.*ms", Signal.LATENCY, "seconds", 0.001),
    (
        r"^(http_)?requests?_(per_sec|per_min|rate|count|total)|^(rps|qps)$",
        Signal.REQUESTS,
        "per_second",
        1.0,
    ),
    (r"oldest_message_age", Signal.QUEUE_AGE, "seconds", 1.0),
)
LEVELS: dict[str, Level] = {
    "DEBUG": "debug",
    "TRACE": "debug",
    "INFO": "info",
    "WARN": "warning",
    "WARNING": "warning",
    "ERROR": "error",
    "FATAL": "fatal",
    "CRITICAL": "fatal",
}
QUEUES = r"kafka|queue|sqs|rabbit"
# Fields of a line that say nothing of what happened.
PLAIN = frozenset({"timestamp", "service", "severity_text", "msg", "trace_id", "span_id", "http.route"})


def case(folder: Path, row: Mapping[str, Any]) -> Recorded:
    """One case, from its line of `cases.jsonl`."""
    place = folder / row["files"]["dir"]
    alert = _json(place / "alert.json", {})
    detected = from_epoch(row["detect_ts"])
    series = _metrics(place / "metrics.csv", detected + LOOKED)
    at = min(detected + LOOKED, max((one.window.end for one in series), default=detected + LOOKED))
    names = dict.fromkeys([*row["services"], *(name for edge in row["edges"] for name in edge)])
    known: dict[Key, Series] = {}
    for one in series:
        if one.signal is not Signal.OTHER:
            known.setdefault((one.service, one.signal), one)
    own = tuple(
        one if one.signal is Signal.OTHER else one.model_copy(update={"signal": Signal.OTHER})
        for one in series
        if known.get((one.service, one.signal)) is not one
    )
    alarm = _alarm(alert, row["symptom"], detected)
    return Recorded(
        id=row["id"],
        at=max(at, detected),
        text=f"ALARM: {alarm.name}: {row['symptom'].get('summary', '')}"[:1000],
        topology=Topology(
            resources=tuple(map(_resource, names)),
            edges=tuple(Edge(caller=a, callee=b, source="recorded") for a, b in row["edges"]),
        ),
        series=known,
        own=own,
        alarms=(alarm,),
        changes=_changes(place / "context"),
        logs=_joined(_patterns(place / "patterns.json"), _failed(place / "traces.json")),
        lines=_lines(place / "logs.ndjson"),
        candidates=tuple(row["services"]),
    )


def _alarm(alert: dict[str, Any], symptom: dict[str, Any], detected: datetime) -> Alarm:
    told = symptom | alert
    return Alarm(
        name=told.get("monitor") or f"{told['service']} {told['metric']}",
        service=told["service"],
        signal=_signal(told["metric"])[0],
        state="alarm",
        since=detected,
        reason=f"{told.get('summary', '')} ({told['metric']})"[:1000],
        source="recorded:alarms",
    )


def _resource(name: str) -> Resource:
    kind: ResourceKind = "queue" if re.search(QUEUES, name) else "service"
    attributes = {"measures": "recorded", "log_group": name}
    return Resource(name=name, kind=kind, id=name, system="recorded", attributes=attributes)


# -- metrics


def _metrics(path: Path, until: datetime) -> list[Series]:
    """Every series up to a moment, on one grid of minutes."""
    points: dict[tuple[str, str], dict[datetime, float]] = defaultdict(dict)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at, value = datetime.fromisoformat(row["timestamp"]), _number(row["value"])
            if value is not None and at < until:
                points[row["service"], row["metric"]][at] = value
    stamps = [at for some in points.values() for at in some]
    if not stamps:
        return []
    window = Window(start=min(stamps), end=max(stamps) + timedelta(seconds=PERIOD))
    return [_series(service, metric, some, window) for (service, metric), some in points.items()]


def _series(service: str, metric: str, points: dict[datetime, float], window: Window) -> Series:
    signal, unit, factor = _signal(metric)
    count = round(window.seconds / PERIOD)
    values: list[float | None] = [None] * count
    for at, value in points.items():
        values[int((at - window.start).total_seconds() // PERIOD)] = value * factor
    return Series(
        service=service,
        signal=signal,
        unit=unit,
        stat="recorded",
        window=window,
        period=PERIOD,
        values=tuple(values),
        source=f"recorded:{metric}",
        metric=metric,
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _signal(metric: str) -> tuple[Signal, Unit, float]:
    for pattern, signal, unit, factor in SIGNALS:
        if re.search(pattern, metric):
            return signal, unit, factor
    return Signal.OTHER, "count", 1.0


# -- logs


def _patterns(path: Path) -> dict[str, tuple[LogPattern, ...]]:
    found: dict[str, list[LogPattern]] = defaultdict(list)
    for row in _json(path, []):
        count = int(row["count"])
        before = max(0, count - int(str(row.get("delta_vs_baseline", "0")).replace("+", "") or 0))
        service, level = row["service"], "error" if row.get("sentiment") == "negative" else "info"
        text, source = row["signature"][:WIDEST], f"patterns:{service}"
        found[service].append(_pattern(service, text, level, count, before, source))
    return {service: tuple(some) for service, some in found.items()}


def _failed(path: Path) -> dict[str, tuple[LogPattern, ...]]:
    """What failed spans say, as lines of their services."""
    counts = Counter(
        (str(span.get("service")), str(span.get("error") or "")[:WIDEST])
        for span in _json(path, [])
        if span.get("status") == "ERROR"
    )
    found: dict[str, list[LogPattern]] = defaultdict(list)
    for (service, error), count in counts.items():
        if error:
            found[service].append(_pattern(service, error, "error", count, 0, f"traces:{service}"))
    return {service: tuple(some) for service, some in found.items()}


def _pattern(service: str, text: str, level: Level, count: int, before: int, source: str) -> LogPattern:
    return LogPattern(
        service=service,
        template=text,
        level=level,
        count=count,
        before=before,
        seconds=1.0,
        before_seconds=1.0,
        source=source,
    )


def _joined(*records: Mapping[str, tuple[LogPattern, ...]]) -> dict[str, tuple[LogPattern, ...]]:
    names = {service for record in records for service in record}
    return {name: tuple(p for record in records for p in record.get(name, ())) for name in sorted(names)}


def _lines(path: Path) -> dict[str, dict[str, Counted]]:
    """The lines by service and template, read one at a time; what exceeds the bounds is left out."""
    found: dict[str, dict[str, Counted]] = defaultdict(dict)
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", errors="replace") as file:
        while line := file.readline(1 << 20):
            row = _line(line)
            if row is None:
                continue
            service, level, text, minute = row
            kept = found[service]
            template = masked(text)
            if template in kept:
                counts = kept[template].minutes
                counts[minute] = counts.get(minute, 0) + 1
            elif len(kept) < TEMPLATES:
                kept[template] = Counted(level=level, example=text, minutes={minute: 1})
    return dict(found)


def _line(line: str) -> tuple[str, Level, str, int] | None:
    """Service, level, text and minute of a line; `None` for what is no line of a log."""
    try:
        row: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(row["timestamp"])
        service, message = str(row["service"]), str(row["msg"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    level = LEVELS.get(str(row.get("severity_text", "")).upper(), "unknown")
    more = [f"{key}={value}" for key, value in row.items() if key not in PLAIN and level != "info"]
    text = " ".join([message, *more])[:WIDEST]
    return service, level, text, int(at.timestamp()) // 60 * 60


# -- changes


def _changes(folder: Path) -> tuple[Change, ...]:
    commits = [_commit(row) for row in _json(folder / "commits.json", [])]
    deploys = [_deploy(row) for row in _json(folder / "deploys.json", [])]
    flags = [_flag(row) for row in _json(folder / "flags.json", [])]
    return (*commits, *deploys, *flags)


def _commit(row: dict[str, Any]) -> Change:
    return Change(
        id=row["sha"],
        at=datetime.fromisoformat(row["timestamp"]),
        kind="commit",
        service="",
        summary=str(row.get("message") or "")[:WIDEST],
        actor=str(row.get("author") or ""),
        after=row["sha"][:12],
        commit=row["sha"],
        files=tuple(map(str, (row.get("files_changed") or ())[:100])),
        diff=str(row.get("diff") or "")[:LONGEST],
        source="recorded:commits",
    )


def _deploy(row: dict[str, Any]) -> Change:
    return Change(
        id=f"{row['timestamp']}/{row['service']}",
        at=datetime.fromisoformat(row["timestamp"]),
        kind="deployment",
        service=row["service"],
        summary=f"{row.get('version', '')} was deployed to {row['service']}",
        after=str(row.get("version", "")),
        commit=str(row.get("commit_sha") or ""),
        source="recorded:deploys",
    )


def _flag(row: dict[str, Any]) -> Change:
    before, _, after = str(row.get("change", "")).partition("->")
    return Change(
        id=f"{row['timestamp']}/{row['flag']}",
        at=datetime.fromisoformat(row["timestamp"]),
        kind="flag",
        service=row["service"],
        summary=f"flag {row['flag']} was turned {after or before}",
        actor=str(row.get("actor") or ""),
        before=before,
        after=after,
        source="recorded:flags",
    )


def _json(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else otherwise
