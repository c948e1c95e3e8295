"""`chat.postMessage`, `update`, `delete`, `postEphemeral`, `getPermalink`."""

from typing import Any

from bot.sandbox import content, posting, seeds
from bot.sandbox.content import Content
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message

# chat.update refuses longer texts where chat.postMessage cuts them; measured by others to count UTF-8 bytes.
UPDATE_TEXT_BYTES = 4_000


def post(call: Call) -> Answer:
    """`chat.postMessage`."""
    channel = call.destination()
    said = _said(call)
    place = thread(call, channel)
    call.slack.limits.message(channel.id)
    body = posting.bot_body(call.slack, seeds.RUNBOOK, said.text or "")
    body |= posting.parts(call.slack, said) | place
    message = posting.post(call.slack, Message(channel.id, body, metadata=said.metadata))
    return {"channel": channel.id, "ts": message.ts, "message": message.body}


def update(call: Call) -> Answer:
    """`chat.update`: only the app's own messages."""
    channel = call.joined()
    message = call.message(channel)
    if message.body.get("bot_id") != seeds.BOT_ID or message.body.get("subtype"):
        raise SlackError("cant_update_message")
    if channel.archived:
        raise SlackError("is_inactive")
    if message.stream:
        raise SlackError("streaming_state_conflict")
    said = _said(call)
    if said.text and len(said.text.encode()) > UPDATE_TEXT_BYTES:
        raise SlackError("msg_too_long")
    posting.change(call.slack, message, updated(call.slack, message, said))
    message.metadata = said.metadata or message.metadata
    return {"channel": channel.id, "ts": message.ts, "text": message.body["text"], "message": message.body}


def updated(slack: Slack, message: Message, said: Content) -> dict[str, Any]:
    """The message with new content. Text alone drops the blocks; blocks alone keep the text.

    Only text marks it edited.
    """
    body = dict(message.body)
    if said.text is not None:
        body["text"] = said.text
        if said.blocks is None:
            body.pop("blocks", None)
            body["edited"] = {"user": body.get("user", ""), "ts": slack.ids.ts()}
    for part in ("blocks", "attachments"):
        if getattr(said, part) is not None:
            body.pop(part, None)
    return body | posting.parts(slack, said)


def delete(call: Call) -> Answer:
    """`chat.delete`: only the app's own messages."""
    channel = call.channel()
    message = call.message(channel)
    if message.body.get("bot_id") != seeds.BOT_ID:
        raise SlackError("cant_delete_message")
    posting.remove(call.slack, message)
    return {"channel": channel.id, "ts": message.ts}


def whisper(call: Call) -> Answer:
    """`chat.postEphemeral`: one person sees it, nothing is kept in the channel."""
    channel = call.destination()
    person = call.args.required("user", "user_not_found")
    if person not in call.slack.workspace.users:
        raise SlackError("user_not_found")
    if person not in channel.members:
        raise SlackError("user_not_in_channel")
    said = _said(call)
    body = posting.bot_body(call.slack, seeds.RUNBOOK, said.text or "") | {"is_ephemeral": True}
    body |= posting.parts(call.slack, said) | thread(call, channel)
    message = posting.whisper(call.slack, Message(channel.id, body, only_for=person))
    return {"message_ts": message.ts}


def permalink(call: Call) -> Answer:
    """`chat.getPermalink`."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    return {"channel": channel.id, "permalink": link(call.slack, message)}


def link(slack: Slack, message: Message) -> str:
    """The address at which the page opens a message."""
    address = f"{slack.origin}/archives/{message.channel}/p{message.ts.replace('.', '')}"
    if message.root != message.ts:
        address += f"?thread_ts={message.root}&cid={message.channel}"
    return address


def _said(call: Call) -> Content:
    said = content.read(call.args, call.slack.files)
    if said.is_empty:
        raise SlackError("no_text")
    return said


def thread(call: Call, channel: Channel) -> dict[str, Any]:
    """The thread a new message belongs to, or nothing; raises `thread_not_found`."""
    thread_ts = call.args.text("thread_ts")
    if not thread_ts:
        return {}
    root = channel.messages.get(thread_ts)
    if root is None:
        raise SlackError("thread_not_found")
    # Replying to a reply lands in the same thread.
    return root.place_below() | ({"subtype": "thread_broadcast"} if call.args.flag("reply_broadcast") else {})


METHODS: dict[str, Method] = {
    "chat.postMessage": post,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": whisper,
    "chat.getPermalink": permalink,
}
