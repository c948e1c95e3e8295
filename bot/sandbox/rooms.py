"""What happens to channels: created, joined, left, renamed, archived.

The page and the Web API go through here alike.
"""

import re

from bot.sandbox import events, posting
from bot.sandbox.errors import SlackError
from bot.sandbox.methods import shapes
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel

NAME_LIMIT = 80
NAME = re.compile(r"[a-z0-9_\-\u00c0-\uffff]+")


def create(
    slack: Slack, name: str, creator: str, members: list[str], kind: str = "channel", *, shared: bool = False
) -> Channel:
    """A new channel; raises Slack's codes for a name that will not do."""
    check_name(slack, name)
    now = int(slack.clock.now())
    everybody = list(dict.fromkeys([creator, *members]))
    channel = slack.workspace.add(
        Channel(slack.ids.new("C"), name, kind, creator, now, everybody, shared=shared)
    )
    tell(slack, channel)
    events.channel_created(slack, channel)
    posting.note(slack, channel, creator, "channel_join", f"<@{creator}> has joined the channel")
    for member in everybody:
        events.member_changed(slack, channel, member, joined=True)
    return channel


def check_name(slack: Slack, name: str) -> None:
    """Slack's rules for names: lower case, no spaces or dots, at most 80 characters, not taken."""
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > NAME_LIMIT:
        raise SlackError("invalid_name_maxlength")
    if not NAME.fullmatch(name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    if not re.search(r"[^_\-]", name):
        raise SlackError("invalid_name_punctuation")
    if slack.workspace.named(name):
        raise SlackError("name_taken")


def join(slack: Slack, channel: Channel, user: str, inviter: str = "") -> None:
    """Take somebody in, and say so in the channel."""
    channel.members.append(user)
    tell(slack, channel)
    events.member_changed(slack, channel, user, joined=True, inviter=inviter)
    extra = {"inviter": inviter} if inviter else {}
    posting.note(slack, channel, user, "channel_join", f"<@{user}> has joined the channel", **extra)


def leave(slack: Slack, channel: Channel, user: str) -> None:
    """Let somebody go."""
    posting.note(slack, channel, user, "channel_leave", f"<@{user}> has left the channel")
    channel.members.remove(user)
    tell(slack, channel)
    events.member_changed(slack, channel, user, joined=False)


def rename(slack: Slack, channel: Channel, name: str, user: str) -> None:
    """Another name for a channel."""
    check_name(slack, name)
    old, channel.name = channel.name, name
    channel.previous_names.insert(0, old)
    tell(slack, channel)
    events.channel_renamed(slack, channel)
    text = f'has renamed the channel from "{old}" to "{name}"'
    posting.note(slack, channel, user, "channel_name", text, old_name=old, name=name)


def archive(slack: Slack, channel: Channel, user: str) -> None:
    """Close a channel: it stays readable, nothing can be posted."""
    posting.note(slack, channel, user, "channel_archive", f"<@{user}> archived the channel")
    channel.archived = True
    tell(slack, channel)
    events.channel_archived(slack, channel, user)


def unarchive(slack: Slack, channel: Channel, user: str) -> None:
    """Open a closed channel again."""
    channel.archived = False
    tell(slack, channel)
    events.channel_archived(slack, channel, user)


def set_topic(slack: Slack, channel: Channel, topic: str, user: str) -> None:
    """The line below a channel's name."""
    channel.topic = {"value": topic, "creator": user, "last_set": int(slack.clock.now())}
    tell(slack, channel)
    posting.note(
        slack, channel, user, "channel_topic", f"<@{user}> set the channel's topic: {topic}", topic=topic
    )


def tell(slack: Slack, channel: Channel) -> None:
    """Show the page how a channel looks now."""
    slack.live.tell("channel", channel=shapes.channel(channel) | {"members": list(channel.members)})
