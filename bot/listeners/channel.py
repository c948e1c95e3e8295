"""A channel that is an incident by its name, new or renamed: join it unasked, and start with its alert."""

import logging
from datetime import timedelta
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.asking import outside
from bot.desk import Desk, Payload
from bot.listeners.message import alert
from bot.slack import error_code, passes

log = logging.getLogger(__name__)

EARLIER = timedelta(hours=1)
"""What was said longer ago in a channel that has just become an incident is about something else."""


def register(app: App, desk: Desk) -> None:
    def named(event: Payload, body: Payload, client: WebClient) -> None:
        channel = str(event["channel"]["id"])
        desk.rooms.forget(channel)
        if body.get("team_id") == desk.team and desk.incident_room(str(event["channel"]["name"])):
            # Of a private channel only its members hear.
            attend(desk, channel, client, join=event["type"] != "group_rename")

    for kind in ("channel_created", "channel_rename", "group_rename"):
        app.event(kind)(named)


def attend(desk: Desk, channel: str, client: WebClient, *, join: bool) -> None:
    """Be in an incident channel, and start with what was said before we were, which comes as no event."""
    if not desk.auto_join:
        return
    slack: Any = client
    if outside(desk, channel, client):
        return
    since = (desk.now() - EARLIER).timestamp()
    try:
        if join:
            slack.conversations_join(channel=channel)
        earlier = slack.conversations_history(channel=channel, oldest=str(since), limit=50)["messages"]
    except SlackApiError as error:
        if passes(error):
            raise  # not acknowledged: Slack brings the event again
        log.warning("%s stays without me: %s", channel, error_code(error))
        return
    # What a monitor says is worth more than what people say about it; of equals, the first.
    for message in sorted(earlier, key=lambda said: (not said.get("bot_id"), said["ts"])):
        alert(desk, {**message, "channel": channel}, client)
