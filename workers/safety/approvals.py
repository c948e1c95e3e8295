"""Asking for an approval: one exact call, the state it was asked in, and the way back."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from workers.domain.approval import Approval, ApprovalState, Asked, places
from workers.domain.call import StateData, ToolCall, ToolResult
from workers.domain.errors import Refused
from workers.domain.event import RemedyProposed
from workers.domain.incident import Person
from workers.domain.investigation import Investigation
from workers.domain.risk import Risk
from workers.safety.policy import Policy
from workers.tools import changes


def reading(call: ToolCall) -> ToolCall:
    """The read that tells the state which a change would alter."""
    return changes.reading(changes.row_of(call), call)


def request(
    case: Investigation, remedy: RemedyProposed, before: ToolResult, policy: Policy, now: datetime
) -> Approval | None:
    """The approval to ask for, sealed; `None` when the state before could not be read.

    Raises `Refused` where the row does not fit that state, or where it could not be restored.
    """
    why = (remedy.why, *_shown(case, remedy.hypothesis))
    return _asked(case, remedy.call, why, case.incident.requester, before, policy, now)


def take_back(
    case: Investigation, made: Approval, person: Person, before: ToolResult, policy: Policy, now: datetime
) -> Approval | None:
    """The approval of the way back from a change, which `person` wants and therefore cannot give.

    `None` when the state now could not be read, or when the change has no way back. Raises as `request` does.
    """
    if made.rollback is None:
        return None
    asked = _asked(case, made.rollback, (f"takes back: {made.title}",), person, before, policy, now)
    return asked.model_copy(update={"undoes": made.id}) if asked is not None else None


def _asked(
    case: Investigation,
    call: ToolCall,
    why: tuple[str, ...],
    requester: Person | None,
    before: ToolResult,
    policy: Policy,
    now: datetime,
) -> Approval | None:
    if not isinstance(before.data, StateData):
        return None
    row = changes.row_of(call)
    state = before.data.state
    if misfit := changes.unfit(row, call, state):
        raise Refused(misfit)
    named = places(call)
    risk = risk_of(call, state, policy)
    rule = policy.rule(risk)
    conclusion = case.conclusion
    return Approval(
        id=secrets.token_hex(16),
        investigation=case.id,
        title=changes.worded(row.title, call),
        call=call,
        risk=risk,
        target=f"{row.client}:{named[0]}",
        why=why,
        blast_radius=changes.worded(row.blast_radius, call),
        before=state,
        rollback=changes.undo(row, call, state),
        no_rollback=row.no_undo,
        narrow=changes.narrow(row, call, state),
        watch=conclusion.watch if conclusion else None,
        requester=requester,
        approvers=policy.named(risk, named),
        quorum=rule.quorum,
        word=named[-1] if risk is Risk.CRITICAL else "",
        solo=policy.solo and row.undo_tested and risk < Risk.CRITICAL,
        created_at=now,
        expires_at=now + rule.ttl,
    ).sealed()


MOST_WAITING = 3
"""Cards that may wait for a decision in one channel: who is asked too much says yes to anything."""
NOT_AGAIN = timedelta(minutes=10)
"""How long the same change is not asked for again after a no."""


def held_back(call: ToolCall, channel: str, others: Sequence[Asked], now: datetime) -> str:
    """Why a change is not asked for now, with what people were asked already; empty when it is."""
    waiting = [one for one in others if one.state is ApprovalState.PENDING]
    if any(one.call == call.hash for one in waiting):
        return "the same change waits for a decision in another thread"
    for one in others:
        no = one.decided_at if one.state is ApprovalState.REJECTED and one.call == call.hash else None
        if no is not None and now - no < NOT_AGAIN:
            return f"somebody rejected the same change at {no:%H:%M} UTC; ask me again in 10 minutes"
    if sum(one.channel == channel for one in waiting) >= MOST_WAITING:
        return f"{MOST_WAITING} changes wait for a decision in this channel already"
    return ""


def risk_of(call: ToolCall, before: changes.State, policy: Policy) -> Risk:
    """How much harm a call can do here, whichever of its thing's names is marked; `Refused` if of no row."""
    return policy.risk(changes.row_of(call).level, (*places(call), *changes.names(call, before)))


def _shown(case: Investigation, hypothesis: str) -> tuple[str, ...]:
    """The findings that carry the claim most, so that nobody has to look them up before deciding."""
    strong = (
        e.finding
        for e in case.evidence_for(hypothesis)
        if e.role == "confirm" and e.says == "supports" and e.strength == "strong"
    )
    return tuple(strong)[:2]
