"""Approval rows: every move is one compare-and-set inside the transaction of the event that makes it."""

import json
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, func, insert, select, update

from workers.domain.approval import NEXT, SPENT, Approval, ApprovalState, Asked, Made, Vote
from workers.domain.errors import Refused, RunbookError
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
)
from workers.domain.narrowing import widening
from workers.ledger.schema import approvals, events, investigations, votes

LONGEST_LIFE = 86_400.0
"""Seconds from the question to the expiry of an approval, at most."""


class AlreadyDecided(RunbookError):
    """The approval is no longer in a state from which this step leads on."""


def move(connection: Connection, investigation: str, event: Event) -> None:
    """Do to the approval row what `event` says; events about anything else do nothing."""
    match event:
        case ApprovalRequested():
            _ask(connection, investigation, event.approval, event.at.timestamp())
        case ApprovalVoted():
            _vote(connection, event.approval, event.vote)
        case ApprovalDecided():
            _transition(connection, event.approval, event.state)
        case ApprovalExpired():
            _transition(connection, event.approval, ApprovalState.EXPIRED)
        case ChangeIntended():
            _transition(connection, event.approval, ApprovalState.REDEEMED)
        case ChangeMade():
            _transition(connection, event.approval, ApprovalState.SUCCEEDED)
        case ChangeUnknown():
            _transition(connection, event.approval, ApprovalState.INDETERMINATE)
        case Failed() if event.approval:
            _transition(connection, event.approval, ApprovalState.FAILED)
        case _:
            pass


def _ask(connection: Connection, investigation: str, approval: Approval, at: float) -> None:
    if approval.narrows and (why := widening(approval, _superseded(connection, approval))):
        raise Refused(f"{approval.title} is not asked for: {why}")
    connection.execute(
        insert(approvals).values(
            id=approval.id,
            investigation=investigation,
            state=approval.state.value,
            hash=approval.hash,
            created_at=at,
            expires_at=approval.expires_at.timestamp(),
            wanted=0,
            queued_at=0.0,
            runner="",
            beat_at=0.0,
            body=approval.model_dump_json(),
        )
    )


def _superseded(connection: Connection, approval: Approval) -> Approval | None:
    """What an approval narrows, if it has just given way to it."""
    before = load(connection, approval.narrows)
    if before is None or before.investigation != approval.investigation:
        return None
    return before if before.state is ApprovalState.SUPERSEDED else None


def _vote(connection: Connection, approval_id: str, vote: Vote) -> None:
    state = connection.execute(select(approvals.c.state).where(approvals.c.id == approval_id)).scalar()
    theirs = (votes.c.approval == approval_id, votes.c.person == vote.person.id)
    voted = connection.execute(select(func.count()).select_from(votes).where(*theirs)).scalar()
    if state != ApprovalState.PENDING.value or voted:
        raise AlreadyDecided(f"approval {approval_id} takes no further vote from {vote.person.id}")
    connection.execute(
        insert(votes).values(
            approval=approval_id,
            person=vote.person.id,
            team=vote.person.team,
            decision=vote.decision,
            at=vote.at.timestamp(),
            typed=vote.typed,
        )
    )


# States in which the executor still has something to do: make, reconcile or verify the change.
_UNFINISHED = frozenset(
    {
        ApprovalState.APPROVED,
        ApprovalState.REDEEMED,
        ApprovalState.INDETERMINATE,
        ApprovalState.SUCCEEDED,
    }
)


def _transition(connection: Connection, approval_id: str, to: ApprovalState) -> None:
    before = [state.value for state, after in NEXT.items() if to in after]
    moved = connection.execute(
        update(approvals)
        .where(approvals.c.id == approval_id, approvals.c.state.in_(before))
        .values(state=to.value, wanted=int(to in _UNFINISHED))
    )
    if moved.rowcount != 1:
        raise AlreadyDecided(f"approval {approval_id} cannot become {to.value} any more")


def load(connection: Connection, approval_id: str) -> Approval | None:
    row = connection.execute(select(approvals).where(approvals.c.id == approval_id)).first()
    if row is None:
        return None
    cast = connection.execute(select(votes).where(votes.c.approval == approval_id).order_by(votes.c.at))
    return Approval.model_validate_json(row.body).model_copy(
        update={
            "state": ApprovalState(row.state),
            "votes": tuple(
                Vote.model_validate(
                    {
                        "person": {"id": vote.person, "team": vote.team},
                        "decision": vote.decision,
                        "at": vote.at,
                        "typed": vote.typed,
                    }
                )
                for vote in cast
            ),
        }
    )


def made(connection: Connection, since: float) -> tuple[Made, ...]:
    """The changes whose call left at or after `since`."""
    spent = [state.value for state in SPENT]
    young = approvals.c.created_at >= since - LONGEST_LIFE
    rows = connection.execute(
        select(approvals.c.id, approvals.c.body, events.c.at, events.c.body.label("event"))
        .join(events, events.c.investigation == approvals.c.investigation)
        .where(approvals.c.state.in_(spent), young, events.c.type == "ChangeIntended", events.c.at >= since)
    )
    return tuple(
        Made(at=datetime.fromtimestamp(row.at, UTC), risk=Approval.model_validate_json(row.body).risk)
        for row in rows
        if json.loads(row.event)["approval"] == row.id
    )


def asked(connection: Connection, since: float) -> tuple[Asked, ...]:
    """The approvals that were asked for since then and wait, or were rejected."""
    of_interest = [ApprovalState.PENDING.value, ApprovalState.REJECTED.value]
    decided = func.max(votes.c.at).label("decided")
    rows = connection.execute(
        select(approvals.c.body, approvals.c.state, investigations.c.channel, decided)
        .join(investigations, investigations.c.id == approvals.c.investigation)
        .outerjoin(votes, votes.c.approval == approvals.c.id)
        .where(approvals.c.created_at >= since, approvals.c.state.in_(of_interest))
        .group_by(approvals.c.id, approvals.c.body, approvals.c.state, investigations.c.channel)
    )
    return tuple(
        Asked(
            call=Approval.model_validate_json(row.body).call.hash,
            channel=row.channel,
            state=ApprovalState(row.state),
            decided_at=datetime.fromtimestamp(row.decided, UTC) if row.decided else None,
        )
        for row in rows
    )


def overdue(connection: Connection, now: float) -> tuple[Approval, ...]:
    waiting = [ApprovalState.PENDING.value, ApprovalState.APPROVED.value]
    rows = connection.execute(
        select(approvals.c.id).where(approvals.c.state.in_(waiting), approvals.c.expires_at <= now)
    ).all()
    return tuple(a for row in rows if (a := load(connection, row.id)) is not None)


def unmade(connection: Connection, since: float, stale: float) -> tuple[str, ...]:
    """Approvals that want an executor, that none alive holds, and that were not queued after `since`."""
    rows = connection.execute(
        select(approvals.c.id).where(
            approvals.c.wanted == 1,
            (approvals.c.runner == "") | (approvals.c.beat_at < stale),
            approvals.c.queued_at < since,
        )
    )
    return tuple(row.id for row in rows)


def open_in() -> Select[tuple[str]]:
    """The investigations with an approval that waits for its decision or for the executor."""
    waits = (approvals.c.state == ApprovalState.PENDING.value) | (approvals.c.wanted == 1)
    return select(approvals.c.investigation).where(waits)


def claim(connection: Connection, approval_id: str, runner: str, now: float, stale: float) -> bool:
    taken = connection.execute(
        update(approvals)
        .where(
            approvals.c.id == approval_id,
            approvals.c.wanted == 1,
            (approvals.c.runner == "") | (approvals.c.beat_at < stale),
        )
        .values(runner=runner, beat_at=now)
    )
    return taken.rowcount == 1


def beat(connection: Connection, approval_id: str, runner: str, now: float) -> bool:
    """Whether `runner` still holds the approval."""
    held = connection.execute(
        update(approvals)
        .where(approvals.c.id == approval_id, approvals.c.runner == runner)
        .values(beat_at=now)
    )
    return held.rowcount == 1


def release(connection: Connection, approval_id: str, runner: str) -> None:
    connection.execute(
        update(approvals)
        .where(approvals.c.id == approval_id, approvals.c.runner == runner)
        .values(wanted=0, runner="")
    )


def queued(connection: Connection, approval_id: str, at: float) -> None:
    connection.execute(update(approvals).where(approvals.c.id == approval_id).values(queued_at=at))
