"""What people say in the thread of a running investigation: directions, written down with their name."""

import logging
from datetime import UTC
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.desk import Desk
from bot.slack import error_code
from workers.domain.event import Event, Steered
from workers.domain.incident import Person
from workers.domain.investigation import Investigation
from workers.domain.post import Post
from workers.domain.steering import Direction, read
from workers.thread.posts import posts
from workers.thread.why import why

log = logging.getLogger(__name__)

UNREAD = (
    "I am on it already, in this thread. I wrote down what you said, and read no direction in it: "
    "say for example `look at redis`, `ignore the cron job`, `we rolled back at 10:02`, `why?` or `stop`."
)


LATE = (
    "My answer is given already, so this changes nothing in it; I wrote it down with your name. "
    "To have it looked at again, reject the change that I propose and ask me anew."
)


def asks_why(text: str, desk: Desk) -> bool:
    """Whether somebody wants to know why, which is answered after the end as well."""
    direction = read(text, desk.now())
    return direction is not None and direction.kind == "why"


def steer(desk: Desk, investigation: str, person: str, text: str, message: str, client: WebClient) -> str:
    """Write down what somebody said, once; gives back what to tell them, nothing for a repetition."""
    case = desk.ledger.load(investigation)
    if any(said.message == message for said in case.steering):
        return ""
    said_at = desk.now()
    direction = read(text, said_at)
    offset = 0
    if direction is not None and direction.kind == "did":
        offset = _offset(client, person)
        direction = read(text, said_at, offset)
    said = Steered(
        at=said_at, person=Person(id=person, team=desk.team), text=text, offset=offset, message=message
    )
    asks = direction is not None and direction.kind == "why"
    desk.ledger.record(investigation, said, render=_answered if asks else posts)
    desk.put("deliver", investigation)
    return "" if asks else LATE if case.conclusion is not None else _told(direction)


def _answered(case: Investigation, event: Event) -> tuple[Post, ...]:
    message = event.message if isinstance(event, Steered) else ""
    return (*posts(case, event), why(case, message))


def _offset(client: WebClient, person: str) -> int:
    """How many seconds a person's clock is ahead of UTC; UTC where Slack does not say."""
    slack: Any = client
    try:
        return int(slack.users_info(user=person)["user"].get("tz_offset") or 0)
    except SlackApiError as error:
        log.warning("the clock of %s is taken for UTC: %s", person, error_code(error))
        return 0


def _told(direction: Direction | None) -> str:
    """What was understood, in a sentence for the person who said it."""
    if direction is None:
        return UNREAD
    match direction.kind:
        case "look":
            return f"I look at {direction.what} among the first. What I measure there decides."
        case "leave":
            return f"I leave {direction.what} aside, untested, and say so in my answer."
        case "did":
            at = f"{direction.at.astimezone(UTC):%H:%M} UTC" if direction.at else "now"
            return f"Noted with your name: that was at {at}. I hold it against what I measure."
        case "why":
            return ""
