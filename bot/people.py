"""What Slack says about people: remembered for a while where they ask, asked anew where they decide."""

import time
from typing import Any, Literal

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.rooms import NotTold
from bot.slack import error_code, passes

Kind = Literal["member", "guest", "nobody"]
"""What somebody is in a workspace; a bot, a deactivated person and a stranger are nobody."""
REMEMBERED_SECONDS = 600.0
GUEST = ("is_restricted", "is_ultra_restricted")
NOBODY = ("is_bot", "deleted", "is_stranger")


class People:
    """People by id."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Kind, float]] = {}

    def kind(self, person: str, team: str, client: WebClient) -> Kind:
        """What they were in this workspace within ten minutes; raises `NotTold` while Slack does not say."""
        known, until = self._known.get(person, (None, 0.0))
        if known and time.monotonic() < until:
            return known
        kind = ask(person, team, client)
        self._known[person] = kind, time.monotonic() + REMEMBERED_SECONDS
        return kind


def ask(person: str, team: str, client: WebClient) -> Kind:
    """The same as Slack has it now."""
    slack: Any = client
    try:
        user = slack.users_info(user=person)["user"]
    except SlackApiError as error:
        if not passes(error) and error_code(error) in ("user_not_found", "user_not_visible"):
            return "nobody"
        raise NotTold(error_code(error)) from error
    except OSError as error:
        raise NotTold(str(error)) from error
    if team not in _teams(user) or any(user.get(key) for key in NOBODY):
        return "nobody"
    return "guest" if any(user.get(key) for key in GUEST) else "member"


def _teams(user: dict[str, Any]) -> list[str]:
    """The workspaces whose member somebody is."""
    return [str(user.get("team_id")), *(user.get("enterprise_user") or {}).get("teams", ())]
