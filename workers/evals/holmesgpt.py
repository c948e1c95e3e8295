"""The holmesgpt-fixtures set: what Kubernetes tools printed, of which logs and events can be read as lines.

Runbook has no tool that asks Kubernetes, so descriptions, listings and definitions stay unread. The outputs
have no common time either: every line counts as written in the minute before the question.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from workers.domain.telemetry import Alarm, Resource, Topology
from workers.evals.lines import Row
from workers.evals.recorded import Counted, Recorded
from workers.evals.rootcausebench import TEMPLATES, WIDEST
from workers.tools.templates import Level, masked, read

SET = "holmesgpt-fixtures"
AT = datetime(2025, 1, 1, 12, tzinfo=UTC)
SAID = int(AT.timestamp()) - 60
# A replica set names its pods after itself, its hash and five letters, a job after itself and the letters.
POD = re.compile(r"(?:-[0-9a-f]{8,10})?-[a-z0-9]{5}$")
# `Warning  BackOff  3m (x9 over 4h)  kubelet  message`, as `kubectl describe` and `kubectl events` print it.
EVENT = re.compile(r"^\s*(?:\S.*?\s{2,})?(Normal|Warning)\s{2,}(\S+)\s{2,}(?:\S.*?\s{2,})*(\S.*)$")
LEVELS: dict[str, Level] = {"Normal": "info", "Warning": "warning"}
PARTS = ("stdout:", "stderr:")


def case(folder: Path, row: Row) -> Recorded:
    """One case, from its line of `cases.jsonl`."""
    place = folder / row["files"]["dir"]
    lines: dict[str, dict[str, Counted]] = defaultdict(dict)
    for path in sorted(place.glob("*.txt")):
        for name, level, text in _said(path.read_text(encoding="utf-8", errors="replace")):
            _count(lines[name], level, text)
    alert = _json(place / "investigate_request.json")
    labels = _part(_part(_json(place / "issue_data.json"), "raw"), "labels")
    subject = POD.sub("", str(_part(alert, "subject").get("name") or labels.get("pod") or ""))
    names = dict.fromkeys((*([subject] if subject else ()), *lines))
    title = str(alert.get("title") or "")
    told = " ".join(filter(None, (title, str(alert.get("description") or ""), subject)))
    alarm = Alarm(name=title, service=subject, signal=None, state="alarm", since=AT, source="recorded:alarms")
    return Recorded(
        id=row["id"],
        at=AT,
        text=f"ALARM: {told}" if alert else str(row["prompt"]),
        topology=Topology(resources=tuple(map(_resource, names))),
        series={},
        alarms=(alarm,) if subject else (),
        lines=lines,
    )


def _said(output: str) -> Iterator[tuple[str, Level, str]]:
    """Every line of a log and every event: of whom, how bad, and its words."""
    head, _, body = output.partition("\n")
    call = json.loads(head)
    given = _part(call, "match_params")
    name = POD.sub("", str(given.get("pod_name") or given.get("resource_name") or given.get("name") or ""))
    status, _, text = body.partition("\n")
    if not name or json.loads(status).get("status") != "success":
        return
    log = "logs" in call["tool_name"]
    for line in text.splitlines():
        event = EVENT.match(line)
        if log and line.strip() and line.strip() not in PARTS:
            level, message = read(line)
            yield name, level, message
        elif event and not log:
            yield name, LEVELS[event[1]], f"{event[2]}: {event[3]}"


def _count(known: dict[str, Counted], level: Level, text: str) -> None:
    template = masked(text[:WIDEST])
    before = known[template].minutes[SAID] if template in known else 0
    if before or len(known) < TEMPLATES:
        known[template] = Counted(level=level, example=text[:WIDEST], minutes={SAID: before + 1})


def _resource(name: str) -> Resource:
    return Resource(name=name, kind="service", id=name, system="recorded", attributes={"log_group": name})


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else {}


def _json(path: Path) -> Mapping[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
