"""CloudWatch Logs: what services complain about now that they did not complain about before."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from workers.domain.call import LogData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.telemetry import LogPattern
from workers.domain.window import Window, from_epoch
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.templates import Kind, Line, mined

# Lines that report trouble, whatever the language; FilterLogEvents matches any of these terms.
TROUBLE = " ".join(
    f"?{term}"
    for term in (
        "ERROR",
        "WARN",
        "FATAL",
        "CRITICAL",
        "SEVERE",
        "PANIC",
        "Exception",
        "Traceback",
        "error",
        "timeout",
        "timed",
        "refused",
        "denied",
        "expired",
        "OutOfMemory",
        "waiting",
        "deadlock",
        "Killed",
    )
)
LINES = 3000


@action(risk=Risk.READ, answers="logs", name="logs")
def cloudwatch_logs(account: Account, service: str, window: Window, before: Window) -> Answer:
    """Patterns of a service's warning and error lines in a window, counted against an earlier window."""
    group = account.inventory().log_group(service)
    if not group:
        raise ToolFailed(f"no log group is known for {service}", "Configure awslogs on its task definition.")
    with Counted() as counted:
        now, cut_now = _lines(account, group, window)
        was, cut_before = _lines(account, group, before)
    seconds, before_seconds = _covered(window, now, cut_now), _covered(before, was, cut_before)
    old = mined(was)
    link = _link(account.aws.region, group)
    patterns = tuple(
        _pattern(service, kind, old.get(template), seconds, before_seconds, link)
        for template, kind in sorted(mined(now).items(), key=lambda pair: -pair[1].count)
    )
    return Answer(
        data=LogData(patterns=patterns, lines=len(now)),
        source=f"logs:{group}",
        link=link,
        truncated=cut_now or cut_before,
        cost=counted.calls,
    )


TOOLSET = Toolset(name="logs", actions=(cloudwatch_logs,))


def _lines(account: Account, group: str, window: Window) -> tuple[list[Line], bool]:
    """At most `LINES` trouble lines, oldest first, and whether there were more."""
    events: list[dict[str, Any]] = account.aws.pages(
        "logs",
        "filter_log_events",
        "events",
        limit=LINES + 1,
        logGroupName=group,
        startTime=int(window.start.timestamp() * 1000),
        endTime=int(window.end.timestamp() * 1000),
        filterPattern=TROUBLE,
    )
    lines = [
        Line(at=from_epoch(e["timestamp"] / 1000), text=e["message"], stream=e.get("logStreamName", ""))
        for e in events
    ]
    lines.sort(key=lambda line: line.at)
    return lines[:LINES], len(lines) > LINES


def _covered(window: Window, lines: list[Line], cut: bool) -> float:
    """How many seconds of the window the lines stand for, so that a cut sample still gives a right rate."""
    end: datetime = lines[-1].at if cut and lines else window.end
    return max((end - window.start).total_seconds(), 1.0)


def _pattern(
    service: str, kind: Kind, old: Kind | None, seconds: float, before_seconds: float, link: str
) -> LogPattern:
    return LogPattern(
        service=service,
        template=kind.template,
        level=kind.level,
        count=kind.count,
        before=old.count if old else 0,
        seconds=seconds,
        before_seconds=before_seconds,
        first_seen=kind.first,
        example=kind.example,
        streams=kind.streams,
        source=f"logs:{service}",
        link=link,
    )


def _link(region: str, group: str) -> str:
    # The console wants the group's name encoded twice, with "$" for "%".
    name = quote(quote(group, safe=""), safe="").replace("%", "$")
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{name}"
