"""What an approver narrows takes the place of what was asked for at once; what is wider is not written."""

from typing import Any

import pytest

from tests.workers.domain.test_domain_narrowing import scaling
from tests.workers.ledger.samples import BEN, approval, now, opened, voted
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.errors import Refused
from workers.domain.event import ApprovalDecided, ApprovalRequested, ApprovalVoted, Event
from workers.domain.narrowing import narrowed
from workers.ledger import AlreadyDecided, Ledger

S = ApprovalState
KEY = "e" * 32


@pytest.fixture
def asked(ledger: Ledger) -> Approval:
    like = scaling()
    over: dict[str, Any] = {name: getattr(like, name) for name in ("title", "call", "before", "narrow")}
    wanted = approval(opened(ledger), **over)
    ledger.record(wanted.investigation, ApprovalRequested(at=now(), approval=wanted))
    return wanted


def narrowing(asked: Approval, less: Approval) -> tuple[Event, ...]:
    vote = Vote(person=BEN, decision="approve", at=now())
    return (
        ApprovalDecided(at=now(), approval=asked.id, state=S.SUPERSEDED),
        ApprovalRequested(at=now(), approval=less),
        ApprovalVoted(at=now(), approval=less.id, vote=vote),
    )


def test_less_takes_the_place_of_what_was_asked_for(ledger: Ledger, asked: Approval) -> None:
    less = narrowed(asked, 5, KEY, now())

    ledger.record(asked.investigation, *narrowing(asked, less))

    before, after = ledger.approval(asked.id), ledger.approval(KEY)
    assert before is not None
    assert after is not None
    assert (before.state, before.votes) == (S.SUPERSEDED, ())
    assert (after.state, [vote.person for vote in after.votes]) == (S.PENDING, [BEN])
    assert ledger.witness(KEY).hash == after.hash == after.digest()
    requested = [body["approval"] for body in ledger.audited("ApprovalRequested")]
    assert requested[-1]["narrows"] == asked.id  # pyright: ignore[reportArgumentType, reportCallIssue, reportIndexIssue, reportOptionalSubscript]


def test_what_gave_way_takes_no_vote_and_gives_way_once(ledger: Ledger, asked: Approval) -> None:
    ledger.record(asked.investigation, *narrowing(asked, narrowed(asked, 5, KEY, now())))

    with pytest.raises(AlreadyDecided):
        ledger.record(asked.investigation, voted(asked))
    with pytest.raises(AlreadyDecided):
        ledger.record(asked.investigation, *narrowing(asked, narrowed(asked, 6, "d" * 32, now())))


@pytest.mark.parametrize("count", [3, 9, 10, 1000, -1, "5", True])
def test_what_is_not_less_is_not_written(ledger: Ledger, asked: Approval, count: Any) -> None:
    less = narrowed(asked, 5, KEY, now())
    arguments = {**less.call.arguments, "desiredCount": count}
    wide = less.model_copy(update={"call": less.call.model_copy(update={"arguments": arguments})}).sealed()

    with pytest.raises(Refused, match="is not asked for"):
        ledger.record(asked.investigation, *narrowing(asked, wide))

    found = ledger.approval(asked.id)
    assert found is not None
    assert found.state is S.PENDING
    assert ledger.approval(KEY) is None


def test_nothing_is_narrowed_that_has_not_given_way(ledger: Ledger, asked: Approval) -> None:
    with pytest.raises(Refused, match="narrows nothing"):
        ledger.record(
            asked.investigation, ApprovalRequested(at=now(), approval=narrowed(asked, 5, KEY, now()))
        )
