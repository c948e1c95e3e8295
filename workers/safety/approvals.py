"""Asking for an approval: one exact call, the state it was asked in, and the way back."""

import secrets
from datetime import datetime

from workers.domain.approval import Approval
from workers.domain.call import StateData, ToolCall, ToolResult
from workers.domain.event import RemedyProposed
from workers.domain.investigation import Investigation
from workers.domain.risk import Risk
from workers.safety.policy import Policy
from workers.tools import changes


def reading(remedy: RemedyProposed) -> ToolCall:
    """The read that tells the state which the remedy would alter."""
    return changes.reading(changes.row_of(remedy.call), remedy.call)


def request(
    case: Investigation, remedy: RemedyProposed, before: ToolResult, policy: Policy, now: datetime
) -> Approval | None:
    """The approval to ask for, sealed; `None` when the state before could not be read."""
    if not isinstance(before.data, StateData):
        return None
    row = changes.row_of(remedy.call)
    state = before.data.state
    named = changes.places(remedy.call)
    risk = risk_of(remedy.call, policy)
    rule = policy.rule(risk)
    conclusion = case.conclusion
    return Approval(
        id=secrets.token_hex(16),
        investigation=case.id,
        title=changes.worded(row.title, remedy.call),
        call=remedy.call,
        risk=risk,
        target=f"{row.client}:{named[0]}",
        why=(remedy.why, *_shown(case, remedy.hypothesis)),
        blast_radius=changes.worded(row.blast_radius, remedy.call),
        before=state,
        rollback=changes.undo(row, remedy.call, state),
        watch=conclusion.watch if conclusion else None,
        requester=case.incident.requester,
        approvers=rule.approvers,
        quorum=rule.quorum,
        word=named[-1] if risk is Risk.CRITICAL else "",
        created_at=now,
        expires_at=now + rule.ttl,
    ).sealed()


def risk_of(call: ToolCall, policy: Policy) -> Risk:
    """How much harm a call can do here; raises `Refused` for one of no row."""
    return policy.risk(changes.row_of(call).level, changes.places(call))


def _shown(case: Investigation, hypothesis: str) -> tuple[str, ...]:
    """The findings that carry the claim most, so that nobody has to look them up before deciding."""
    strong = (
        e.finding
        for e in case.evidence_for(hypothesis)
        if e.role == "confirm" and e.says == "supports" and e.strength == "strong"
    )
    return tuple(strong)[:2]
