"""Cursor pagination, as all of Slack's lists do it."""

import base64
from typing import Any

from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import SlackError

MAX_LIMIT = 1000


def page(args: Arguments, name: str, rows: list[Any], default: int) -> dict[str, Any]:
    """One page of `rows` under `name`, with `has_more` and the cursor of the next one."""
    limit = args.number("limit", default) or default
    if not 0 < limit <= MAX_LIMIT:
        raise SlackError("invalid_limit")
    start = _position(args.text("cursor"))
    end = start + limit
    more = end < len(rows)
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if more else ""
    answer: dict[str, Any] = {name: rows[start:end], "response_metadata": {"next_cursor": cursor}}
    return answer | ({"has_more": more} if name == "messages" else {})


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "next":
            return int(number)
    except ValueError:
        pass
    raise SlackError("invalid_cursor")
