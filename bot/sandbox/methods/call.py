"""One Web API call in flight, and the look-ups that most methods begin with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox import seeds
from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import SlackError
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message

Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """Who is asked, and with which arguments. The caller is always our one app."""

    slack: Slack
    args: Arguments

    def channel(self, name: str = "channel") -> Channel:
        """The conversation an argument names by id; a private one the app is not in does not exist for it."""
        channel = self.slack.workspace.channel(self.args.required(name, "channel_not_found"))
        if channel.kind != "channel" and seeds.BOT_USER_ID not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def joined(self, name: str = "channel") -> Channel:
        """The same, and the app is in it."""
        channel = self.channel(name)
        if seeds.BOT_USER_ID not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def destination(self, name: str = "channel") -> Channel:
        """Where to post: an id, a name with or without `#`, or a person's id for a direct message."""
        workspace = self.slack.workspace
        target = self.args.required(name, "channel_not_found")
        if target in workspace.users:
            if workspace.users[target].bot_id:
                raise SlackError("channel_not_found")
            channel = workspace.direct(seeds.BOT_USER_ID, target, self.slack.clock.now())
        else:
            channel = workspace.channels.get(target) or workspace.named(target)
        if channel is None or (channel.kind != "channel" and seeds.BOT_USER_ID not in channel.members):
            raise SlackError("channel_not_found")
        if channel.archived:
            raise SlackError("is_archived")
        if channel.kind == "im" and not self.slack.manifest.messages_tab:
            raise SlackError("messages_tab_disabled")
        anywhere = channel.kind == "channel" and "chat:write.public" in self.slack.manifest.scopes
        if seeds.BOT_USER_ID not in channel.members and not anywhere:
            raise SlackError("not_in_channel")
        return channel

    def message(self, channel: Channel, name: str = "ts", wrong: str = "message_not_found") -> Message:
        """A message of that channel; ephemeral ones are never found."""
        message = channel.messages.get(self.args.text(name))
        if message is None:
            raise SlackError(wrong)
        return message


Method = Callable[[Call], Answer]
