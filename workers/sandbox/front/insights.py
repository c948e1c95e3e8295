"""CloudWatch Logs Insights: lines, counts by minute or field, and patterns; other queries are malformed."""

import json
import re
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from workers.sandbox.estate.names import uuid
from workers.sandbox.estate.servicelog import Line
from workers.sandbox.front.desk import Desk, Handler, Result
from workers.sandbox.front.logs import group_of
from workers.sandbox.front.refusal import CloudError

MOST_KEPT = 200
_LIKE = re.compile(r'filter @message like (?:"(?P<text>[^"]*)"|/(?P<shape>.+)/)')
_BY = re.compile(r"stats count\(\*\) as lines by (?:(?P<bin>bin\(1m\)) as minute|`?(?P<field>[@\w.-]+)`?)")
_VARIABLE = re.compile(r"[0-9a-f]{8,}|\d+")
_queries: OrderedDict[str, dict[str, Any]] = OrderedDict()


def start_query(desk: Desk) -> Result:
    """StartQuery: it is answered when its results are asked for."""
    for name in desk.get("logGroupNames", []):
        group_of(desk, name)
    if desk.params["endTime"] < desk.params["startTime"]:
        raise CloudError("InvalidParameterException", "End time should not be before start time.")
    for part in desk.params["queryString"].split(" | "):
        if not part.startswith(("filter ", "stats ", "fields ", "sort ", "limit ", "pattern ")):
            raise CloudError("MalformedQueryException", f"unexpected symbol found {part[:40]}")
    key = uuid("query", desk.now, len(_queries), desk.params["queryString"])
    _queries[key] = dict(desk.params)
    while len(_queries) > MOST_KEPT:
        _queries.popitem(last=False)
    return {"queryId": key}


def get_query_results(desk: Desk) -> Result:
    """GetQueryResults: complete at once."""
    asked = _queries.get(desk.params["queryId"])
    if asked is None:
        raise CloudError("ResourceNotFoundException", "Query does not exist.")
    lines = list(_lines(desk, asked))
    kept = [line for line in lines if _holds(asked["queryString"], line.message)]
    rows = _rows(asked["queryString"], kept)
    size = float(sum(len(line.message) + 26 for line in lines))
    return {
        "results": [[{"field": key, "value": str(value)} for key, value in row.items()] for row in rows],
        "statistics": {
            "recordsMatched": float(len(kept)),
            "recordsScanned": float(len(lines)),
            "bytesScanned": size,
        },
        "status": "Complete",
    }


def stop_query(desk: Desk) -> Result:
    """StopQuery of one that is over, as all are."""
    raise CloudError("InvalidParameterException", "Query is not running.")


def _lines(desk: Desk, asked: dict[str, Any]) -> Iterator[Line]:
    end = min(asked["endTime"] + 1.0, desk.now - desk.lag.logs)
    for name in asked["logGroupNames"]:
        yield from desk.playing.lines.read(group_of(desk, name), float(asked["startTime"]), end)


def _holds(query: str, message: str) -> bool:
    return all(
        found["text"] in message if found["text"] is not None else bool(re.search(found["shape"], message))
        for found in _LIKE.finditer(query)
    )


def _rows(query: str, lines: list[Line]) -> Sequence[Mapping[str, object]]:
    by = _BY.search(query)
    most = int(query.rpartition("limit ")[2])
    if by is not None and by["bin"]:
        minutes = Counter(_stamp(line.at // 60_000 * 60_000) for line in lines)
        return [{"minute": minute, "lines": count} for minute, count in sorted(minutes.items())][:most]
    if by is not None:
        values = Counter(_value(by["field"], line) for line in lines)
        return [{by["field"]: value, "lines": count} for value, count in values.most_common(most)]
    if "pattern @message" in query:
        kinds = Counter(_VARIABLE.sub("<*>", line.message) for line in lines)
        return [
            {"@pattern": kind, "@sampleCount": count, "@ratio": round(count / len(lines), 4)}
            for kind, count in kinds.most_common(most)
        ]
    lines.sort(key=lambda line: line.at)
    return [
        {"@timestamp": _stamp(line.at), "@logStream": line.stream, "@message": line.message}
        for line in lines[:most]
    ]


def _value(field: str, line: Line) -> str:
    if field == "@logStream":
        return line.stream
    try:
        record = json.loads(line.message) if line.message.startswith("{") else {}
    except ValueError:
        record = {}
    return str(record.get(field, ""))


def _stamp(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


HANDLERS: dict[str, Handler] = {
    "StartQuery": start_query,
    "GetQueryResults": get_query_results,
    "StopQuery": stop_query,
}
