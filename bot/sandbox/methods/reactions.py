"""`reactions.*`, `pins.add`, `bookmarks.add`: what is stuck to messages and channels."""

import re
from typing import Any

from bot.sandbox import emoji, reacting, seeds
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.workspace import Message


def add(call: Call) -> Answer:
    """`reactions.add`."""
    reacting.add(call.slack, _reactable(call), seeds.BOT_USER_ID, _name(call))
    return {}


def remove(call: Call) -> Answer:
    """`reactions.remove`."""
    reacting.remove(call.slack, _reactable(call), seeds.BOT_USER_ID, _name(call))
    return {}


def get(call: Call) -> Answer:
    """`reactions.get`."""
    message = _message(call)
    return {"type": "message", "channel": message.channel, "message": call.slack.workspace.shown(message)}


def pin(call: Call) -> Answer:
    """`pins.add`."""
    channel = call.joined()
    message = call.message(channel, "timestamp")
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    channel.pins.append(message.ts)
    return {}


def bookmark(call: Call) -> Answer:
    """`bookmarks.add`."""
    channel = call.joined("channel_id")
    if call.args.required("type") != "link":
        raise SlackError("invalid_bookmark_type")
    row: dict[str, Any] = {
        "id": call.slack.ids.new("Bk"),
        "channel_id": channel.id,
        "title": call.args.required("title"),
        "link": call.args.required("link", "invalid_link"),
        "emoji": call.args.text("emoji"),
        "type": "link",
    }
    channel.bookmarks.append(row)
    return {"bookmark": row}


def _reactable(call: Call) -> Message:
    message = _message(call)
    if call.channel().archived:
        raise SlackError("is_archived")
    return message


def _message(call: Call) -> Message:
    if not call.args.text("timestamp"):
        raise SlackError("no_item_specified")
    channel = call.joined()
    if not re.fullmatch(r"\d+\.\d+", call.args.text("timestamp")):
        raise SlackError("bad_timestamp")
    return call.message(channel, "timestamp")


def _name(call: Call) -> str:
    name = call.args.text("name").strip(":")
    if not emoji.known(name):
        raise SlackError("invalid_name")
    return name


METHODS: dict[str, Method] = {
    "reactions.add": add,
    "reactions.remove": remove,
    "reactions.get": get,
    "pins.add": pin,
    "bookmarks.add": bookmark,
}
