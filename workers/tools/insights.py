"""CloudWatch Logs Insights: four fixed kinds of queries, held to a cap because each bills by what it scans.

What is asked for is filled into a query's text as data that cannot end the place it stands in.
"""

import logging
import re
import time
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from workers.domain.call import StateData
from workers.domain.errors import Refused, RunbookError, ToolFailed
from workers.domain.risk import Risk
from workers.domain.value import Value
from workers.domain.window import Window, from_epoch
from workers.tools import metering
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted

log = logging.getLogger(__name__)

Kind = Literal["patterns", "by_minute", "top", "lines"]
# What each kind of query does with the lines that are left.
KINDS: dict[Kind, str] = {
    "patterns": "pattern @message | sort @sampleCount desc | limit 50",
    "by_minute": "stats count(*) as lines by bin(1m) as minute | sort minute asc | limit 1000",
    "top": "stats count(*) as lines by {field} | sort lines desc | limit 25",
    "lines": "fields @timestamp, @logStream, @message | sort @timestamp asc | limit 200",
}
TROUBLE = "error|warn|fatal|critical|exception|traceback|panic|timeout|timed out|refused|denied|killed"
FIELD = re.compile(r"@?[A-Za-z_][\w.-]{0,80}")
TEXT = re.compile(r"[\w .,:;/=@#()\[\]{}<>+*%&!?$'|~^-]{1,120}")
"""What can be searched for: no quotes, backslashes or line ends."""
DEADLINE, PAUSE = 20.0, 0.2
"""Seconds until a query is given up and stopped, and between looks at it."""
LEAST_SECONDS = 60
DAY = 86_400.0


class Place(Value):
    """A thing whose log group is asked."""

    service: str


Places = Annotated[tuple[Place, ...], Field(min_length=1, max_length=20)]


@action(risk=Risk.READ, answers="logs")
def logs_insights(
    account: Account,
    targets: Places,
    kind: Kind,
    window: Window,
    text: str = "",
    field: str = "",
    trouble: bool = False,
) -> Answer:
    """Logs of services that hold `text`: their patterns, count by_minute, top values of `field`, or lines."""
    query = _query(kind, text, field, trouble)
    names = list(dict.fromkeys(target.service for target in targets))
    with Counted() as counted:
        groups = _groups(account, names)
        estimate = sum(_estimate(account, group, window) for group in groups.values())
        _held(estimate, window)
        rows, looked = asked(account, query, list(groups.values()), window)
    found: dict[str, JsonValue] = {
        "kind": kind,
        "log_groups": [*groups.values()],
        "rows": [*rows],
        "bytes_scanned": looked,
    }
    return Answer(data=StateData(state=found), source=f"insights:{', '.join(names)}", cost=counted.calls)


TOOLSET = Toolset(name="insights", actions=(logs_insights,))


def _query(kind: Kind, text: str, field: str, trouble: bool) -> str:
    """The text of a query; raises `Refused` for what could be more than a piece of data."""
    if text and not TEXT.fullmatch(text):
        raise Refused("that text cannot be searched for", "Leave out quotes, backslashes and line ends.")
    if kind == "top" and not FIELD.fullmatch(field):
        raise Refused(f"there is no field {field[:80]!r}", "Name one field, as @logStream or status.")
    parts = [f'filter @message like "{text}"'] if text else []
    parts += [f"filter @message like /(?i)({TROUBLE})/"] if trouble else []
    quoted = field if re.fullmatch(r"@?\w+", field) else f"`{field}`"
    return " | ".join([*parts, KINDS[kind].format(field=quoted)])


def _groups(account: Account, names: list[str]) -> dict[str, str]:
    """By service, its log group; raises `ToolFailed` where one has none that is known."""
    groups = {name: account.inventory().log_group(name) for name in names}
    if dark := [name for name, group in groups.items() if not group]:
        raise ToolFailed(f"no log group is known for {', '.join(dark)}", "Ask about what logs somewhere.")
    return groups


def _estimate(account: Account, group: str, window: Window) -> int:
    """How many bytes a query of this window looks through: its share of what the group holds."""
    listed: list[dict[str, Any]] = account.aws.pages(
        "logs", "describe_log_groups", "logGroups", logGroupNamePrefix=group
    )
    found = next((one for one in listed if one["logGroupName"] == group), None)
    if found is None:
        raise ToolFailed(f"there is no log group {group}", "Its service may not have logged yet.")
    age = (window.end - from_epoch(found.get("creationTime", 0) / 1000)).total_seconds()
    kept = min(found.get("retentionInDays", 0) * DAY or age, max(age, DAY))
    return int(found.get("storedBytes", 0) * min(window.seconds / max(kept, DAY), 1.0))


def _held(estimate: int, window: Window) -> None:
    """Raises `Refused` where that is more than is left, with the window that would not be."""
    try:
        metering.scanning(estimate)
    except Refused as error:
        fits = int(window.seconds * (metering.left_to_scan() or 0) / max(estimate, 1)) // 60
        mend = f"At most {fits} minutes would do." if fits * 60 >= LEAST_SECONDS else "None is left to ask."
        raise Refused(str(error), f"{mend} {error.mend}") from error


def asked(
    account: Account, query: str, groups: list[str], window: Window, deadline: float = DEADLINE
) -> tuple[list[dict[str, JsonValue]], int]:
    """The rows of a query and the bytes it looked through. Whatever goes wrong, it does not run on."""
    started = account.aws.call(
        "logs",
        "start_query",
        logGroupNames=groups,
        startTime=int(window.start.timestamp()),
        endTime=int(window.end.timestamp()) - 1,  # AWS counts the last second in
        queryString=query,
    )
    key: str = started["queryId"]
    try:
        reply = _ended(account, key, deadline)
    except RunbookError:
        _stop(account, key)
        raise
    rows: list[list[dict[str, str]]] = reply.get("results", [])
    return [
        {cell["field"]: cell.get("value", "") for cell in row if cell["field"] != "@ptr"} for row in rows
    ], _scanned(reply)


def _ended(account: Account, key: str, deadline: float) -> dict[str, Any]:
    """The last answer of a query that is done; what it looked through is taken off as it goes."""
    until, taken = time.monotonic() + deadline, 0
    while True:
        reply = account.aws.call("logs", "get_query_results", queryId=key)
        metering.scanned(_scanned(reply) - taken)
        taken = _scanned(reply)
        status = reply.get("status")
        if status == "Complete":
            return reply
        if status not in ("Scheduled", "Running", "Unknown"):
            raise ToolFailed(f"the query of logs ended as {status}", "Ask about a shorter window.")
        metering.scanning(0)  # the estimate may have been too low
        if time.monotonic() > until:
            raise ToolFailed(
                f"the query of logs took longer than {deadline:g} seconds and was stopped",
                "Ask about a shorter window.",
            )
        time.sleep(PAUSE)


def _scanned(reply: dict[str, Any]) -> int:
    return int(reply.get("statistics", {}).get("bytesScanned", 0))


def _stop(account: Account, key: str) -> None:
    try:
        account.aws.call("logs", "stop_query", queryId=key)
    except RunbookError as error:
        # It ends by itself after an hour, and may be over already.
        log.warning("the query of logs %s could not be stopped: %s", key, error)
