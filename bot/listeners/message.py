"""What is posted in incident channels and in channels we watch: alerts start an investigation."""

from functools import lru_cache
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from bot import words
from bot.desk import Desk, Payload
from workers.domain.incident import Incident, Person, Thread

# Joins, topics, renames and the like say nothing about an incident.
SAYS_SOMETHING = (None, "bot_message", "file_share", "thread_broadcast")


def register(app: App, desk: Desk) -> None:
    @lru_cache(maxsize=2000)
    def name(channel: str) -> str:
        slack: Any = app.client
        return str(slack.conversations_info(channel=channel)["channel"]["name"])

    def posted(event: Payload, body: Payload, client: WebClient) -> None:
        if event.get("subtype") not in SAYS_SOMETHING or event.get("thread_ts"):
            return
        channel = str(event["channel"])
        if channel in desk.watched_channels and event.get("bot_id"):
            watched(desk, event, body)
        elif desk.auto_join and event.get("channel_type") != "im" and desk.incident_room(name(channel)):
            alert(desk, event, body)

    app.event("message")(posted)


def watched(desk: Desk, event: Payload, body: Payload) -> None:
    """An alert in a watched channel is investigated in its own thread."""
    thread = Thread(team=desk.team, channel=str(event["channel"]), ts=str(event["ts"]))
    _accept(desk, event, body, thread, f"msg:{desk.team}:{event['channel']}:{event['ts']}")


def alert(desk: Desk, event: Payload, body: Payload) -> None:
    """The first thing said in an incident channel; one investigation a channel, in a thread of its own."""
    if f"<@{desk.bot_user}>" in str(event.get("text", "")) or event.get("user") == desk.bot_user:
        return
    thread = Thread(team=desk.team, channel=str(event["channel"]))
    _accept(desk, event, body, thread, f"room:{desk.team}:{event['channel']}")


def _accept(desk: Desk, event: Payload, body: Payload, thread: Thread, key: str) -> None:
    text = words.flattened(event)
    if body.get("team_id") != desk.team or not text or event.get("subtype") not in SAYS_SOMETHING:
        return
    person = "" if event.get("bot_id") else str(event.get("user", ""))
    incident = Incident(
        text=text,
        requester=Person(id=person, team=desk.team) if person else None,
        source="alert" if event.get("bot_id") else "channel",
        thread=thread,
        at=desk.now(),
    )
    desk.accept(incident, key, f"msg:{desk.team}:{thread.channel}:{event['ts']}")
