"""The three things that happen to a message: it is posted, changed, removed. Page and app hear of each."""

from typing import Any

from bot.sandbox import content, events, seeds, statuses
from bot.sandbox.arguments import Arguments
from bot.sandbox.content import Content
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message


def post(slack: Slack, message: Message) -> Message:
    """Put a message into its channel and tell everybody."""
    slack.workspace.channel(message.channel).messages[message.ts] = message
    if message.body.get("bot_id") == seeds.BOT_ID:
        statuses.clear(slack, message.channel, message.root)
    slack.live.tell("message", channel=message.channel, message=shown(slack, message))
    _tell_root(slack, message)
    events.message_posted(slack, message)
    return message


def whisper(slack: Slack, message: Message) -> Message:
    """Show an ephemeral message to its one reader."""
    slack.workspace.ephemerals.setdefault(message.only_for, []).append(message)
    tell(slack, message)
    return message


def change(slack: Slack, message: Message, body: dict[str, Any]) -> None:
    """Replace what a message says."""
    before = slack.workspace.shown(message)
    message.body = body
    tell(slack, message)
    if not message.only_for:
        events.message_changed(slack, message, before)


def remove(slack: Slack, message: Message) -> None:
    """Take a message away; where it has replies, a stone marks its place."""
    if message.only_for:
        slack.workspace.ephemerals[message.only_for].remove(message)
        slack.live.tell("removed", to=message.only_for, channel=message.channel, ts=message.ts)
        return
    before = slack.workspace.shown(message)
    if slack.workspace.replies(message):
        _bury(slack, message)
    else:
        del slack.workspace.channel(message.channel).messages[message.ts]
        slack.live.tell("removed", channel=message.channel, ts=message.ts)
    events.message_deleted(slack, message.channel, before)
    _tell_root(slack, message)


def note(slack: Slack, channel: Channel, user: str, subtype: str, text: str, **extra: Any) -> None:
    """A line the channel itself writes, such as that somebody joined."""
    body = {"type": "message", "subtype": subtype, "ts": slack.ids.ts(), "user": user, "text": text, **extra}
    post(slack, Message(channel.id, body))


def tell(slack: Slack, message: Message) -> None:
    """Show the page how a message looks now."""
    body = shown(slack, message)
    if message.only_for:
        slack.live.tell("ephemeral", to=message.only_for, channel=message.channel, message=body)
        return
    watcher = {"to": message.stream.recipient} if message.stream and message.stream.recipient else {}
    slack.live.tell("message", channel=message.channel, message=body, **watcher)
    _tell_root(slack, message)


def shown(slack: Slack, message: Message) -> dict[str, Any]:
    """The message as the page draws it."""
    return slack.workspace.shown(message)


def bot_body(slack: Slack, user: seeds.User, text: str) -> dict[str, Any]:
    """A new message by a bot user, without its content blocks."""
    return {
        "type": "message",
        "user": user.id,
        "ts": slack.ids.ts(),
        "bot_id": user.bot_id,
        "app_id": user.app_id,
        "text": text,
        "team": seeds.TEAM_ID,
        "bot_profile": {
            "id": user.bot_id,
            "deleted": False,
            "name": user.real_name,
            "updated": 1_700_000_000,
            "app_id": user.app_id,
            "user_id": user.id,
            "icons": {},
            "team_id": seeds.TEAM_ID,
        },
    }


def content_of(slack: Slack, said: dict[str, Any]) -> dict[str, Any]:
    """Text, blocks and attachments of a plain answer, such as to a response URL, made complete."""
    read = content.read(Arguments(said), slack.files)
    return {"text": read.text or "", **parts(slack, read)}


def parts(slack: Slack, said: Content) -> dict[str, Any]:
    """Blocks and attachments of a message, with what Slack fills in."""
    body: dict[str, Any] = {}
    if said.blocks:
        body["blocks"] = content.complete(said.blocks, slack.ids)
    if said.attachments:
        body["attachments"] = content.complete_attachments(said.attachments, slack.ids)
    return body


def _bury(slack: Slack, message: Message) -> None:
    stone = {
        "type": "message",
        "subtype": "tombstone",
        "user": "USLACKBOT",
        "text": "This message was deleted.",
    }
    message.body = stone | {"ts": message.ts, "thread_ts": message.ts, "hidden": True}
    tell(slack, message)


def _tell_root(slack: Slack, message: Message) -> None:
    root = slack.workspace.channel(message.channel).messages.get(message.root)
    if root and root is not message:
        slack.live.tell("message", channel=root.channel, message=slack.workspace.shown(root))
