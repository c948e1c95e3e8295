"""The alarm integration: a second app that posts as monitoring does, attachments only and an empty text."""

from typing import Any

from bot.sandbox import content, posting, seeds
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message

RED = "#b3261e"
# Fields up to this long stand two in a row.
SHORT = 28


def post(slack: Slack, channel: Channel, alert: dict[str, Any]) -> Message:
    """Post one alert: `title`, `text`, `color`, and `fields` as an object or as Slack's list."""
    attachment: dict[str, Any] = {
        "color": str(alert.get("color") or RED).removeprefix("#"),
        "title": str(alert.get("title", "")),
        "text": str(alert.get("text", "")),
        "fields": _fields(alert.get("fields") or []),
        "mrkdwn_in": ["text"],
    }
    attachment["fallback"] = f"{attachment['title']}: {attachment['text']}"
    for name in ("title_link", "footer", "ts"):
        if alert.get(name):
            attachment[name] = alert[name]
    body: dict[str, Any] = {
        "type": "message",
        "subtype": "bot_message",
        "text": "",
        "ts": slack.ids.ts(),
        "username": seeds.ALARMS.real_name,
        "bot_id": seeds.ALARM_BOT_ID,
        "app_id": seeds.ALARM_APP_ID,
        "attachments": content.complete_attachments([attachment], slack.ids),
    }
    return posting.post(slack, Message(channel.id, body))


def _fields(fields: Any) -> list[dict[str, Any]]:
    if isinstance(fields, dict):
        fields = [{"title": str(title), "value": str(value)} for title, value in fields.items()]
    return [{"short": len(str(field.get("value", ""))) <= SHORT, **field} for field in fields]
