"""`/runbook break-glass`: in need, two named people lift what is soft for a while, and nothing else."""

from slack_sdk import WebClient

from bot import words
from bot.deciding import refused, voiceless
from bot.desk import Desk, Payload
from bot.views import Said
from workers.domain.approval import ApprovalState
from workers.domain.errors import Unreachable
from workers.domain.incident import Person
from workers.ledger.glass import ASKED, ENDED, OPENED
from workers.thread.card import card
from workers.thread.mrkdwn import moment, person, said

MOST = 300
USAGE = "Say why: `/runbook break-glass payments are down and changes are frozen`."
LIFTED = "Freezes, pauses and the limits of an hour and a day"


def break_glass(desk: Desk, body: Payload, client: WebClient, text: str = "") -> Said:
    """Ask for it with a reason, `confirm` what another asked for, or `end` it."""
    one = Person(id=str(body["user_id"]), team=str(body.get("team_id", "")))
    try:
        if why := _why_not(desk, one, str(body["channel_id"]), client):
            refused(desk, one, "break-glass", why)
            return Said(text=why)
        match text.strip().lower():
            case "":
                return Said(text=USAGE)
            case "confirm":
                return _confirm(desk, one)
            case "end":
                return _end(desk, one)
            case _:
                return _ask(desk, one, words.readable(text)[:MOST])
    except Unreachable as error:
        return Said(text=f"I could not write it down: {error}. Nothing is lifted.")


def _why_not(desk: Desk, one: Person, channel: str, client: WebClient) -> str:
    if not desk.policy.breakers:
        return "There is no break-glass here: `break_glass.people` names nobody."
    if why := voiceless(desk, one, channel, client):
        return why
    named = " ".join(map(person, sorted(desk.policy.breakers)))
    return "" if one.id in desk.policy.breakers else f"Only those who are named for it may: {named}."


def _ask(desk: Desk, one: Person, why: str) -> Said:
    now = desk.now()
    glass = desk.ledger.glass(now)
    if glass is not None and glass.until is not None:
        return Said(text=f"Break-glass holds already, until {moment(glass.until)}.")
    desk.ledger.note({"event": ASKED, "actor": one.id, "why": why})
    others = " ".join(map(person, sorted(desk.policy.breakers - {one.id})))
    told = f"{person(one.id)} asks for break-glass ({said(why)}). {LIFTED} are lifted once {others} confirms"
    return Said(text=f"{told} within ten minutes: `/runbook break-glass confirm`.", everybody=True)


def _confirm(desk: Desk, one: Person) -> Said:
    now = desk.now()
    glass = desk.ledger.glass(now)
    if glass is None or glass.until is not None:
        return Said(text="Nobody has asked for it within ten minutes.")
    if glass.asked_by == one.id:
        why = "You asked for it, so somebody else has to confirm it."
        refused(desk, one, "break-glass", why)
        return Said(text=why)
    until = now + desk.policy.glass_lasts
    record = {"event": OPENED, "actor": one.id, "asked_by": glass.asked_by, "why": glass.why}
    desk.ledger.note({**record, "until": until.isoformat()})
    _redraw(desk)
    told = f"{LIFTED} are lifted until {moment(until)}, by {person(glass.asked_by)} and {person(one.id)}"
    rest = "Every change still takes its approval. `/runbook break-glass end` ends it sooner."
    return Said(text=f"{told} ({said(glass.why)}). {rest}", everybody=True)


def _end(desk: Desk, one: Person) -> Said:
    if desk.ledger.glass(desk.now()) is None:
        return Said(text="Nothing is lifted.")
    desk.ledger.note({"event": ENDED, "actor": one.id})
    _redraw(desk)
    return Said(text=f"{person(one.id)} ended break-glass: {LIFTED.lower()} hold again.", everybody=True)


def _redraw(desk: Desk) -> None:
    """Every card that waits for a decision shows whether limits are lifted."""
    for investigation in desk.ledger.unfinished():
        case = desk.ledger.load(investigation)
        waiting = [one for one in case.approvals if one.state is ApprovalState.PENDING]
        if waiting:
            desk.ledger.say(investigation, tuple(card(case, one) for one in waiting))
            desk.put("deliver", investigation)
