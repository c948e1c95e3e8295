"""Slack's mrkdwn: every interpolated text is escaped here, so that no data can mention, link or format.

Secrets are hidden here once more: what was hidden where tools answered may have come in by another door.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

from workers.hiding import shown

# Slack formats only at the edge of a word; inside one (`pool_size`) these are letters like others.
_FORMATS = re.compile(r"(?<!\w)[*_~]|[*_~](?!\w)")


# More than any field of a message takes: a card is redrawn often, and megabytes of a log are not read twice.
LONGEST, LONGEST_URL = 12_000, 1000
_UNLINKABLE = re.compile(r"[<>|\s]")
# What must not be cut in two: a mention, date or link of ours, an entity.
_TORN = re.compile(r"<[@!h][^<>]*$|&(?:a|am|amp|l|lt|g|gt)?$")


@lru_cache(512)
def plain(text: str) -> str:
    """Text that shows what it is: nothing invisible, nothing that turns around, and no secret."""
    return shown(text, LONGEST)


def escape(text: str) -> str:
    """Text for mrkdwn and rich text fields: shown as it is, whatever it says."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def said(text: str) -> str:
    """Data inside a sentence of ours: escaped, and unable to make anything bold, struck out or code."""
    harmless = _FORMATS.sub("\u200b\\g<0>", escape(text))
    return harmless.replace("`", "ˋ")


def code(text: str) -> str:
    return f"`{escape(text).replace('`', 'ˋ')}`"


def link(url: str, label: str) -> str:
    """A link of ours; anything but https, or with a secret in it, stays plain text."""
    if (
        not url.startswith("https://")
        or len(url) > LONGEST_URL
        or _UNLINKABLE.search(url)
        or plain(url) != url
    ):
        return escape(label)
    return f"<{url.replace('&', '&amp;')}|{clamp(escape(label), 200).replace('|', '¦')}>"


def person(user: str) -> str:
    return f"<@{user}>" if re.fullmatch(r"[UW][A-Z0-9]+", user) else escape(user)


def moment(at: datetime) -> str:
    """A time in the reader's own zone."""
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{time}}|{fallback}>"


def clamp(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words and never inside `<…>`, an entity or a code fence."""
    if len(text) <= limit:
        return text
    whole = text[: limit - 1]
    cut = _TORN.sub("", whole) or whole
    space = max(cut.rfind(" "), cut.rfind("\n"))
    if space > limit * 0.6:
        cut = _TORN.sub("", cut[:space]) or cut
    if cut.count("```") % 2:
        return cut[: limit - 5] + "\n```"
    return cut.rstrip() + "…"
