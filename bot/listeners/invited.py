"""Somebody has invited Runbook: it says what it can do, and looks for the alert where there is one."""

from slack_bolt import App
from slack_sdk import WebClient

from bot import words
from bot.desk import Desk, Payload
from bot.listeners.channel import attend
from bot.slack import whisper


def register(app: App, desk: Desk) -> None:
    def joined(event: Payload, body: Payload, client: WebClient) -> None:
        # Where we went by ourselves, nobody is the inviter.
        if body.get("team_id") == desk.team and event.get("user") == desk.bot_user and event.get("inviter"):
            invited(desk, event, client)

    app.event("member_joined_channel")(joined)


def invited(desk: Desk, event: Payload, client: WebClient) -> None:
    """First the alert, which must not be lost, then the greeting, which may be."""
    channel, inviter = str(event["channel"]), str(event["inviter"])
    if desk.incident_room(desk.rooms.ask(channel, client).name):
        attend(desk, channel, client, join=False)
    if desk.first(f"hello:{channel}:{inviter}"):
        whisper(client, channel, inviter, words.HELLO)
