"""Everything the page needs at once: the workspace, or what one person sees of it."""

from dataclasses import asdict
from typing import Any

from bot.sandbox import posting, seeds
from bot.sandbox.methods import shapes
from bot.sandbox.seeds import User
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel


def snapshot(slack: Slack, person: str = "") -> dict[str, Any]:
    """With `person`, only what they may see; ephemerals, modals and Home tabs are always listed by person."""
    space = slack.workspace
    channels = space.visible(person) if person else space.channels.values()
    seen = {channel.id for channel in channels}
    people = [person] if person else [user.id for user in seeds.PEOPLE]
    return {
        "seq": slack.live.seq,
        "now": slack.clock.now(),
        "ahead": slack.clock.ahead,
        "me": person,
        "team": {"id": seeds.TEAM_ID, "name": seeds.TEAM_NAME, "domain": seeds.TEAM_DOMAIN},
        "app": _app(slack),
        "users": [_user(user) for user in space.users.values()],
        "channels": [_channel(slack, space.channels[id_], person) for id_ in seen],
        "ephemerals": {p: [_private(slack, m) for m in space.ephemerals.get(p, [])] for p in people},
        "modals": {p: [view.body for view in space.modals.get(p, [])] for p in people},
        "homes": {p: space.homes[p].body for p in people if p in space.homes},
        "statuses": [row for row in space.statuses.values() if row["channel"] in seen],
        "connections": slack.sockets.count,
        "cloud": bool(slack.cloud),
        "crew": bool(slack.crew),
        "case": space.case,
    }


def _app(slack: Slack) -> dict[str, Any]:
    manifest = slack.manifest
    return {
        "id": seeds.APP_ID,
        "name": manifest.name,
        "user": seeds.BOT_USER_ID,
        "commands": [asdict(row) for row in manifest.commands],
        "shortcuts": [asdict(row) for row in manifest.shortcuts],
        "home_tab": manifest.home_tab,
        "messages_tab": manifest.messages_tab and not manifest.messages_read_only,
        "prompts": list(manifest.prompts),
    }


def _user(user: User) -> dict[str, Any]:
    return asdict(user) | {"name": user.name, "initials": user.initials, "is_bot": bool(user.bot_id)}


def _channel(slack: Slack, channel: Channel, person: str) -> dict[str, Any]:
    card = shapes.channel(channel, person or seeds.BOT_USER_ID)
    messages = [posting.shown(slack, message) for message in channel.messages.values()]
    return card | {"members": list(channel.members), "bookmarks": channel.bookmarks, "messages": messages}


def _private(slack: Slack, message: Any) -> dict[str, Any]:
    return posting.shown(slack, message) | {"channel": message.channel}
