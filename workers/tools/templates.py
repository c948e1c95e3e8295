"""Log lines that differ only in their variables, as one template with counts."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from workers.domain.value import Value
from workers.hiding import redacted

Level = Literal["debug", "info", "warning", "error", "fatal", "unknown"]

# What varies between lines of one kind, most specific first.
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?: UTC)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<ip>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b", re.I), "<hex>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.I), "<hex>"),
    (re.compile(r"(?<![A-Za-z_])[-+]?\d+(?:\.\d+)?(?:ms|s|us|kb|mb|gb|%)?(?![A-Za-z_])", re.I), "<n>"),
    (re.compile(r"(?<=[A-Za-z_-])\d{2,}\b"), "<n>"),
)
_LEVEL = re.compile(r"\b(DEBUG|INFO|NOTICE|LOG|WARN(?:ING)?|ERROR|SEVERE|FATAL|CRITICAL|PANIC)\b")
_LEVELS: dict[str, Level] = {
    "DEBUG": "debug",
    "INFO": "info",
    "NOTICE": "info",
    "LOG": "info",
    "WARN": "warning",
    "WARNING": "warning",
    "ERROR": "error",
    "SEVERE": "error",
    "FATAL": "fatal",
    "CRITICAL": "fatal",
    "PANIC": "fatal",
}
# An exception by its name, as Java, Python, JavaScript or Go print it at the start of a line.
_EXCEPTION = re.compile(r"^\s*(?:Caused by: )?(?:[\w.$]*(?:Exception|Error|Fault|Panic)\b|panic: ).*")
LONGEST = 400


class Line(Value):
    """One log event: when, what it says, and who wrote it (a task, an instance)."""

    at: datetime
    text: str
    stream: str


class Kind(Value):
    """All lines of one template."""

    template: str
    level: Level
    count: int
    first: datetime
    example: str
    streams: dict[str, int]


def mined(lines: Iterable[Line]) -> dict[str, Kind]:
    """The lines by template. The first line of a multi-line event stands for it."""
    grouped: dict[str, list[tuple[Line, Level, str]]] = {}
    for line in lines:
        level, message = read(line.text)
        # Hidden first: a mask inside a secret would leave the rest of it unrecognised.
        message = redacted(message)
        grouped.setdefault(masked(message), []).append((line, level, message))
    return {template: _kind(template, some) for template, some in grouped.items()}


def _kind(template: str, some: list[tuple[Line, Level, str]]) -> Kind:
    streams: dict[str, int] = {}
    for line, _, _ in some:
        streams[line.stream] = streams.get(line.stream, 0) + 1
    first = min(line.at for line, _, _ in some)
    return Kind(
        template=template, level=some[0][1], count=len(some), first=first, example=some[0][2], streams=streams
    )


def masked(message: str) -> str:
    """A line with what varies replaced by `<n>`, `<id>`, …"""
    for pattern, name in _MASKS:
        message = pattern.sub(name, message)
    return re.sub(r"\s+", " ", message).strip()


def read(text: str) -> tuple[Level, str]:
    """The level and message of a line, plain or JSON."""
    text = text.strip()
    if text.startswith("{"):
        try:
            return _from_json(json.loads(text))
        except (ValueError, RecursionError):
            pass  # not JSON after all, or absurdly deep: read it as plain text
    first, _, rest = text.partition("\n")
    found = _LEVEL.search(first)
    thrown = _thrown(rest) if rest else ""
    # What stands before the level (a time, a host, a process) says nothing about the trouble.
    head = first[found.start() :][:LONGEST] if found else first[:LONGEST]
    message = f"{head} | {thrown[:LONGEST]}" if thrown and thrown not in head else head
    return (_LEVELS[found.group(1)] if found else "unknown"), message


def _thrown(rest: str) -> str:
    """The exception that a stack trace ends in: the deepest cause in Java, the last line in Python."""
    named = [line.strip() for line in rest.splitlines() if _EXCEPTION.match(line)]
    caused = [line for line in named if line.startswith("Caused by")]
    return (caused or named[-1:] or [""])[-1]


def _from_json(record: dict[str, Any]) -> tuple[Level, str]:
    fields = {key.lower(): value for key, value in record.items()}
    word = str(next((fields[k] for k in ("level", "severity", "loglevel") if k in fields), "")).upper()
    message = str(next((fields[k] for k in ("message", "msg", "event") if k in fields), ""))
    error = str(next((fields[k] for k in ("error", "exception", "err") if k in fields), ""))
    text = f"{message}: {error}" if error and error not in message else message
    return _LEVELS.get(word, "unknown"), (text or json.dumps(record))[:LONGEST]
