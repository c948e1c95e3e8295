"""Everything the workspace holds: users, channels, messages, views. Only this module keeps Slack's state."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox import seeds
from bot.sandbox.errors import SlackError
from bot.sandbox.ids import Ids
from bot.sandbox.seeds import User


@dataclass
class Stream:
    """A message that is still being written. In a channel only `recipient` sees it grow."""

    expires: float
    mode: str
    chunks: list[dict[str, Any]] = field(default_factory=list)
    recipient: str = ""
    started_with: str = ""


@dataclass
class Message:
    """One message: `body` is Slack's own message object. `only_for` names the one reader of an ephemeral."""

    channel: str
    body: dict[str, Any]
    only_for: str = ""
    stream: Stream | None = None
    metadata: dict[str, Any] | None = None

    @property
    def ts(self) -> str:
        """Its timestamp, which is its name within the channel."""
        return self.body["ts"]

    @property
    def root(self) -> str:
        """The timestamp of the message its thread hangs on: its own, where it is no reply."""
        return self.body.get("thread_ts") or self.ts

    def place_below(self) -> dict[str, str]:
        """What puts another message into its thread."""
        author = {"parent_user_id": self.body["user"]} if "user" in self.body else {}
        return {"thread_ts": self.root, **author}


@dataclass
class Channel:
    """A conversation; `kind` is channel, private, im or mpim; `shared` is one with another workspace."""

    id: str
    name: str
    kind: str
    creator: str
    created: int
    members: list[str]
    topic: dict[str, Any] = field(default_factory=dict)
    archived: bool = False
    shared: bool = False
    previous_names: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class View:
    """An open modal or a published Home tab; `body` is Slack's view object."""

    body: dict[str, Any]
    person: str
    opened: float = 0.0

    @property
    def id(self) -> str:
        """Slack's view id."""
        return self.body["id"]


class Workspace:
    """The one team, its people and what they said."""

    def __init__(self, ids: Ids, now: float) -> None:
        self._ids = ids
        self.users: dict[str, User] = {user.id: user for user in seeds.USERS}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: dict[str, list[Message]] = {}
        self.modals: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.case: dict[str, Any] | None = None
        self.statuses: dict[tuple[str, str], dict[str, Any]] = {}
        by_key = {user.key: user.id for user in seeds.USERS}
        for room in seeds.ROOMS:
            members = [by_key[key] for key in room.members]
            topic = {"value": room.topic, "creator": members[0], "last_set": int(now)}
            self.add(Channel(room.id, room.name, "channel", members[0], int(now) - 86_400, members, topic))

    def add(self, channel: Channel) -> Channel:
        """Take in a new conversation."""
        self.channels[channel.id] = channel
        return channel

    def channel(self, id_: str) -> Channel:
        """By id; raises `channel_not_found`."""
        if id_ not in self.channels:
            raise SlackError("channel_not_found")
        return self.channels[id_]

    def named(self, name: str) -> Channel | None:
        """By name, with or without `#`; no direct messages."""
        plain = name.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == plain and c.kind != "im"), None)

    def message(self, channel: str, ts: str) -> Message | None:
        """A message everybody in the channel can see."""
        return self.channel(channel).messages.get(ts)

    def direct(self, user: str, other: str, now: float) -> Channel:
        """The direct conversation of two users, opened when it is not there yet."""
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == {user, other}:
                return channel
        return self.add(Channel(self._ids.new("D"), "", "im", user, int(now), [user, other]))

    def user(self, id_: str) -> User:
        """By id; raises `user_not_found`."""
        if id_ not in self.users:
            raise SlackError("user_not_found")
        return self.users[id_]

    def replies(self, message: Message) -> list[Message]:
        """The replies below a message, oldest first."""
        others = self.channel(message.channel).messages.values()
        return [
            other for other in others if other.body.get("thread_ts") == message.ts and other.ts != message.ts
        ]

    def shown(self, message: Message) -> dict[str, Any]:
        """The message as Slack returns it, with its thread counted."""
        body = dict(message.body)
        replies = self.replies(message)
        if replies and not message.only_for:
            authors = list(dict.fromkeys(author(reply) for reply in replies))
            body |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users_count": len(authors),
                "reply_users": authors,
                "latest_reply": replies[-1].ts,
                "is_locked": False,
                "subscribed": False,
            }
        return body

    def visible(self, person: str) -> Iterator[Channel]:
        """The channels a person sees: a guest only those they are in, others every public one."""
        restricted = self.users[person].is_restricted
        for channel in self.channels.values():
            if person in channel.members or (channel.kind == "channel" and not restricted):
                yield channel


def author(message: Message) -> str:
    """Who wrote it: a user id, or the bot id where there is no user."""
    return message.body.get("user") or message.body.get("bot_id", "")
