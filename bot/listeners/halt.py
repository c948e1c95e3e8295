"""`/runbook halt` and `/runbook resume`: nothing is changed any more, at once, and then it is again."""

import logging

from slack_sdk import WebClient

from bot import words
from bot.deciding import ELSEWHERE, refused, voiceless
from bot.desk import Desk, Payload
from bot.people import ask
from bot.rooms import NotTold
from bot.views import Said
from workers.domain.approver import mention
from workers.domain.errors import Unreachable
from workers.domain.incident import Person
from workers.safety.deciding import able
from workers.thread.mrkdwn import person, said

log = logging.getLogger(__name__)

MOST = 300


def halt(desk: Desk, body: Payload, client: WebClient, why: str = "") -> Said:
    """Anybody of ours may stop all changes: stopping harms nobody for long, and asking first might."""
    try:
        if ask(str(body["user_id"]), desk.team, client) == "nobody":
            return _refused(desk, body, "halt", ELSEWHERE)
    except NotTold as error:  # while Slack does not say who asks, stopping is the safer mistake
        log.warning("all changes are stopped by somebody unknown: %s", error)
    try:
        desk.ledger.stop_changes(str(body["user_id"]), words.readable(why)[:MOST])
    except Unreachable as error:
        return Said(text=f"I could not write it down: {error}. Nothing is stopped: end the executor by hand.")
    reason = f" ({said(words.readable(why)[:MOST])})" if why else ""
    return Said(
        text=f"{_who(body)} stopped all changes{reason}. What was approved and has not begun is not made. "
        "An approver allows them again with `/runbook resume`.",
        everybody=True,
    )


def resume(desk: Desk, body: Payload, client: WebClient) -> Said:
    """Only an approver allows changes again."""
    if why := voiceless(desk, _person(body), str(body["channel_id"]), client):
        return _refused(desk, body, "resume", why)
    may = able(desk.policy.everybody, desk.members)
    if str(body["user_id"]) not in may.people:
        names = " ".join(map(mention, desk.policy.everybody)) or "nobody"
        why = f"Only approvers allow changes again: {names}. {may.gap}".strip()
        return _refused(desk, body, "resume", why)
    try:
        if desk.ledger.stopped() is None:
            return Said(text="Changes are not stopped.")
        desk.ledger.allow_changes(str(body["user_id"]))
    except Unreachable as error:
        return Said(text=f"I could not write it down: {error}. Changes stay stopped.")
    return Said(
        text=f"{_who(body)} allowed changes again. Each still waits for its approval.", everybody=True
    )


def elsewhere(desk: Desk, body: Payload) -> Said:
    """A command of another workspace: nothing is said about us, and it is on record."""
    _refused(desk, body, str(body.get("command", "")), ELSEWHERE)
    return Said()


def _refused(desk: Desk, body: Payload, what: str, why: str) -> Said:
    try:
        refused(desk, _person(body), what, why)
    except Unreachable as error:
        log.warning("that %s was refused is not on record: %s", what, error)
    return Said(text=why)


def _person(body: Payload) -> Person:
    return Person(id=str(body["user_id"]), team=str(body.get("team_id", "")))


def _who(body: Payload) -> str:
    return person(str(body["user_id"]))
