"""Times as people write them on a command line; without a zone they are UTC, as everything we print is."""

import re
from datetime import UTC, datetime, timedelta

from workers.domain.errors import RunbookError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
HOW = "Write 2026-03-01T14:05Z, 14:05 (UTC, of the last 24 hours) or 2h (ago)."


def moment(text: str, now: datetime) -> datetime:
    """The time that `text` means; raises `RunbookError` for nonsense and for the future."""
    at = _ago(text.strip(), now) or _clock(text.strip(), now) or _stamp(text.strip())
    if at is None:
        raise RunbookError(f"{text!r} is no time", HOW)
    if at > now:
        raise RunbookError(f"{text!r} is in the future: it is {now:%Y-%m-%d %H:%M} UTC now", HOW)
    return at


def _ago(text: str, now: datetime) -> datetime | None:
    found = re.fullmatch(r"-?(\d{1,6})\s*([smhd])(?:\s+ago)?", text)
    return now - timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None


def _clock(text: str, now: datetime) -> datetime | None:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if not found:
        return None
    today = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def _stamp(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    # A whole day says no time, and its midnight is hardly meant.
    if not re.search(r"\d:\d|T\d", text):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
