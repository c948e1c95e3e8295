"""Break-glass, as the audit chain has it: asked for by one person, opened by another, over by itself."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from workers.domain.value import Value
from workers.ledger import audit

ASKED, OPENED, ENDED, USED = "BreakGlassAsked", "BreakGlassOpened", "BreakGlassEnded", "BreakGlassUsed"
MOST = timedelta(hours=8)
"""The longest that it holds, whatever is on record."""
WAITS = timedelta(minutes=10)
"""How long somebody else has to confirm it."""


class Glass(Value):
    """What somebody wants lifted, and why; `until` when, once another person has confirmed it."""

    asked_by: str
    why: str
    at: datetime
    confirmed_by: str = ""
    until: datetime | None = None


def told(connection: Connection) -> str:
    """How a card ends while limits are lifted: by whom and until when, in words of ours; else empty."""
    held = newest(connection, datetime.now(UTC))
    people = (held.asked_by, held.confirmed_by) if held is not None and held.until is not None else ()
    if held is None or held.until is None or not all(re.fullmatch(r"[UW][A-Z0-9]+", one) for one in people):
        return ""
    until = f"<!date^{int(held.until.timestamp())}^{{time}}|{held.until:%H:%M} UTC>"
    return f" · *break-glass* by {' and '.join(f'<@{one}>' for one in people)} until {until}"


def newest(connection: Connection, now: datetime) -> Glass | None:
    """What holds, or waits to be confirmed; `None` where neither is so."""
    for seconds, told in audit.newest(connection, '"event":"BreakGlass'):
        at = datetime.fromtimestamp(seconds, UTC)
        match told["event"]:
            case "BreakGlassAsked":
                asked = Glass(asked_by=told["actor"], why=told["why"], at=at)
                return asked if at <= now < at + WAITS else None
            case "BreakGlassOpened":
                until = min(datetime.fromisoformat(told["until"]), at + MOST)
                opened = Glass(asked_by=told["asked_by"], why=told["why"], at=at)
                held = opened.model_copy(update={"confirmed_by": told["actor"], "until": until})
                return held if at <= now < until else None
            case "BreakGlassEnded":
                return None
            case _:
                pass  # that it was used, or was purged
    return None
