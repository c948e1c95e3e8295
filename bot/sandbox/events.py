"""Which of the workspace's happenings the app hears about, and the payload it gets.

Needs subscription, scope and membership.
"""

from typing import Any

from bot.sandbox import seeds
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message

# After a delivery that was not acknowledged: at once, a minute later, five minutes later, then never again.
RETRIES = (0.0, 60.0, 300.0)
# kind of conversation: (subscription, scope, letter in `channel_type` of membership events)
MESSAGE_EVENTS = {
    "channel": ("message.channels", "channels:history"),
    "private": ("message.groups", "groups:history"),
    "im": ("message.im", "im:history"),
    "mpim": ("message.mpim", "mpim:history"),
}
CHANNEL_TYPES = {"channel": "channel", "private": "group", "im": "im", "mpim": "mpim"}
READ_SCOPES = {"channel": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}


def message_posted(slack: Slack, message: Message) -> None:
    """A new message: `message.*`, and `app_mention` where it names the app."""
    channel = slack.workspace.channel(message.channel)
    if seeds.BOT_USER_ID not in channel.members:
        return
    event = {
        **message.body,
        "channel": channel.id,
        "event_ts": message.ts,
        "channel_type": CHANNEL_TYPES[channel.kind],
    }
    subscription, scope = MESSAGE_EVENTS[channel.kind]
    _deliver(slack, event, subscription, scope)
    if channel.kind != "im" and _mentions_app(message):
        mention = {key: value for key, value in event.items() if key not in ("channel_type", "subtype")}
        _deliver(slack, mention | {"type": "app_mention"}, "app_mention", "app_mentions:read")


def mentioned(slack: Slack, message: Message) -> None:
    """A mention from before the app was in the channel, delivered because it was invited for it."""
    event = {**message.body, "type": "app_mention", "channel": message.channel, "event_ts": message.ts}
    _deliver(slack, event, "app_mention", "app_mentions:read")


def message_changed(slack: Slack, message: Message, before: dict[str, Any]) -> None:
    """An edit, by whomever: also the app's own."""
    _hidden(
        slack,
        message.channel,
        "message_changed",
        message=slack.workspace.shown(message),
        previous_message=before,
    )


def message_deleted(slack: Slack, channel: str, before: dict[str, Any]) -> None:
    """A message that is gone."""
    _hidden(slack, channel, "message_deleted", deleted_ts=before["ts"], previous_message=before)


def channel_created(slack: Slack, channel: Channel) -> None:
    """A new public channel; the app need not be in it."""
    if channel.kind == "channel":
        card = {
            "id": channel.id,
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": True,
            "is_private": False,
            "is_shared": channel.shared,
            "is_org_shared": False,
            "created": channel.created,
            "creator": channel.creator,
            "context_team_id": seeds.TEAM_ID,
        }
        _deliver(slack, {"type": "channel_created", "channel": card}, "channel_created", "channels:read")


def channel_renamed(slack: Slack, channel: Channel) -> None:
    """A channel got another name; of a private one only its members hear."""
    card = {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": channel.created,
        "is_channel": channel.kind == "channel",
        "is_mpim": False,
    }
    if channel.kind == "channel":
        _deliver(slack, {"type": "channel_rename", "channel": card}, "channel_rename", "channels:read")
    elif seeds.BOT_USER_ID in channel.members:
        _deliver(slack, {"type": "group_rename", "channel": card}, "group_rename", "groups:read")


def channel_archived(slack: Slack, channel: Channel, user: str) -> None:
    """A public channel was closed (or opened again)."""
    kind = "channel_archive" if channel.archived else "channel_unarchive"
    _deliver(slack, {"type": kind, "channel": channel.id, "user": user}, kind, "channels:read")


def member_changed(slack: Slack, channel: Channel, user: str, joined: bool, inviter: str = "") -> None:
    """Somebody joined or left a channel the app is in, the app itself included."""
    if seeds.BOT_USER_ID not in {*channel.members, user}:
        return
    kind = "member_joined_channel" if joined else "member_left_channel"
    letter = "C" if channel.kind == "channel" else "G"
    event = {"type": kind, "user": user, "channel": channel.id, "channel_type": letter, "team": seeds.TEAM_ID}
    _deliver(slack, event | ({"inviter": inviter} if inviter else {}), kind, READ_SCOPES[channel.kind])


def home_opened(slack: Slack, person: str, tab: str, channel: str, view: dict[str, Any] | None) -> None:
    """A person looks at the app's Home or Messages tab."""
    event: dict[str, Any] = {"type": "app_home_opened", "user": person, "channel": channel, "tab": tab}
    _deliver(slack, event | ({"view": view} if view and tab == "home" else {}), "app_home_opened", "")


def reaction(slack: Slack, message: Message, user: str, name: str, added: bool) -> None:
    """An emoji was put on a message, or taken off."""
    if seeds.BOT_USER_ID not in slack.workspace.channel(message.channel).members:
        return
    kind = "reaction_added" if added else "reaction_removed"
    item = {"type": "message", "channel": message.channel, "ts": message.ts}
    event = {"type": kind, "user": user, "reaction": name, "item": item}
    if "user" in message.body:
        event["item_user"] = message.body["user"]
    _deliver(slack, event, kind, "reactions:read")


def session_stopped(slack: Slack, channel: str, thread_ts: str, user: str) -> None:
    """A person pressed Stop on the app's running session."""
    event = {"type": "agent_session_stopped", "channel_id": channel, "thread_ts": thread_ts, "user_id": user}
    _deliver(slack, event, "agent_session_stopped", "")


def _hidden(slack: Slack, channel_id: str, subtype: str, **details: Any) -> None:
    channel = slack.workspace.channel(channel_id)
    if seeds.BOT_USER_ID not in channel.members:
        return
    ts = slack.ids.ts()
    event = {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "ts": ts,
        "event_ts": ts,
        "channel_type": CHANNEL_TYPES[channel.kind],
        **details,
    }
    _deliver(slack, event, *MESSAGE_EVENTS[channel.kind])


def _mentions_app(message: Message) -> bool:
    own = message.body.get("user") == seeds.BOT_USER_ID
    return not own and f"<@{seeds.BOT_USER_ID}" in message.body.get("text", "")


def _deliver(slack: Slack, event: dict[str, Any], subscription: str, scope: str) -> None:
    if subscription not in slack.manifest.events or (scope and scope not in slack.manifest.scopes):
        return
    if not slack.limits.event():
        if minute := slack.limits.announce():
            slack.later(_until_acknowledged(slack, _rate_limited(minute)))
        return
    payload = {
        "token": "local-stand-in",
        "team_id": seeds.TEAM_ID,
        "context_team_id": seeds.TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": seeds.APP_ID,
        "event": {"event_ts": slack.ids.ts(), **event},
        "type": "event_callback",
        "event_id": slack.ids.new("Ev", 11),
        "event_time": int(slack.clock.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": seeds.TEAM_ID,
                "user_id": seeds.BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": _shared(slack, event),
        "event_context": "4-" + slack.ids.mixed(60),
    }
    for _ in range(2 if slack.faults.duplicates() else 1):
        slack.later(_until_acknowledged(slack, payload))


def _shared(slack: Slack, event: dict[str, Any]) -> bool:
    """Whether it happened where people of another workspace are, too."""
    place: Any = event.get("channel") or event.get("channel_id") or ""
    channel = slack.workspace.channels.get(str(place["id"] if isinstance(place, dict) else place))
    return channel is not None and channel.shared


def _rate_limited(minute: int) -> dict[str, Any]:
    """What the app gets in place of events above its limit: no inner event, only the minute it began in."""
    return {
        "token": "local-stand-in",
        "type": "app_rate_limited",
        "team_id": seeds.TEAM_ID,
        "minute_rate_limited": minute,
        "api_app_id": seeds.APP_ID,
    }


async def _until_acknowledged(slack: Slack, payload: dict[str, Any]) -> None:
    ack = await slack.sockets.send("events_api", payload, retry_attempt=0, retry_reason="")
    for attempt, pause in enumerate(RETRIES, start=1):
        if ack.arrived:
            return
        reason = "timeout" if ack.connected else "connection_failed"
        await slack.clock.until(slack.clock.now() + pause)
        ack = await slack.sockets.send("events_api", payload, retry_attempt=attempt, retry_reason=reason)
