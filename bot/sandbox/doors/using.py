"""People use the app: buttons, commands, shortcuts, modals, its Home tab."""

from bot.sandbox import events, interactions, rooms, seeds, text
from bot.sandbox.doors import find
from bot.sandbox.doors.find import Body, Door
from bot.sandbox.errors import PageError
from bot.sandbox.interactions import MissingInput
from bot.sandbox.slack import Slack
from bot.sandbox.sockets import Ack


async def press(slack: Slack, body: Body) -> Body:
    """`POST /_slack/actions {person, channel, message_ts | view_id, block_id?, action_id, choice?}`."""
    person = find.person(slack, body)
    block_id, action_id, choice = (
        str(body.get("block_id") or ""),
        str(body.get("action_id")),
        body.get("choice"),
    )
    if body.get("view_id"):
        view = find.view(slack, person, str(body["view_id"]))
        return _answered(
            slack, person, await interactions.press_in_view(slack, person, view, block_id, action_id, choice)
        )
    channel = find.channel(slack, body)
    message = find.message(slack, channel, str(body.get("message_ts", "")), person)
    return _answered(
        slack, person, await interactions.press(slack, person, message, block_id, action_id, choice)
    )


async def command(slack: Slack, body: Body) -> Body:
    """`POST /_slack/commands {person, channel, command, text?}`; Slack runs no commands inside threads."""
    person, channel = find.person(slack, body), find.channel(slack, body)
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
    person = find.person(slack, body)
    row = next((row for row in slack.manifest.shortcuts if row.callback_id == body.get("callback_id")), None)
    if row is None:
        raise PageError("unknown_shortcut", "The app has no such shortcut.")
    message = None
    if body.get("message_ts"):
        message = find.message(slack, find.channel(slack, body), str(body["message_ts"]), person)
    return _answered(slack, person, await interactions.shortcut(slack, person, row, message))


async def submit(slack: Slack, body: Body) -> Body:
    """`POST /_slack/views/submit {person, view_id, values: {block_id: {action_id: value}}}`."""
    person = find.person(slack, body)
    view = find.view(slack, person, str(body.get("view_id", "")))
    try:
        ack, errors = await interactions.submit(slack, person, view, body.get("values") or {})
    except MissingInput as missing:
        return {"acknowledged": False, "errors": missing.errors}
    return {"acknowledged": ack.arrived, "errors": errors}


async def close(slack: Slack, body: Body) -> Body:
    """`POST /_slack/views/close {person, view_id, all?}`."""
    person = find.person(slack, body)
    await interactions.close(
        slack, person, find.view(slack, person, str(body.get("view_id", ""))), bool(body.get("all"))
    )
    return {}


async def open_home(slack: Slack, body: Body) -> Body:
    """`POST /_slack/home {person, tab}`: somebody looks at the app's Home or Messages tab."""
    person = find.person(slack, body)
    channel = slack.workspace.direct(seeds.BOT_USER_ID, person, slack.clock.now())
    rooms.tell(slack, channel)
    home = slack.workspace.homes.get(person)
    events.home_opened(slack, person, str(body.get("tab", "home")), channel.id, home.body if home else None)
    return {"channel": channel.id}


async def stop_session(slack: Slack, body: Body) -> Body:
    """`POST /_slack/stop {person, channel, thread_ts}`: the Stop button beside a running session."""
    channel = find.channel(slack, body)
    events.session_stopped(slack, channel.id, str(body.get("thread_ts", "")), find.person(slack, body))
    return {}


def _answered(slack: Slack, person: str, ack: Ack) -> Body:
    if not ack.arrived:
        slack.live.tell("failed", to=person)
    return {"acknowledged": ack.arrived, "connected": ack.connected}


POSTS: dict[str, Door] = {
    "actions": press,
    "commands": command,
    "shortcuts": shortcut,
    "views/submit": submit,
    "views/close": close,
    "home": open_home,
    "stop": stop_session,
}
