"""The kinds of values a key can hold, and what is said of one that will not do."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    SecretStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from workers.domain.approver import ON_CALL
from workers.domain.value import Value

LONGEST_TTL = timedelta(hours=24)
LONGEST_GLASS = timedelta(hours=8)
INCIDENT_CHANNEL = r"^(inc|incident|sev[0-9])[-_]"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def wrong(what: str, mend: str) -> PydanticCustomError:
    """A refused value: what is wrong with it (never the value itself) and how to mend it."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "mend": mend})


def duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    parts = re.findall(r"(\d+)\s*([smhd])", value) if isinstance(value, str) else []
    if not parts or re.sub(r"(\d+)\s*([smhd])|\s", "", value):
        raise wrong("expected a length of time", "Write a number and a unit: 90s, 15m, 24h.")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def kept(value: timedelta) -> timedelta:
    if value < timedelta(days=7):
        raise wrong("is too short to look anything up", "Keep it for 7d at least; 36500d keeps it for ever.")
    return value


def short(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= LONGEST_TTL:
        raise wrong("is out of range", "An approval lives between 1m and 24h; 15m is usual.")
    return value


def glass(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= LONGEST_GLASS:
        raise wrong("is out of range", "Break-glass holds between 1m and 8h; 1h is usual.")
    return value


def words(value: Any) -> Any:
    # One variable can hold a list: APPROVERS=U1,U2.
    return (
        tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value
    )


def place(value: Path, info: ValidationInfo) -> Path:
    context: dict[str, str] = info.context or {}
    text = str(value)
    if text == "~" or text.startswith("~/"):
        text = context.get("home", "~") + text[1:]
    return Path(os.path.normpath(os.path.join(context.get("cwd", ""), text)))


def addressable(value: Path) -> Path:
    if re.search(r"[?#%]", str(value)):
        raise wrong(
            "holds ?, # or %, which mean something else in addresses", "Choose a plainer folder name."
        )
    return value


def pattern(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return re.compile(value)
    except re.error as error:
        raise wrong(
            f"is not a regular expression: {error}", f"The usual one is {INCIDENT_CHANNEL}"
        ) from error


def time_zone(value: str) -> str:
    if value not in available_timezones():
        raise wrong("is no time zone", "Zones look like Europe/Berlin.")
    return value


def starting(*starts: str, example: str) -> AfterValidator:
    def look(value: str | SecretStr) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text in starts:
            raise wrong("is not filled in", f"It looks like {example}")
        if not text.startswith(starts):
            raise wrong(f"must start with {' or '.join(starts)}", f"It looks like {example}")
        return value

    return AfterValidator(look)


def shaped(pattern: str, what: str, mend: str) -> AfterValidator:
    def look(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong(what, mend)
        return value

    return AfterValidator(look)


Duration = Annotated[timedelta, BeforeValidator(duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Place = Annotated[Path, AfterValidator(place)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(pattern)]
UserId = Annotated[
    str,
    shaped(
        r"[UW][A-Z0-9]{1,30}", "is not a Slack user id", "In Slack: profile, ⋮, Copy member ID (U012AB3CD)."
    ),
]
ChannelId = Annotated[
    str,
    shaped(
        r"[CG][A-Z0-9]{1,30}",
        "is not a Slack channel id",
        "In Slack: channel details, at the end (C012AB3CD).",
    ),
]
Approver = Annotated[
    str,
    shaped(
        rf"[UWS][A-Z0-9]{{1,30}}|{ON_CALL}",
        "is not a Slack user id, a user-group id or on-call",
        "In Slack: profile, ⋮, Copy member ID (U012AB3CD); of a group: ⋮, Copy group ID (S012AB3CD).",
    ),
]
Approvers = Annotated[tuple[Approver, ...], BeforeValidator(words)]
HostName = Annotated[
    str,
    shaped(
        r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+", "is not the name of a host", "Hosts look like wiki.example.com."
    ),
]
Region = Annotated[
    str, shaped(r"[a-z]{2,}(-[a-z]+)+-\d+", "is not an AWS region", "Regions look like us-east-1.")
]
AccountName = Annotated[
    str,
    shaped(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", "is not a name for an account", "Write one like prod-eu."),
]
Kept = Annotated[Duration, AfterValidator(kept)]
Ttl = Annotated[Duration, AfterValidator(short)]
HttpUrl = Annotated[str, starting("http://", "https://", example="https://host:port")]
# The SDK appends a method's name to it.
SlashedUrl = Annotated[HttpUrl, AfterValidator(lambda url: url if url.endswith("/") else url + "/")]


class Section(Value):
    """A part of the tree; its errors never repeat what was written, since that may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
