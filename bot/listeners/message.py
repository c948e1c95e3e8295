"""What is posted in incident channels and in channels we watch: alerts start an investigation."""

from datetime import timedelta

from slack_bolt import App
from slack_sdk import WebClient

from bot import words
from bot.asking import refusal, repeats, take_on, tell_channel
from bot.desk import Desk, Payload
from bot.listeners.steer import steer
from bot.rooms import NotTaken
from workers.domain.incident import Incident, Person, Thread
from workers.domain.steering import read

# Joins, topics, renames and the like say nothing about an incident.
SAYS_SOMETHING = (None, "bot_message", "file_share", "thread_broadcast")
SAME_INCIDENT = timedelta(days=1)
"""What was asked in an incident channel by a mention or a command is what its alert would ask."""


def register(app: App, desk: Desk) -> None:
    def incident(event: Payload, client: WebClient) -> bool:
        if not desk.auto_join or event.get("channel_type") == "im":
            return False
        return desk.incident_room(desk.rooms.room(str(event["channel"]), client).name)

    def posted(event: Payload, body: Payload, client: WebClient) -> None:
        message = _news(event)
        if body.get("team_id") != desk.team or message is None:
            return
        if message.get("thread_ts") not in (None, message["ts"]):
            overheard(desk, message, client)
            return
        channel = str(event["channel"])
        if channel in desk.watched_channels and message.get("bot_id"):
            watched(desk, message, client)
        elif incident(event, client):
            alert(desk, message, client)

    app.event("message")(posted)


def _news(event: Payload) -> Payload | None:
    """The message that says something: a new one, or one that was posted empty and filled in afterwards."""
    if event.get("subtype") in SAYS_SOMETHING:
        return event
    before, now = event.get("previous_message"), event.get("message")
    if event.get("subtype") != "message_changed" or not before or not now or words.flattened(before):
        return None
    return {**now, "channel": event["channel"]}


def overheard(desk: Desk, event: Payload, client: WebClient) -> None:
    """A reply in the thread of a running investigation that plainly gives a direction steers it."""
    text, person = str(event.get("text", "")), str(event.get("user", ""))
    if event.get("bot_id") or not person or f"<@{desk.bot_user}>" in text:
        return
    direction = read(words.readable(text), desk.now())
    if direction is None or direction.kind == "why":  # people ask each other, too
        return
    running = desk.ledger.in_thread(desk.team, str(event["channel"]), str(event["thread_ts"]))
    case = desk.ledger.load(running) if running else None
    going = case is not None and case.incident.question is None and case.conclusion is None and not case.over
    if going and not refusal(desk, person, str(event["channel"]), client):
        steer(desk, running, person, words.readable(text), str(event["ts"]), client)


def watched(desk: Desk, event: Payload, client: WebClient) -> None:
    """An alert in a watched channel is investigated in its own thread, one that storms once."""
    channel = str(event["channel"])
    if repeats(desk, channel, words.flattened(event), f"msg:{desk.team}:{channel}:{event['ts']}"):
        return
    thread = Thread(team=desk.team, channel=channel, ts=str(event["ts"]))
    _accept(desk, event, thread, client, f"msg:{desk.team}:{channel}:{event['ts']}")


def alert(desk: Desk, event: Payload, client: WebClient) -> None:
    """The first thing said in an incident channel; one investigation a channel, in a thread of its own."""
    if f"<@{desk.bot_user}>" in str(event.get("text", "")) or event.get("user") == desk.bot_user:
        return
    channel = str(event["channel"])
    if desk.ledger.in_channel(desk.team, channel, (desk.now() - SAME_INCIDENT).timestamp()):
        return
    _accept(desk, event, Thread(team=desk.team, channel=channel), client, f"room:{desk.team}:{channel}")


def _accept(desk: Desk, event: Payload, thread: Thread, client: WebClient, key: str) -> None:
    text = words.flattened(event)
    if not text or event.get("subtype") not in SAYS_SOMETHING:
        return
    person = "" if event.get("bot_id") else str(event.get("user", ""))
    if refusal(desk, person, thread.channel, client):
        return
    incident = Incident(
        text=text,
        requester=Person(id=person, team=desk.team) if person else None,
        source="alert" if event.get("bot_id") else "channel",
        thread=thread,
        at=desk.now(),
    )
    try:
        take_on(desk, incident, key, f"msg:{desk.team}:{thread.channel}:{event['ts']}")
    except NotTaken as error:
        tell_channel(desk, incident, str(error))
