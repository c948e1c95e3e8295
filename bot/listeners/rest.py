"""Everything nobody listens to: acknowledged, or Slack would bring it again and warn whoever clicked."""

import re

from slack_bolt import Ack, App

ANYTHING = re.compile(".*")


def register(app: App) -> None:
    def taken(ack: Ack) -> None:
        ack()

    app.event(re.compile(".+"))(taken)
    app.action(ANYTHING)(taken)
    app.command(ANYTHING)(taken)
    app.view(ANYTHING)(taken)
    app.view({"type": "view_closed", "callback_id": ANYTHING})(taken)
    app.options(ANYTHING)(taken)
    app.shortcut(ANYTHING)(taken)
