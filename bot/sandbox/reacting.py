"""Emoji on messages, put there by the app or by people."""

from typing import Any

from bot.sandbox import events, posting
from bot.sandbox.errors import SlackError
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Message

MAX_EMOJI = 50
MAX_PER_PERSON = 23


def add(slack: Slack, message: Message, user: str, name: str) -> None:
    """Raises `already_reacted`, `too_many_emoji` (on the message) or `too_many_reactions` (by one person)."""
    reactions: list[dict[str, Any]] = message.body.setdefault("reactions", [])
    row = next((row for row in reactions if row["name"] == name), None)
    if row and user in row["users"]:
        raise SlackError("already_reacted")
    if row is None and len(reactions) >= MAX_EMOJI:
        raise SlackError("too_many_emoji")
    if sum(user in row["users"] for row in reactions) >= MAX_PER_PERSON:
        raise SlackError("too_many_reactions")
    if row is None:
        reactions.append(row := _row(name))
    row["users"].append(user)
    row["count"] += 1
    posting.tell(slack, message)
    events.reaction(slack, message, user, name, added=True)


def _row(name: str) -> dict[str, Any]:
    return {"name": name, "users": [], "count": 0}


def remove(slack: Slack, message: Message, user: str, name: str) -> None:
    """Raises `no_reaction`."""
    reactions: list[dict[str, Any]] = message.body.get("reactions", [])
    row = next((row for row in reactions if row["name"] == name and user in row["users"]), None)
    if row is None:
        raise SlackError("no_reaction")
    row["users"].remove(user)
    row["count"] -= 1
    if not row["users"]:
        reactions.remove(row)
    if not reactions:
        del message.body["reactions"]
    posting.tell(slack, message)
    events.reaction(slack, message, user, name, added=False)
