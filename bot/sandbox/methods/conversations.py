"""`conversations.*`: list, look into, join, create and leave channels."""

from collections.abc import Callable
from typing import Any

from bot.sandbox import rooms, seeds
from bot.sandbox.errors import SlackError
from bot.sandbox.methods import shapes
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.methods.pages import page
from bot.sandbox.workspace import Message

KINDS = {"public_channel": "channel", "private_channel": "private", "im": "im", "mpim": "mpim"}
TOPIC_LIMIT = 250


def list_(call: Call) -> Answer:
    """`conversations.list`."""
    wanted = {KINDS.get(kind, "") for kind in call.args.names("types")} or {"channel"}
    if "" in wanted:
        raise SlackError("invalid_types")
    rows = [
        shapes.channel(channel) | ({} if channel.kind == "im" else {"num_members": len(channel.members)})
        for channel in call.slack.workspace.visible(seeds.BOT_USER_ID)
        if channel.kind in wanted and not (channel.archived and call.args.flag("exclude_archived"))
    ]
    return page(call.args, "channels", rows, default=100)


def info(call: Call) -> Answer:
    """`conversations.info`."""
    channel = call.channel()
    card = shapes.channel(channel)
    if call.args.flag("include_num_members"):
        card["num_members"] = len(channel.members)
    return {"channel": card}


def members(call: Call) -> Answer:
    """`conversations.members`."""
    return page(call.args, "members", call.channel().members, default=100)


def history(call: Call) -> Answer:
    """`conversations.history`: newest first, replies left out unless they were broadcast."""
    channel = call.joined()
    within = _bounds(call)
    roots = [
        m for m in channel.messages.values() if m.root == m.ts or m.body.get("subtype") == "thread_broadcast"
    ]
    rows = [_row(call, m) for m in reversed(roots) if within(m)]
    return page(call.args, "messages", rows, default=100) | {"pin_count": len(channel.pins)}


def replies(call: Call) -> Answer:
    """`conversations.replies`: the root, then its replies, oldest first."""
    channel = call.joined()
    ts = call.args.required("ts", "thread_not_found")
    named = channel.messages.get(ts)
    root = channel.messages.get(named.root) if named else None
    if root is None:
        raise SlackError("thread_not_found")
    within = _bounds(call)
    rows = [_row(call, m) for m in (root, *call.slack.workspace.replies(root)) if m is root or within(m)]
    return page(call.args, "messages", rows, default=1000)


def join(call: Call) -> Answer:
    """`conversations.join`: public channels only; being in already is no error but a warning."""
    channel = call.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if seeds.BOT_USER_ID in channel.members:
        warning = "already_in_channel"
        metadata = {"warnings": [warning]}
        return {"channel": shapes.channel(channel), "warning": warning, "response_metadata": metadata}
    rooms.join(call.slack, channel, seeds.BOT_USER_ID)
    return {"channel": shapes.channel(channel)}


def create(call: Call) -> Answer:
    """`conversations.create`."""
    kind = "private" if call.args.flag("is_private") else "channel"
    channel = rooms.create(call.slack, call.args.text("name"), seeds.BOT_USER_ID, [], kind)
    return {"channel": shapes.channel(channel)}


def invite(call: Call) -> Answer:
    """`conversations.invite`."""
    channel = call.joined()
    users = call.args.names("users")
    if not users:
        raise SlackError("no_user")
    if channel.archived:
        raise SlackError("is_archived")
    for user in users:
        if user == seeds.BOT_USER_ID:
            raise SlackError("cant_invite_self")
        call.slack.workspace.user(user)
        if user in channel.members:
            raise SlackError("already_in_channel")
    for user in users:
        rooms.join(call.slack, channel, user, inviter=seeds.BOT_USER_ID)
    return {"channel": shapes.channel(channel)}


def rename(call: Call) -> Answer:
    """`conversations.rename`: only channels the app created."""
    channel = call.joined()
    if channel.creator != seeds.BOT_USER_ID:
        raise SlackError("not_authorized")
    if channel.archived:
        raise SlackError("is_archived")
    rooms.rename(call.slack, channel, call.args.text("name"), seeds.BOT_USER_ID)
    return {"channel": shapes.channel(channel)}


def leave(call: Call) -> Answer:
    """`conversations.leave`; not being there is no error."""
    channel = call.channel()
    if channel.kind in ("im", "mpim"):
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if channel.name == "general":
        raise SlackError("cant_leave_general")
    if seeds.BOT_USER_ID not in channel.members:
        return {"not_in_channel": True}
    rooms.leave(call.slack, channel, seeds.BOT_USER_ID)
    return {}


def archive(call: Call) -> Answer:
    """`conversations.archive`."""
    channel = call.joined()
    if channel.name == "general":
        raise SlackError("cant_archive_general")
    if channel.archived:
        raise SlackError("already_archived")
    rooms.archive(call.slack, channel, seeds.BOT_USER_ID)
    return {}


def set_topic(call: Call) -> Answer:
    """`conversations.setTopic`."""
    channel = call.joined()
    if channel.archived:
        raise SlackError("is_archived")
    topic = call.args.text("topic")
    if len(topic) > TOPIC_LIMIT:
        raise SlackError("too_long")
    rooms.set_topic(call.slack, channel, topic, seeds.BOT_USER_ID)
    return {"channel": shapes.channel(channel)}


def open_(call: Call) -> Answer:
    """`conversations.open`: the direct conversation with one person."""
    if call.args.text("channel"):
        return {"no_op": True, "already_open": True, "channel": {"id": call.channel().id}}
    users = call.args.names("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError(
            "missing_scope", needed="mpim:write", provided=",".join(sorted(call.slack.manifest.scopes))
        )
    call.slack.workspace.user(users[0])
    if users[0] == seeds.BOT_USER_ID or call.slack.workspace.user(users[0]).bot_id:
        raise SlackError("invalid_user_combination" if users[0] == seeds.BOT_USER_ID else "cannot_dm_bot")
    channel = call.slack.workspace.direct(seeds.BOT_USER_ID, users[0], call.slack.clock.now())
    rooms.tell(call.slack, channel)
    return {"channel": shapes.channel(channel) if call.args.flag("return_im") else {"id": channel.id}}


def _row(call: Call, message: Message) -> dict[str, Any]:
    shown = call.slack.workspace.shown(message)
    if message.metadata and call.args.flag("include_all_metadata"):
        shown["metadata"] = message.metadata
    return shown


def _bounds(call: Call) -> Callable[[Message], bool]:
    """Whether a message lies between `oldest` and `latest`; they are looked at even where there is none."""
    oldest, latest = _moment(call, "oldest", 0.0), _moment(call, "latest", float("inf"))

    def within(message: Message) -> bool:
        ts = float(message.ts)
        return oldest <= ts <= latest if call.args.flag("inclusive") else oldest < ts < latest

    return within


def _moment(call: Call, name: str, default: float) -> float:
    try:
        return float(call.args.text(name) or default)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _channel_methods() -> dict[str, Method]:
    return {
        "list": list_,
        "info": info,
        "members": members,
        "history": history,
        "replies": replies,
        "join": join,
        "create": create,
        "invite": invite,
        "rename": rename,
        "leave": leave,
        "archive": archive,
        "setTopic": set_topic,
        "open": open_,
    }


METHODS: dict[str, Method] = {f"conversations.{name}": method for name, method in _channel_methods().items()}
