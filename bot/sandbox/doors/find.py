"""Finds what a request names: people by id, key or name; channels by id or name; messages and views by id."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.sandbox.errors import PageError
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message, View

Body = dict[str, Any]
Door = Callable[[Slack, Body], Awaitable[Body]]


def person(slack: Slack, body: Body) -> str:
    """Who acts: the id behind `person`."""
    return user(slack, body.get("person"))


def user(slack: Slack, named: Any) -> str:
    """The id of somebody named by id, key or full name."""
    for one in slack.workspace.users.values():
        if named in (one.id, one.key, one.real_name):
            return one.id
    raise PageError("no_such_person", f"There is nobody called {named!r}.")


def channel(slack: Slack, body: Body) -> Channel:
    """The channel named by id or name."""
    named = str(body.get("channel", ""))
    found = slack.workspace.channels.get(named) or slack.workspace.named(named)
    if found is None:
        raise PageError("no_such_channel", f"There is no channel {named!r}.")
    return found


def message(slack: Slack, room: Channel, ts: str, reader: str) -> Message:
    """A message of a channel, or an ephemeral one of that reader."""
    found = room.messages.get(ts)
    if found is None:
        own = slack.workspace.ephemerals.get(reader, [])
        found = next((m for m in own if m.channel == room.id and m.ts == ts), None)
    if found is None:
        raise PageError("no_such_message", "That message is gone.")
    return found


def view(slack: Slack, reader: str, view_id: str) -> View:
    """An open modal of a person, or their Home tab."""
    home = slack.workspace.homes.get(reader)
    for one in (*slack.workspace.modals.get(reader, []), *([home] if home else [])):
        if one.id == view_id:
            return one
    raise PageError("no_such_view", "That dialog is closed.")
