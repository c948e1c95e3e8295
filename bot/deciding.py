"""Who has a say in changes here; whoever has none is told why, and that is on record."""

from slack_sdk import WebClient

from bot.asking import outside
from bot.desk import Desk
from bot.people import ask
from bot.rooms import NotTold
from workers.domain.incident import Person

BRIEFLY = 60.0
"""For how long it is believed, in seconds, that nobody of another workspace is in a channel."""
ELSEWHERE = "Changes are for members of this workspace only."
NO_MEMBER = "Only full members of this workspace decide on changes."
SHARED = (
    "People of another workspace are in this channel, so nobody decides on changes in it. "
    "Ask me again in a channel of ours."
)


def voiceless(desk: Desk, person: Person, channel: str, client: WebClient) -> str:
    """Why this person has no say in changes here, as Slack has it now; empty for full members among us."""
    if person.team != desk.team:
        return ELSEWHERE
    try:
        if outside(desk, channel, client, BRIEFLY):
            return SHARED
        kind = ask(person.id, desk.team, client)
    except NotTold as error:
        return f"I could not check who you are ({error.why}), so this does not count."
    return "" if kind == "member" else NO_MEMBER


def refused(desk: Desk, person: Person, decision: str, why: str, approval: str = "") -> None:
    """Put on record that somebody was not let do something about a change."""
    told = {"actor": person.id, "team": person.team, "decision": decision, "approval": approval, "why": why}
    desk.ledger.note({"event": "VoteRefused", **told})
