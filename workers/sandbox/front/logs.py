"""Amazon CloudWatch Logs: groups, streams, and the events that match a filter."""

from itertools import islice

from workers.sandbox.estate.lines import LogGroup
from workers.sandbox.estate.names import digest
from workers.sandbox.estate.servicelog import Line
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.pattern import compiled
from workers.sandbox.front.refusal import CloudError

EVENTS, BYTES = 10_000, 1_000_000
SCANNED = 40_000
"""Events looked at for one answer; a filter that matches little then answers with a token and few events."""
KEPT_DAYS = 14


def describe_log_groups(desk: Desk) -> Result:
    """DescribeLogGroups."""
    prefix, part = desk.get("logGroupNamePrefix", ""), desk.get("logGroupNamePattern", "")
    groups = [g for g in desk.playing.lines.groups() if g.name.startswith(prefix) and part in g.name]
    page, token = desk.page(groups, desk.get("limit", 50), desk.get("nextToken"), *_BAD_TOKEN)
    found = [
        {
            "logGroupName": group.name,
            "creationTime": int((desk.world.began - 86400 * 300) * 1000),
            "retentionInDays": KEPT_DAYS,
            "metricFilterCount": 0,
            "arn": desk.arn("logs", f"log-group:{group.name}:*"),
            "storedBytes": 1_000_000 + int(digest(group.name)[:7], 16),
            "logGroupClass": "STANDARD",
            "logGroupArn": desk.arn("logs", f"log-group:{group.name}"),
        }
        for group in page
    ]
    return trimmed({"logGroups": found, "nextToken": token})


def describe_log_streams(desk: Desk) -> Result:
    """DescribeLogStreams: one for each task that runs, or stopped not long ago."""
    group = _group(desk)
    streams = [
        s for s in _streams(desk, group) if s["logStreamName"].startswith(desk.get("logStreamNamePrefix", ""))
    ]
    by_time = desk.get("orderBy") == "LastEventTime"
    streams.sort(key=lambda s: s.get("lastEventTimestamp", 0) if by_time else s["logStreamName"])
    if desk.get("descending"):
        streams.reverse()
    page, token = desk.page(streams, desk.get("limit", 50), desk.get("nextToken"), *_BAD_TOKEN)
    return trimmed({"logStreams": list(page), "nextToken": token})


def filter_log_events(desk: Desk) -> Result:
    """FilterLogEvents: the streams of a group interleaved, oldest first."""
    group, matches = _group(desk), compiled(desk.get("filterPattern", ""))
    names, prefix = desk.get("logStreamNames"), desk.get("logStreamNamePrefix", "")
    if names and prefix:
        text = "logStreamNamePrefix and logStreamNames are mutually exclusive"
        raise CloudError("InvalidParameterException", text)
    limit = desk.get("limit", EVENTS)
    if not 0 < limit <= EVENTS:
        raise CloudError("InvalidParameterException", f"limit must be between 1 and {EVENTS}.")
    start, skip = _position(desk)
    end = min(desk.get("endTime", desk.now * 1000), (desk.now - desk.lag.logs) * 1000)
    lines = desk.playing.lines.read(group, max(start / 1000, desk.now - KEPT_DAYS * 86400), end / 1000)
    found, size, passed = [], 0, 0
    place, done = start, skip
    for scanned, line in enumerate(lines, 1):
        if line.at == start and passed < skip:
            passed += 1
            continue
        place, done = (place, done + 1) if line.at == place else (line.at, 1)
        wanted = (not names or line.stream in names) and line.stream.startswith(prefix)
        if wanted and matches(line.message):
            found.append(_event(desk, line))
            size += len(line.message) + 26
        if len(found) >= limit or size >= BYTES or scanned >= SCANNED:
            return {"events": found, "searchedLogStreams": [], "nextToken": _token(place, done)}
    return {"events": found, "searchedLogStreams": []}


def get_log_events(desk: Desk) -> Result:
    """GetLogEvents of one stream, oldest first or the newest ones."""
    group, stream = _group(desk), desk.params["logStreamName"]
    if stream not in {s["logStreamName"] for s in _streams(desk, group)}:
        raise CloudError("ResourceNotFoundException", "The specified log stream does not exist.")
    end = min(desk.get("endTime", desk.now * 1000), (desk.now - desk.lag.logs) * 1000)
    start = max(desk.get("startTime", (desk.now - 3600) * 1000), (desk.now - 3 * 3600) * 1000)
    lines = (
        line for line in desk.playing.lines.read(group, start / 1000, end / 1000) if line.stream == stream
    )
    limit = desk.get("limit", EVENTS)
    found = list(islice(lines, limit)) if desk.get("startFromHead") else list(lines)[-limit:]
    events = [{"timestamp": x.at, "message": x.message, "ingestionTime": x.at + 900} for x in found]
    mark = digest(stream, start, end)[:56]
    return {"events": events, "nextForwardToken": f"f/{mark}/s", "nextBackwardToken": f"b/{mark}/s"}


_BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")


def _group(desk: Desk) -> LogGroup:
    name = desk.get("logGroupName") or str(desk.get("logGroupIdentifier", "")).rpartition("log-group:")[2]
    return group_of(desk, name)


def group_of(desk: Desk, name: str) -> LogGroup:
    """The group of this name; refuses one that is not there as AWS does."""
    for group in desk.playing.lines.groups():
        if group.name == name.removesuffix(":*"):
            return group
    raise CloudError("ResourceNotFoundException", "The specified log group does not exist.")


def _streams(desk: Desk, group: LogGroup) -> list[Result]:
    found = []
    for name, since, until in desk.playing.lines.streams(group, desk.now):
        last = desk.now - desk.lag.logs if until is None or until > desk.now else until
        found.append(
            {
                "logStreamName": name,
                "creationTime": int(since * 1000),
                "firstEventTimestamp": int(since * 1000),
                "lastEventTimestamp": int(last * 1000),
                "lastIngestionTime": int(last * 1000) + 900,
                "uploadSequenceToken": digest(name)[:56],
                "arn": desk.arn("logs", f"log-group:{group.name}:log-stream:{name}"),
                "storedBytes": 0,
            }
        )
    return found


def _event(desk: Desk, line: Line) -> Result:
    identity = int(digest(line.at, line.stream, line.message)[:44], 16)
    return {
        "logStreamName": line.stream,
        "timestamp": line.at,
        "message": line.message,
        "ingestionTime": line.at + 400 + identity % 900,
        "eventId": f"{identity:056d}"[:56],
    }


def _position(desk: Desk) -> tuple[float, int]:
    """Where to begin: at startTime, or where a token says, with so many lines of that millisecond done."""
    token = desk.get("nextToken")
    if not token:
        return desk.get("startTime", 0), 0
    at, _, rest = token.partition("-")
    done, _, mark = rest.partition("-")
    if not (at.isdigit() and done.isdigit() and mark == digest("log token", at, done)[:32]):
        raise CloudError(*_BAD_TOKEN)
    return float(at), int(done)


def _token(at: float, done: int) -> str:
    return f"{int(at)}-{done}-{digest('log token', str(int(at)), str(done))[:32]}"


HANDLERS: dict[str, Handler] = {
    "DescribeLogGroups": describe_log_groups,
    "DescribeLogStreams": describe_log_streams,
    "FilterLogEvents": filter_log_events,
    "GetLogEvents": get_log_events,
}
