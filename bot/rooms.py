"""What Slack says about channels: their names are remembered for a while, membership never."""

import time
from typing import Any, NamedTuple

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import words
from bot.slack import error_code
from workers.domain.errors import RunbookError, Unreachable

REMEMBERED_SECONDS = 600.0
JUST = 2.0
"""Seconds within which nobody asks Slack the same twice."""
# Slack's words for a conversation that is none of ours.
STRANGE = frozenset({"channel_not_found", "missing_scope", "method_not_supported_for_channel_type"})
# And for a channel that we may not join, whoever asks.
SHUT = frozenset({"restricted_action", "no_permission", "team_access_not_granted", "not_in_channel"})

SHARED = ("is_ext_shared", "is_pending_ext_shared")


class NotTaken(RunbookError):
    """A request that is not taken on; the message says why, and what to do instead."""


class Room(NamedTuple):
    """A channel as Slack describes it.

    `private` is everything that not every member may open, `shared` what people of other workspaces may.
    """

    name: str
    private: bool
    member: bool
    archived: bool
    shared: bool


class NotTold(Unreachable):
    """Slack does not say what has to be known before anything is taken on."""

    def __init__(self, why: str) -> None:
        super().__init__("Slack", why)
        self.why = why


class Rooms:
    """Channels by id."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Room, float]] = {}

    def room(self, channel: str, client: WebClient, within: float = REMEMBERED_SECONDS) -> Room:
        """As it was within the last ten minutes, or so many seconds."""
        room, asked = self._known.get(channel, (None, 0.0))
        return room if room and time.monotonic() - asked < within else self.ask(channel, client)

    def ask(self, channel: str, client: WebClient) -> Room:
        """As it is now; raises what the client raises."""
        slack: Any = client
        card = slack.conversations_info(channel=channel)["channel"]
        room = Room(
            name=str(card.get("name") or ""),
            private=bool(card.get("is_private")) or not card.get("is_channel"),
            member=bool(card.get("is_member")),
            archived=bool(card.get("is_archived")),
            shared=any(bool(card.get(key)) for key in SHARED),
        )
        self._known[channel] = room, time.monotonic()
        return room

    def forget(self, channel: str) -> None:
        """It has changed."""
        self._known.pop(channel, None)

    def enter(self, channel: str, client: WebClient) -> None:
        """Be where an answer is wanted, joining where anybody may; raises `NotTaken`."""
        if channel.startswith("D"):
            raise NotTaken(words.DIRECT)
        slack: Any = client
        try:
            room = self.room(channel, client, JUST)
            if room.archived:
                raise NotTaken(words.ARCHIVED)
            if not room.member:
                slack.conversations_join(channel=channel)
        except SlackApiError as error:
            why = error_code(error)
            strange = why in STRANGE | SHUT
            raise NotTaken(words.OUTSIDE if strange else words.NOT_TOLD.format(why=why)) from error
        except OSError as error:
            raise NotTaken(words.NOT_TOLD.format(why=error)) from error
