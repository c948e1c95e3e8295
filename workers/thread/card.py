"""The approval card: one message per change, from the question to its outcome."""

from datetime import datetime

from workers.domain.approval import Approval, ApprovalState
from workers.domain.approver import mention
from workers.domain.call import ToolCall
from workers.domain.event import Verified
from workers.domain.evidence import CausalQuery
from workers.domain.investigation import Investigation
from workers.domain.narrowing import room
from workers.domain.post import GLASS, HEAD, Block, Post
from workers.thread.fit import (
    Part,
    actions,
    button,
    confirmation,
    context,
    fields,
    fit,
    header,
    preformatted,
    said_plainly,
    section,
)
from workers.thread.mrkdwn import clamp, code, moment, person, said

HEADS = {
    ApprovalState.PENDING: "Approval needed",
    ApprovalState.APPROVED: "Approved",
    ApprovalState.REDEEMED: "Changing",
    ApprovalState.SUCCEEDED: "Changed",
    ApprovalState.FAILED: "Change refused",
    ApprovalState.INDETERMINATE: "Outcome unknown",
    ApprovalState.REJECTED: "Rejected",
    ApprovalState.EXPIRED: "Expired",
    ApprovalState.SUPERSEDED: "Superseded",
    ApprovalState.REVOKED: "Not made",
}

SPOKEN = {
    ApprovalState.APPROVED: "The executor makes it next.",
    ApprovalState.REDEEMED: "The call has left.",
    ApprovalState.SUCCEEDED: "The change was made; whether it helped is being checked.",
    ApprovalState.INDETERMINATE: "No answer came; the system is read to find out.",
    ApprovalState.FAILED: "Nothing was changed.",
    ApprovalState.REJECTED: "Nothing was changed.",
    ApprovalState.EXPIRED: "Nothing was changed.",
    ApprovalState.SUPERSEDED: "Nothing was changed.",
    ApprovalState.REVOKED: "Nothing was changed.",
}


def key(approval: Approval) -> str:
    return f"card:{approval.id[:12]}"


def card(case: Investigation, approval: Approval) -> Post:
    """The card as the approval stands now."""
    outcome = case.outcomes.get(approval.id)
    head = _head(approval, outcome)
    parts = [
        Part(blocks=(header(f"{head}: {approval.title}"), *_told(case, approval, outcome))),
        Part(blocks=(preformatted(exact(approval.call)),)),
        Part(blocks=(fields(_details(approval)),), rank=1),
        *_undo(approval),
        *_buttons(case, approval),
        Part(blocks=(context(_small(approval)),), rank=2),
    ]
    spoken = f"{head}: {approval.title}. {_spoken(case, approval, outcome)}"
    return Post(key=key(approval), text=said_plainly(spoken), blocks=fit(parts), urgent=True)


def exact(call: ToolCall) -> str:
    """The call as it will be made, every argument of it."""
    lines = [f"  {name} = {value}" for name, value in sorted(call.arguments.items())]
    return "\n".join([call.name, *lines])


def brief(call: ToolCall) -> str:
    """The same in one line."""
    arguments = ", ".join(f"{name} = {value}" for name, value in sorted(call.arguments.items()))
    return code(f"{call.name} {arguments}")


def _head(approval: Approval, outcome: Verified | None) -> str:
    if outcome is not None and approval.state is ApprovalState.SUCCEEDED:
        return "Recovered" if outcome.recovered else "Changed, not recovered"
    return HEADS[approval.state]


def _told(case: Investigation, approval: Approval, outcome: Verified | None) -> tuple[Block, ...]:
    why = "\n".join(f"• {clamp(said(reason), 400)}" for reason in approval.why)
    blocks = [section(f"*Why*\n{why}", "why")] if approval.state is ApprovalState.PENDING else []
    story = _story(case, approval, outcome)
    return (*blocks, *([section("\n".join(story), "story")] if story else []))


def _story(case: Investigation, approval: Approval, outcome: Verified | None) -> list[str]:
    """What has happened since it was asked, one line each."""
    lines = [
        f"{_voted(vote.decision)} by {person(vote.person.id)} at {moment(vote.at)}" for vote in approval.votes
    ]
    reason = case.reasons.get(approval.id, "")
    match approval.state:
        case ApprovalState.PENDING | ApprovalState.APPROVED:
            pass
        case ApprovalState.REDEEMED:
            lines.append("The call has left; waiting for its answer.")
        case ApprovalState.SUCCEEDED:
            lines.append("The change was made, once, exactly as shown.")
        case ApprovalState.INDETERMINATE:
            ends = "Nobody knows whether it was made." if outcome else "Reading the system to find out."
            lines.append(f"The call left and no answer came ({said(reason)}). {ends}")
        case ApprovalState.EXPIRED:
            given = len(approval.approvals()) >= approval.quorum
            late = "It was approved, but not made in time." if given else "Nobody decided in time."
            lines.append(f"{late} Nothing was changed.")
        case ApprovalState.FAILED:
            refused = next((f for f in case.failures if f.approval == approval.id), None)
            lines.append(
                f"Nothing was changed: {said(refused.why)} {said(refused.mend)}"
                if refused
                else "Nothing was changed."
            )
        case _:
            lines.append(f"Nothing was changed. {said(reason)}".strip())
    lines += [
        f"{person(w.person.id)} asked to take it back." for w in case.rollbacks if w.approval == approval.id
    ]
    lines += _unread(case, approval)
    lines += _readings(case, approval)
    if outcome is not None:
        lines.append(f"*{'Recovered' if outcome.recovered else 'Not recovered'}:* {said(outcome.finding)}")
    return lines


def _unread(case: Investigation, approval: Approval) -> list[str]:
    """Why the way back could not be asked for the last time that somebody wished it."""
    if case.taken_back(approval.id):
        return []
    tried = [one for one in case.withheld if one.undoes == approval.id][-1:]
    return [f"The way back was not asked for: {said(one.why)}. It can be pressed again." for one in tried]


def _voted(decision: str) -> str:
    return "Approved" if decision == "approve" else "Rejected"


def _readings(case: Investigation, approval: Approval) -> list[str]:
    """The newest step of the verification, while it goes on."""
    if approval.id in case.outcomes:
        return []
    steps: list[CausalQuery] = [q for q in case.queries.values() if q.approval == approval.id]
    return [f"_Verifying:_ {said(steps[-1].call.why)}"] if steps else []


def _details(approval: Approval) -> list[tuple[str, str]]:
    asker = approval.requester.id if approval.requester else ""
    able = [one for one in approval.approvers if one != asker]
    who = " ".join(map(mention, able)) or "nobody is configured"
    needed = f"{approval.quorum} of {who}" if approval.quorum > 1 else who
    people = all(one[:1] in ("U", "W") for one in able)
    needed += " (too few: name more approvers)" if people and len(able) < approval.quorum else ""
    needed += f", each by typing {code(approval.word)}" if approval.word else ""
    return [
        ("Risk", approval.risk.word),
        ("What it touches", said(approval.blast_radius)),
        ("Who may approve", needed),
        ("Expires", _expiry(approval.expires_at)),
    ]


def _expiry(at: datetime) -> str:
    return moment(at)


def _undo(approval: Approval) -> list[Part]:
    if approval.rollback is None:
        return [Part(blocks=(section(f"*Nothing can undo this.* {said(approval.no_rollback)}"),))]
    return [Part(blocks=(section(f"*Way back* {brief(approval.rollback)}"),), rank=1)]


def _buttons(case: Investigation, approval: Approval) -> list[Part]:
    if approval.state is ApprovalState.SUCCEEDED and approval.id in case.outcomes:
        return _way_back(case, approval)
    if approval.state is not ApprovalState.PENDING:
        return []
    final = "Nothing can undo it. " if approval.rollback is None else ""
    sure = confirmation(
        f"{approval.title}?",
        f"{final}{approval.blast_radius} It is made once, exactly as the card shows.",
        "Approve",
    )
    yes = button(
        "approve",
        "Approve",
        approval.id,
        style="primary",
        confirm=None if approval.word else sure,  # the modal asks
        spoken=f"Approve: {approval.title}",
    )
    no = button("reject", "Reject", approval.id, style="danger", spoken=f"Reject: {approval.title}")
    less = button("narrow", "Change…", approval.id, spoken=f"Approve less: {approval.title}")
    return [Part(blocks=(actions("decision", yes, no, *([less] if room(approval) else [])),))]


def _way_back(case: Investigation, approval: Approval) -> list[Part]:
    if approval.rollback is None or case.taken_back(approval.id):
        return []
    sure = confirmation(
        "Ask to take it back?",
        "The way back is asked for on a card of its own, and needs its own approval.",
        "Roll back",
    )
    back = button("rollback", "Roll back", approval.id, confirm=sure, spoken=f"Roll back: {approval.title}")
    return [Part(blocks=(actions("way-back", back),))]


def _small(approval: Approval) -> str:
    asked = f"asked by {person(approval.requester.id)} · " if approval.requester else ""
    own = "whoever asked may approve only while on call" if approval.solo else "whoever asked may not approve"
    return f"{asked}{own} · one use · {code(approval.hash[:12])} · audit {code(HEAD)}{GLASS}"


def _spoken(case: Investigation, approval: Approval, outcome: Verified | None) -> str:
    if approval.state is ApprovalState.PENDING:
        return f"Risk {approval.risk.word}. {approval.blast_radius} Open the thread to approve or reject."
    return f"{outcome.finding.rstrip('.')}." if outcome is not None else SPOKEN[approval.state]
