"""*Investigate this*, in a message's menu: what it says is investigated in its thread."""

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot import words
from bot.asking import refusal, take_on
from bot.desk import Desk, Payload
from bot.rooms import NotTaken, NotTold
from bot.slack import hurried, reply
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident, Person, Thread


def register(app: App, desk: Desk) -> None:
    def used(ack: Ack, body: Payload, client: WebClient) -> None:
        ours = body["team"]["id"] == body["user"].get("team_id") == desk.team
        told = investigate(desk, body, hurried(client)) if ours else ""
        if told:
            reply(str(body["response_url"]), told, str(body["message"].get("thread_ts") or ""))
        ack()

    app.shortcut({"type": "message_action", "callback_id": "investigate_message"})(used)


def investigate(desk: Desk, body: Payload, client: WebClient) -> str:
    """Take the request on; returns what to tell whoever made it, nothing where the thread will."""
    message, channel = body["message"], str(body["channel"]["id"])
    thread = Thread(team=desk.team, channel=channel, ts=str(message.get("thread_ts") or body["message_ts"]))
    text = words.flattened(message, desk.bot_user)
    try:
        running = desk.ledger.in_thread(desk.team, channel, thread.ts)
        own = message.get("user") == desk.bot_user
        if running and (own or not desk.ledger.load(running).settled):
            return words.linked(words.LOOKED_INTO, desk.link(running))
        if own or not text:
            return words.MY_OWN if own else words.NO_WORDS
        if why := refusal(desk, str(body["user"]["id"]), channel, client):
            return why
        desk.rooms.enter(channel, client)
        incident = Incident(
            text=text,
            requester=Person(id=str(body["user"]["id"]), team=desk.team),
            source="shortcut",
            thread=thread,
            at=desk.now(),
        )
        accepted = take_on(desk, incident, f"msg:{desk.team}:{channel}:{body['message_ts']}")
    except NotTaken as error:
        return str(error)
    except NotTold as error:
        return words.NOT_TOLD.format(why=error.why)
    except Unreachable as error:
        return words.NOT_WRITTEN.format(error=error)
    if not accepted.fresh:
        return words.linked(words.LOOKED_INTO, desk.link(accepted.id))
    return "" if desk.queues() else words.WRITTEN_DOWN
