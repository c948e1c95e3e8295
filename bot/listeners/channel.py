"""A new incident channel: join it by itself, and start with the alert that is there already."""

import logging
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.desk import Desk, Payload, error_code
from bot.listeners.message import alert

log = logging.getLogger(__name__)


def register(app: App, desk: Desk) -> None:
    def created(event: Payload, body: Payload, client: WebClient) -> None:
        channel_created(desk, event, body, client)

    app.event("channel_created")(created)


def channel_created(desk: Desk, event: Payload, body: Payload, client: WebClient) -> None:
    channel, name = str(event["channel"]["id"]), str(event["channel"]["name"])
    if body.get("team_id") != desk.team or not desk.auto_join or not desk.incident_room(name):
        return
    slack: Any = client
    try:
        slack.conversations_join(channel=channel)
        # What was said before we joined comes as no event.
        earlier = slack.conversations_history(channel=channel, limit=10)["messages"]
    except SlackApiError as error:
        log.warning("could not join %s: %s", name, error_code(error))
        return
    for message in reversed(earlier):
        alert(desk, {**message, "channel": channel}, body)
