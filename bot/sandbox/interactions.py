"""What people do to the app: press a button, run a command or shortcut, submit a modal.

Builds Slack's payloads and sends them.
"""

from typing import Any

from bot.sandbox import elements, posting, seeds, viewing
from bot.sandbox.errors import PageError
from bot.sandbox.manifest import Command, Shortcut
from bot.sandbox.slack import Slack
from bot.sandbox.sockets import Ack
from bot.sandbox.workspace import Channel, Message, View


async def press(
    slack: Slack, person: str, message: Message, block_id: str, action_id: str, choice: Any
) -> Ack:
    """Somebody uses an element of a message as it is now."""
    found_in, element = elements.find(_all_blocks(message), block_id, action_id, person)
    is_ephemeral = bool(message.only_for)
    channel = slack.workspace.channel(message.channel)
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": is_ephemeral,
    }
    if "thread_ts" in message.body:
        container["thread_ts"] = message.body["thread_ts"]
    payload = _interaction(slack, "block_actions", person) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "state": {"values": {}},
        "response_url": slack.responses.issue(person, channel.id, message.ts, is_ephemeral),
        "actions": [elements.action(found_in, element, choice, slack.ids.ts())],
    }
    if not is_ephemeral:
        # Slack sends no copy of an ephemeral message along.
        payload["message"] = slack.workspace.shown(message)
    return await slack.sockets.send("interactive", payload)


async def press_in_view(
    slack: Slack, person: str, view: View, block_id: str, action_id: str, choice: Any
) -> Ack:
    """Somebody uses an element of a modal or of the Home tab."""
    found_in, element = elements.find(view.body["blocks"], block_id, action_id, person)
    row = elements.action(found_in, element, choice, slack.ids.ts())
    if element["type"] not in ("button", "icon_button", "overflow", "workflow_button"):
        typed = {"type": element["type"], **elements.chosen(element, choice)}
        view.body["state"]["values"].setdefault(found_in, {})[action_id] = typed
    payload = _interaction(slack, "block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.body,
        "actions": [row],
    }
    return await slack.sockets.send("interactive", payload)


async def command(slack: Slack, person: str, channel: Channel, row: Command, text: str) -> Ack:
    """Somebody runs a slash command; what the app sends back with its acknowledgement is shown to them."""
    user = slack.workspace.users[person]
    payload = {
        "token": "local-stand-in",
        "team_id": seeds.TEAM_ID,
        "team_domain": seeds.TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": person,
        "user_name": user.name,
        "command": row.command,
        "text": text,
        "api_app_id": seeds.APP_ID,
        "is_enterprise_install": "false",
        "response_url": slack.responses.issue(person, channel.id),
        "trigger_id": slack.triggers.issue(person),
    }
    ack = await slack.sockets.send("slash_commands", payload, accepts_payload=True)
    if ack.payload and (ack.payload.get("text") or ack.payload.get("blocks")):
        answer(slack, person, channel.id, ack.payload)
    return ack


async def shortcut(slack: Slack, person: str, row: Shortcut, message: Message | None) -> Ack:
    """Somebody uses a shortcut, on a message or from anywhere."""
    if row.type == "message" and message is None:
        raise PageError("no_message", "This shortcut is used on a message.")
    payload = _interaction(slack, "message_action" if message else "shortcut", person)
    payload |= {"callback_id": row.callback_id, "action_ts": slack.ids.ts()}
    if message:
        channel = slack.workspace.channel(message.channel)
        payload |= {
            "message_ts": message.ts,
            "channel": {"id": channel.id, "name": channel.name or "directmessage"},
            "message": slack.workspace.shown(message),
            "response_url": slack.responses.issue(person, channel.id, message.ts),
        }
    return await slack.sockets.send("interactive", payload)


async def submit(
    slack: Slack, person: str, view: View, values: dict[str, dict[str, Any]]
) -> tuple[Ack, dict[str, str]]:
    """Somebody submits a modal. Returns the app's answer and the errors it found, by block id."""
    view.body["state"] = {"values": _typed(view, values)}
    payload = _interaction(slack, "view_submission", person) | {"view": view.body, "response_urls": []}
    ack = await slack.sockets.send("interactive", payload, accepts_payload=True)
    if not ack.arrived:
        return ack, {}
    reply = ack.payload or {}
    action = reply.get("response_action")
    if action == "errors":
        return ack, reply.get("errors", {})
    if action == "update":
        viewing.replace(slack, view, viewing.accept(slack, reply.get("view")))
    elif action == "push":
        viewing.push(slack, person, viewing.accept(slack, reply.get("view")))
    else:
        viewing.close(slack, view, everything=action == "clear")
    return ack, {}


async def close(slack: Slack, person: str, view: View, everything: bool) -> None:
    """Somebody closes a modal; the app hears of it where it asked to."""
    stack = list(slack.workspace.modals.get(person, []))
    closing = stack if everything or view.body["clear_on_close"] else [view]
    viewing.close(slack, view, everything=len(closing) > 1)
    for closed in reversed(closing):
        if closed.body["notify_on_close"]:
            payload = _interaction(slack, "view_closed", person)
            payload.pop("trigger_id")
            payload |= {"view": closed.body, "is_cleared": len(closing) > 1}
            await slack.sockets.send("interactive", payload)


def answer(slack: Slack, person: str, channel: str, said: dict[str, Any], thread_ts: str = "") -> Message:
    """A message that answers a command or a button: to one person, or to the channel with `in_channel`."""
    prepared = posting.content_of(slack, said)
    body = posting.bot_body(slack, seeds.RUNBOOK, prepared.pop("text", ""))
    body |= prepared | ({"thread_ts": thread_ts} if thread_ts else {})
    if said.get("response_type") == "in_channel":
        return posting.post(slack, Message(channel, body))
    return posting.whisper(slack, Message(channel, body | {"is_ephemeral": True}, only_for=person))


def _interaction(slack: Slack, kind: str, person: str) -> dict[str, Any]:
    user = slack.workspace.users[person]
    return {
        "type": kind,
        "user": {"id": person, "username": user.name, "name": user.name, "team_id": seeds.TEAM_ID},
        "api_app_id": seeds.APP_ID,
        "token": "local-stand-in",
        "trigger_id": slack.triggers.issue(person),
        "team": {"id": seeds.TEAM_ID, "domain": seeds.TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _all_blocks(message: Message) -> list[dict[str, Any]]:
    attached = [block for a in message.body.get("attachments", []) for block in a.get("blocks", [])]
    return [*message.body.get("blocks", []), *attached]


def _typed(view: View, values: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    state: dict[str, dict[str, Any]] = {}
    missing: dict[str, str] = {}
    for block in view.body["blocks"]:
        element = block.get("element")
        if block["type"] != "input" or element is None:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        value = values.get(block_id, {}).get(action_id)
        if value in (None, "", []) and not block.get("optional"):
            missing[block_id] = "Please complete this required field."
        empty = value if value not in ("",) else None
        state[block_id] = {action_id: {"type": element["type"], **elements.chosen(element, empty)}}
    if missing:
        raise MissingInput(missing)
    return {**view.body["state"]["values"], **state}


class MissingInput(Exception):
    """Required fields are empty; Slack's client says so itself and the app hears nothing."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("required fields are empty")
        self.errors = errors
