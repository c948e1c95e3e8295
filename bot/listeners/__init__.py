"""One file per kind of Slack event. A listener authorises, writes down, queues and acknowledges."""

from slack_bolt import App

from bot.desk import Desk
from bot.listeners import (
    channel,
    command,
    decision,
    invited,
    meant,
    mention,
    message,
    narrow,
    rest,
    rollback,
    shortcut,
    stop,
)


def register(app: App, desk: Desk) -> None:
    """The routing table. The first that fits wins, so what takes everything comes last."""
    mention.register(app, desk)
    command.register(app, desk)
    shortcut.register(app, desk)
    channel.register(app, desk)
    invited.register(app, desk)
    message.register(app, desk)
    decision.register(app, desk)
    narrow.register(app, desk)
    rollback.register(app, desk)
    meant.register(app, desk)
    stop.register(app, desk)
    rest.register(app)
