"""Requests, steps and approvals to put through a ledger."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.call import ToolCall
from workers.domain.event import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    ApprovalVoted,
    ChangeIntended,
    ChangeMade,
    ChangeUnknown,
    Event,
    Failed,
    Steered,
)
from workers.domain.incident import Incident, Person, Thread
from workers.domain.post import Post
from workers.domain.risk import Risk
from workers.ledger import Ledger

TEAM = "T0FERNHILL1"
ALICE = Person(id="U0ALICECHEN", team=TEAM)
CAROL = Person(id="U0CAROLDIAZ", team=TEAM)
BEN = Person(id="U0BENOKAFOR", team=TEAM)
CALL = ToolCall(
    name="ecs-update-service",
    arguments={"cluster": "shop", "service": "checkout", "taskDefinition": "checkout:41"},
)


def now() -> datetime:
    return datetime.now(UTC)


def incident(thread: str = "1700000000.000100") -> Incident:
    return Incident(
        text="checkout is slow",
        requester=ALICE,
        source="mention",
        thread=Thread(team=TEAM, channel="C0INCIDENTS", ts=thread),
        at=now(),
    )


def opened(ledger: Ledger, key: str = "") -> str:
    """A fresh investigation."""
    return ledger.accept(incident(), (key or secrets.token_hex(8),), now()).id


def said(text: str = "noted") -> Steered:
    """The plainest step there is."""
    return Steered(at=now(), person=ALICE, text=text)


def post(text: str = "Looking.", key: str = "live", **more: bool | str) -> Post:
    return Post.model_validate({"key": key, "text": text, **more})


def approval(investigation: str, *, quorum: int = 1, minutes: float = 15, **over: Any) -> Approval:
    plain = Approval(
        id=secrets.token_hex(16),
        investigation=investigation,
        title="Run checkout:41 on checkout",
        call=CALL,
        risk=Risk.LOW,
        target="ecs:shop",
        why=("checkout:42 brought the errors",),
        blast_radius="All tasks of checkout are replaced.",
        before={"taskDefinition": "checkout:42", "desiredCount": 3},
        rollback=CALL,
        requester=ALICE,
        approvers=(BEN.id,),
        quorum=quorum,
        created_at=now(),
        expires_at=now() + timedelta(minutes=minutes),
    )
    return plain.model_copy(update=over).sealed()


def asked(ledger: Ledger, investigation: str = "", **more: int | float) -> Approval:
    """An approval that has been asked for."""
    wanted = approval(investigation or opened(ledger), **more)  # pyright: ignore[reportArgumentType]
    ledger.record(wanted.investigation, ApprovalRequested(at=now(), approval=wanted))
    return wanted


def voted(
    approval: Approval, person: Person = BEN, decision: Literal["approve", "reject"] = "approve"
) -> Event:
    at = now()
    return ApprovalVoted(at=at, approval=approval.id, vote=Vote(person=person, decision=decision, at=at))


def step(approval: Approval, to: ApprovalState) -> Event:
    """The event that brings an approval into a state."""
    at = now()
    match to:
        case ApprovalState.EXPIRED:
            return ApprovalExpired(at=at, approval=approval.id)
        case ApprovalState.REDEEMED:
            return ChangeIntended(at=at, approval=approval.id, call=approval.call)
        case ApprovalState.SUCCEEDED:
            return ChangeMade(at=at, approval=approval.id, state={})
        case ApprovalState.INDETERMINATE:
            return ChangeUnknown(at=at, approval=approval.id, why="no answer")
        case ApprovalState.FAILED:
            return Failed(at=at, what=approval.title, why="refused", approval=approval.id)
        case _:
            return ApprovalDecided(at=at, approval=approval.id, state=to)
