"""`/runbook halt` and `/runbook resume`: nothing is changed any more, at once, and then it is again."""

from bot import words
from bot.desk import Desk, Payload
from bot.views import Said
from workers.domain.approver import mention
from workers.domain.errors import Unreachable
from workers.safety.deciding import able
from workers.thread.mrkdwn import person, said

MOST = 300


def halt(desk: Desk, body: Payload, why: str = "") -> Said:
    """Anybody here may stop all changes: stopping harms nobody for long, and asking first might."""
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


def resume(desk: Desk, body: Payload) -> Said:
    """Only an approver allows changes again."""
    may = able(desk.policy.everybody, desk.known)
    if str(body["user_id"]) not in may.people:
        names = " ".join(map(mention, desk.policy.everybody)) or "nobody"
        return Said(text=f"Only approvers allow changes again: {names}. {may.gap}".strip())
    try:
        if desk.ledger.stopped() is None:
            return Said(text="Changes are not stopped.")
        desk.ledger.allow_changes(str(body["user_id"]))
    except Unreachable as error:
        return Said(text=f"I could not write it down: {error}. Changes stay stopped.")
    return Said(
        text=f"{_who(body)} allowed changes again. Each still waits for its approval.", everybody=True
    )


def _who(body: Payload) -> str:
    return person(str(body["user_id"]))
