"""People speak: messages, edits, reactions; and the alarm integration posts."""

from typing import Any

from bot.sandbox import alarms, emoji, posting, reacting, seeds, text
from bot.sandbox.doors import find
from bot.sandbox.doors.find import Body, Door
from bot.sandbox.errors import PageError
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message


async def say(slack: Slack, body: Body) -> Body:
    """`POST /_slack/messages {person, channel, text, thread_ts?}`."""
    person, channel = find.person(slack, body), find.channel(slack, body)
    _check_may_speak(slack, person, channel)
    typed = str(body.get("text", "")).strip()
    if not typed:
        raise PageError("no_text", "There is nothing to send.")
    encoded = text.encode(typed, slack.workspace)
    block = text.rich(encoded) | {"block_id": slack.ids.mixed(5)}
    written: dict[str, Any] = {
        "user": person,
        "type": "message",
        "ts": slack.ids.ts(),
        "client_msg_id": slack.ids.uuid(),
        "text": encoded,
        "team": seeds.TEAM_ID,
        "blocks": [block],
    }
    if body.get("thread_ts"):
        written |= find.message(slack, channel, str(body["thread_ts"]), person).place_below()
    message = posting.post(slack, Message(channel.id, written))
    return {"channel": channel.id, "ts": message.ts, "outsiders": _outsiders(slack, channel, encoded)}


async def edit(slack: Slack, body: Body) -> Body:
    """`POST /_slack/messages/edit {person, channel, ts, text}`: one's own."""
    message = _own(slack, body)
    encoded = text.encode(str(body.get("text", "")), slack.workspace)
    edited = {"user": message.body["user"], "ts": slack.ids.ts()}
    blocks = [text.rich(encoded) | {"block_id": slack.ids.mixed(5)}]
    posting.change(slack, message, message.body | {"text": encoded, "blocks": blocks, "edited": edited})
    return {"ts": message.ts}


async def delete(slack: Slack, body: Body) -> Body:
    """`POST /_slack/messages/delete {person, channel, ts}`: anybody's, as an administrator could."""
    channel = find.channel(slack, body)
    posting.remove(slack, find.message(slack, channel, str(body.get("ts", "")), find.person(slack, body)))
    return {}


async def react(slack: Slack, body: Body) -> Body:
    """`POST /_slack/reactions {person, channel, ts, name}`; a second time takes it off."""
    person, channel = find.person(slack, body), find.channel(slack, body)
    message = find.message(slack, channel, str(body.get("ts", "")), "")
    name = str(body.get("name", "")).strip(":")
    if not emoji.known(name):
        raise PageError("invalid_name", f"There is no emoji :{name}:.")
    rows = message.body.get("reactions", [])
    on = any(row["name"] == name and person in row["users"] for row in rows)
    (reacting.remove if on else reacting.add)(slack, message, person, name)
    return {"on": not on}


async def alert(slack: Slack, body: Body) -> Body:
    """`POST /_slack/alerts {channel, title, text, fields?, color?}`: the alarm integration posts."""
    message = alarms.post(slack, find.channel(slack, body), body)
    return {"channel": message.channel, "ts": message.ts}


def _check_may_speak(slack: Slack, person: str, channel: Channel) -> None:
    if person not in channel.members:
        raise PageError("not_in_channel", "They are not in that channel.")
    if channel.archived:
        raise PageError("is_archived", "That channel is archived.")
    manifest = slack.manifest
    if channel.kind == "im" and not (manifest.messages_tab and not manifest.messages_read_only):
        raise PageError("messages_tab_disabled", f"{manifest.name} takes no direct messages.")


def _own(slack: Slack, body: Body) -> Message:
    message = find.message(slack, find.channel(slack, body), str(body.get("ts", "")), "")
    if message.body.get("user") != find.person(slack, body):
        raise PageError("not_yours", "People change their own messages only.")
    return message


def _outsiders(slack: Slack, channel: Channel, encoded: str) -> list[str]:
    """Who was mentioned but is not there: Slack's client offers to invite them."""
    if channel.kind == "im":
        return []
    users = slack.workspace.users
    return [id_ for id_ in users if f"<@{id_}>" in encoded and id_ not in channel.members]


POSTS: dict[str, Door] = {
    "messages": say,
    "messages/edit": edit,
    "messages/delete": delete,
    "reactions": react,
    "alerts": alert,
}
