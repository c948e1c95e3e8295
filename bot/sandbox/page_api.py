"""`/_slack/*`: what people do, for the page, for scripts and for tests.

Everybody goes through the same doors.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox import alarms, breaking, events, interactions, posting, reacting, rooms, seeds, state, text
from bot.sandbox.errors import PageError, SlackError
from bot.sandbox.interactions import MissingInput
from bot.sandbox.slack import Slack
from bot.sandbox.sockets import Ack
from bot.sandbox.workspace import Channel, Message, View

Body = dict[str, Any]
Door = Callable[[Slack, Body], Awaitable[Body]]


async def say(slack: Slack, body: Body) -> Body:
    """`POST /_slack/messages {person, channel, text, thread_ts?}`."""
    person, channel = _person(slack, body), _channel(slack, body)
    if person not in channel.members:
        raise PageError("not_in_channel", "They are not in that channel.")
    if channel.archived:
        raise PageError("is_archived", "That channel is archived.")
    typed = str(body.get("text", "")).strip()
    if not typed:
        raise PageError("no_text", "There is nothing to send.")
    encoded = text.encode(typed, slack.workspace)
    block = text.rich(encoded) | {"block_id": slack.ids.mixed(5)}
    written: dict[str, Any] = {
        "user": person,
        "type": "message",
        "ts": slack.ids.ts(),
        "client_msg_id": slack.ids.uuid(),
        "text": encoded,
        "team": seeds.TEAM_ID,
        "blocks": [block],
    }
    if body.get("thread_ts"):
        root = _message(slack, channel, str(body["thread_ts"]), person)
        written |= {"thread_ts": root.root, "parent_user_id": root.body.get("user", "")}
    message = posting.post(slack, Message(channel.id, written))
    return {"channel": channel.id, "ts": message.ts, "outsiders": _outsiders(slack, channel, encoded)}


async def edit(slack: Slack, body: Body) -> Body:
    """`POST /_slack/messages/edit {person, channel, ts, text}`: one's own."""
    message = _own(slack, body)
    encoded = text.encode(str(body.get("text", "")), slack.workspace)
    edited = {"user": message.body["user"], "ts": slack.ids.ts()}
    blocks = [text.rich(encoded) | {"block_id": slack.ids.mixed(5)}]
    posting.change(slack, message, message.body | {"text": encoded, "blocks": blocks, "edited": edited})
    return {"ts": message.ts}


async def delete(slack: Slack, body: Body) -> Body:
    """`POST /_slack/messages/delete {person, channel, ts}`: anybody's, as an administrator could."""
    channel = _channel(slack, body)
    posting.remove(slack, _message(slack, channel, str(body.get("ts", "")), _person(slack, body)))
    return {}


async def press(slack: Slack, body: Body) -> Body:
    """`POST /_slack/actions {person, channel, message_ts | view_id, block_id?, action_id, choice?}`."""
    person = _person(slack, body)
    block_id, action_id, choice = (
        str(body.get("block_id") or ""),
        str(body.get("action_id")),
        body.get("choice"),
    )
    if body.get("view_id"):
        view = _view(slack, person, str(body["view_id"]))
        return _answered(
            slack, person, await interactions.press_in_view(slack, person, view, block_id, action_id, choice)
        )
    channel = _channel(slack, body)
    message = _message(slack, channel, str(body.get("message_ts", "")), person)
    return _answered(
        slack, person, await interactions.press(slack, person, message, block_id, action_id, choice)
    )


async def command(slack: Slack, body: Body) -> Body:
    """`POST /_slack/commands {person, channel, command, text?}`; Slack runs no commands inside threads."""
    person, channel = _person(slack, body), _channel(slack, body)
    if body.get("thread_ts"):
        raise PageError("not_in_threads", "Slash commands are not supported in threads.")
    name = "/" + str(body.get("command", "")).lstrip("/")
    row = next((row for row in slack.manifest.commands if row.command == name), None)
    if row is None:
        raise PageError("unknown_command", f"{name} is not a valid command.")
    typed = text.encode(str(body.get("text", "")), slack.workspace)
    if row.should_escape:
        typed = text.with_names(typed, slack.workspace)
    return _answered(slack, person, await interactions.command(slack, person, channel, row, typed))


async def shortcut(slack: Slack, body: Body) -> Body:
    """`POST /_slack/shortcuts {person, callback_id, channel?, message_ts?}`."""
    person = _person(slack, body)
    row = next((row for row in slack.manifest.shortcuts if row.callback_id == body.get("callback_id")), None)
    if row is None:
        raise PageError("unknown_shortcut", "The app has no such shortcut.")
    message = None
    if body.get("message_ts"):
        message = _message(slack, _channel(slack, body), str(body["message_ts"]), person)
    return _answered(slack, person, await interactions.shortcut(slack, person, row, message))


async def submit(slack: Slack, body: Body) -> Body:
    """`POST /_slack/views/submit {person, view_id, values: {block_id: {action_id: value}}}`."""
    person = _person(slack, body)
    view = _view(slack, person, str(body.get("view_id", "")))
    try:
        ack, errors = await interactions.submit(slack, person, view, body.get("values") or {})
    except MissingInput as missing:
        return {"acknowledged": False, "errors": missing.errors}
    return {"acknowledged": ack.arrived, "errors": errors}


async def close(slack: Slack, body: Body) -> Body:
    """`POST /_slack/views/close {person, view_id, all?}`."""
    person = _person(slack, body)
    await interactions.close(
        slack, person, _view(slack, person, str(body.get("view_id", ""))), bool(body.get("all"))
    )
    return {}


async def create_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels {person, name, topic?, members?, is_private?}`.

    Everybody is in it unless `members` says who.
    """
    person = _person(slack, body)
    if slack.workspace.users[person].is_restricted:
        raise PageError("user_is_restricted", "Guests cannot create channels.")
    members = [_user(slack, key) for key in body.get("members", [user.key for user in seeds.PEOPLE])]
    kind = "private" if body.get("is_private") else "channel"
    channel = rooms.create(slack, str(body.get("name", "")), person, members, kind)
    if body.get("topic"):
        rooms.set_topic(slack, channel, str(body["topic"]), person)
    return {"channel": channel.id, "name": channel.name}


async def rename_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/rename {person, channel, name}`."""
    rooms.rename(slack, _channel(slack, body), str(body.get("name", "")), _person(slack, body))
    return {}


async def archive_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/archive {person, channel, undo?}`."""
    channel, person = _channel(slack, body), _person(slack, body)
    (rooms.unarchive if body.get("undo") else rooms.archive)(slack, channel, person)
    return {}


async def set_topic(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/topic {person, channel, topic}`."""
    rooms.set_topic(slack, _channel(slack, body), str(body.get("topic", "")), _person(slack, body))
    return {}


async def join_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/join {person, channel}`."""
    channel, person = _channel(slack, body), _person(slack, body)
    if person not in channel.members:
        rooms.join(slack, channel, person)
    return {}


async def leave_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/leave {person, channel}`."""
    channel, person = _channel(slack, body), _person(slack, body)
    if person in channel.members:
        rooms.leave(slack, channel, person)
    return {}


async def invite(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/invite {person, channel, user, message_ts?}`.

    A mention that led to it is delivered then.
    """
    channel, person, user = _channel(slack, body), _person(slack, body), _user(slack, body.get("user"))
    if user not in channel.members:
        rooms.join(slack, channel, user, inviter=person)
    if body.get("message_ts") and user == seeds.BOT_USER_ID:
        events.mentioned(slack, _message(slack, channel, str(body["message_ts"]), person))
    return {}


async def remove_member(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/remove {person, channel, user}`."""
    channel, user = _channel(slack, body), _user(slack, body.get("user"))
    if user in channel.members:
        rooms.leave(slack, channel, user)
    return {}


async def react(slack: Slack, body: Body) -> Body:
    """`POST /_slack/reactions {person, channel, ts, name}`; a second time takes it off."""
    person, channel = _person(slack, body), _channel(slack, body)
    message = _message(slack, channel, str(body.get("ts", "")), "")
    name = str(body.get("name", "")).strip(":")
    rows = message.body.get("reactions", [])
    on = any(row["name"] == name and person in row["users"] for row in rows)
    (reacting.remove if on else reacting.add)(slack, message, person, name)
    return {"on": not on}


async def alert(slack: Slack, body: Body) -> Body:
    """`POST /_slack/alerts {channel, title, text, fields?, color?}`: the alarm integration posts."""
    message = alarms.post(slack, _channel(slack, body), body)
    return {"channel": message.channel, "ts": message.ts}


async def open_home(slack: Slack, body: Body) -> Body:
    """`POST /_slack/home {person, tab}`: somebody looks at the app's Home or Messages tab."""
    person = _person(slack, body)
    channel = slack.workspace.direct(seeds.BOT_USER_ID, person, slack.clock.now())
    rooms.tell(slack, channel)
    home = slack.workspace.homes.get(person)
    events.home_opened(slack, person, str(body.get("tab", "home")), channel.id, home.body if home else None)
    return {"channel": channel.id}


async def stop_session(slack: Slack, body: Body) -> Body:
    """`POST /_slack/stop {person, channel, thread_ts}`: the Stop button beside a running session."""
    channel = _channel(slack, body)
    events.session_stopped(slack, channel.id, str(body.get("thread_ts", "")), _person(slack, body))
    return {}


async def break_something(slack: Slack, body: Body) -> Body:
    """`POST /_slack/break {application, faults, seed?, onset_minutes?, person}`; the rest is the cloud's."""
    wish = {key: value for key, value in body.items() if key != "person"}
    return await breaking.break_something(slack, _person(slack, body), wish)


async def menu(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/cloud`: what can be broken, and where."""
    return {name: await breaking.look(slack, name) for name in ("applications", "faults")}


async def pulse(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/pulse`: the alarmed metric as it is now."""
    return {"pulse": await breaking.look(slack, "pulse")}


async def disconnect(slack: Slack, body: Body) -> Body:
    """`POST /_slack/disconnect {reason?}`: `refresh_requested` (default), `warning`, `link_disabled`.

    `cut` hangs up.
    """
    reason = str(body.get("reason") or "refresh_requested")
    if reason == "cut":
        slack.sockets.cut()
        return {}
    return {"told": await slack.sockets.disconnect(reason)}


async def plan_fault(slack: Slack, body: Body) -> Body:
    """`POST /_slack/faults {kind, method?, times?, skip?, seconds?, retry_after?, status?, error?}`, `{clear}`."""
    if body.get("clear"):
        slack.faults.clear()
    elif body.get("kind") in ("refresh", "disconnect"):
        return await disconnect(
            slack, {"reason": "cut" if body["kind"] == "disconnect" else "refresh_requested"}
        )
    else:
        slack.faults.plan(body)
    return {"planned": slack.faults.shown()}


async def faults(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/faults`: what is still planned."""
    return {"planned": slack.faults.shown()}


async def show(slack: Slack, query: Body) -> Body:
    """`GET /_slack/state?person=…`: everything, or what one person sees."""
    return state.snapshot(slack, _person(slack, query) if query.get("person") else "")


async def calls(slack: Slack, query: Body) -> Body:
    """`GET /_slack/calls?since=…&method=…`."""
    since = int(query.get("since", 0))
    return {"calls": slack.calls.since(since, str(query.get("method", ""))), "next": len(slack.calls.rows)}


async def health(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/health`: whether the app is connected."""
    return {"connections": slack.sockets.count, "now": slack.clock.now()}


async def advance(slack: Slack, body: Body) -> Body:
    """`POST /_slack/clock {advance: seconds}`."""
    slack.clock.advance(float(body.get("advance", 0)))
    slack.live.tell("clock", ahead=slack.clock.ahead)
    return {"now": slack.clock.now(), "ahead": slack.clock.ahead}


POSTS: dict[str, Door] = {
    "messages": say,
    "messages/edit": edit,
    "messages/delete": delete,
    "actions": press,
    "commands": command,
    "shortcuts": shortcut,
    "views/submit": submit,
    "views/close": close,
    "channels": create_channel,
    "channels/rename": rename_channel,
    "channels/archive": archive_channel,
    "channels/topic": set_topic,
    "channels/join": join_channel,
    "channels/leave": leave_channel,
    "channels/invite": invite,
    "channels/remove": remove_member,
    "reactions": react,
    "alerts": alert,
    "home": open_home,
    "stop": stop_session,
    "break": break_something,
    "disconnect": disconnect,
    "faults": plan_fault,
    "clock": advance,
}
GETS: dict[str, Door] = {
    "state": show,
    "calls": calls,
    "health": health,
    "cloud": menu,
    "pulse": pulse,
    "faults": faults,
}


def handler(slack: Slack, door: Door) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The HTTP side of a door: JSON in, JSON out, refusals as HTTP 400 with a code and a sentence."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = dict(request.query) if request.method == "GET" else await _json(request)
            return web.json_response({"ok": True, **await door(slack, body)})
        except PageError as error:
            return web.json_response(
                {"ok": False, "error": error.code, "message": error.sentence}, status=400
            )
        except SlackError as error:
            sentence = error.code.replace("_", " ").capitalize() + "."
            return web.json_response({**error.body(), "message": sentence}, status=400)

    return handle


async def _json(request: web.Request) -> Body:
    try:
        body = await request.json() if request.can_read_body else {}
    except ValueError:
        raise PageError("invalid_json", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise PageError("invalid_json", "The body is not a JSON object.")
    return body


def _answered(slack: Slack, person: str, ack: Ack) -> Body:
    if not ack.arrived:
        slack.live.tell("failed", to=person)
    return {"acknowledged": ack.arrived, "connected": ack.connected}


def _person(slack: Slack, body: Body) -> str:
    return _user(slack, body.get("person"))


def _user(slack: Slack, named: Any) -> str:
    for user in slack.workspace.users.values():
        if named in (user.id, user.key, user.real_name):
            return user.id
    raise PageError("no_such_person", f"There is nobody called {named!r}.")


def _channel(slack: Slack, body: Body) -> Channel:
    named = str(body.get("channel", ""))
    channel = slack.workspace.channels.get(named) or slack.workspace.named(named)
    if channel is None:
        raise PageError("no_such_channel", f"There is no channel {named!r}.")
    return channel


def _message(slack: Slack, channel: Channel, ts: str, person: str) -> Message:
    message = channel.messages.get(ts)
    if message is None:
        own = slack.workspace.ephemerals.get(person, [])
        message = next((m for m in own if m.channel == channel.id and m.ts == ts), None)
    if message is None:
        raise PageError("no_such_message", "That message is gone.")
    return message


def _own(slack: Slack, body: Body) -> Message:
    message = _message(slack, _channel(slack, body), str(body.get("ts", "")), "")
    if message.body.get("user") != _person(slack, body):
        raise PageError("not_yours", "People change their own messages only.")
    return message


def _view(slack: Slack, person: str, view_id: str) -> View:
    home = slack.workspace.homes.get(person)
    for view in (*slack.workspace.modals.get(person, []), *([home] if home else [])):
        if view.id == view_id:
            return view
    raise PageError("no_such_view", "That dialog is closed.")


def _outsiders(slack: Slack, channel: Channel, encoded: str) -> list[str]:
    """Who was mentioned but is not there: Slack's client offers to invite them."""
    if channel.kind == "im":
        return []
    users = slack.workspace.users
    return [id_ for id_ in users if f"<@{id_}>" in encoded and id_ not in channel.members]
