"""An approval moves by compare-and-set: along the table of states, once, whoever races for it."""

import pytest

from tests.workers.ledger.samples import ALICE, BEN, asked, now, opened, step, voted
from workers.domain.approval import NEXT, ApprovalState
from workers.domain.incident import Person
from workers.ledger import AlreadyDecided, Ledger

S = ApprovalState
# A way into each state.
PATHS: dict[S, tuple[S, ...]] = {
    S.PENDING: (),
    S.APPROVED: (S.APPROVED,),
    S.REDEEMED: (S.APPROVED, S.REDEEMED),
    S.SUCCEEDED: (S.APPROVED, S.REDEEMED, S.SUCCEEDED),
    S.FAILED: (S.APPROVED, S.REDEEMED, S.FAILED),
    S.INDETERMINATE: (S.APPROVED, S.REDEEMED, S.INDETERMINATE),
    S.REJECTED: (S.REJECTED,),
    S.EXPIRED: (S.EXPIRED,),
    S.SUPERSEDED: (S.SUPERSEDED,),
    S.REVOKED: (S.APPROVED, S.REVOKED),
}


def state(ledger: Ledger, approval_id: str) -> ApprovalState:
    approval = ledger.approval(approval_id)
    assert approval is not None
    return approval.state


@pytest.mark.parametrize("before", S)
def test_approval_moves_only_as_the_table_says(ledger: Ledger, before: S) -> None:
    investigation = opened(ledger)

    for after in S:
        if after is S.PENDING:
            continue
        wanted = asked(ledger, investigation)
        for passed in PATHS[before]:
            ledger.record(investigation, step(wanted, passed))
        steps = ledger.load(investigation).seq

        try:
            ledger.record(investigation, step(wanted, after))
        except AlreadyDecided:
            assert after not in NEXT[before]
            assert state(ledger, wanted.id) is before
            assert ledger.load(investigation).seq == steps
        else:
            assert after in NEXT[before]
            assert state(ledger, wanted.id) is after


@pytest.mark.parametrize("before", [s for s in S if s is not S.PENDING])
def test_decided_approval_takes_no_vote(ledger: Ledger, before: S) -> None:
    wanted = asked(ledger)
    for passed in PATHS[before]:
        ledger.record(wanted.investigation, step(wanted, passed))

    with pytest.raises(AlreadyDecided):
        ledger.record(wanted.investigation, voted(wanted))


def test_person_votes_once(ledger: Ledger) -> None:
    wanted = asked(ledger, quorum=2)
    ledger.record(wanted.investigation, voted(wanted, BEN))

    with pytest.raises(AlreadyDecided):
        ledger.record(wanted.investigation, voted(wanted, BEN, "reject"))

    ledger.record(wanted.investigation, voted(wanted, ALICE))
    counted = ledger.approval(wanted.id)
    assert counted is not None
    assert [(vote.person, vote.decision) for vote in counted.votes] == [(BEN, "approve"), (ALICE, "approve")]


def test_person_of_one_id_cannot_vote_again_from_another_team(ledger: Ledger) -> None:
    wanted = asked(ledger, quorum=2)
    ledger.record(wanted.investigation, voted(wanted, BEN))

    with pytest.raises(AlreadyDecided):
        ledger.record(wanted.investigation, voted(wanted, Person(id=BEN.id, team="T0OTHER")))


def test_nobody_knows_an_approval_that_was_never_asked_for(ledger: Ledger) -> None:
    assert ledger.approval("f" * 32) is None


def test_approval_is_overdue_while_pending_or_unused(ledger: Ledger) -> None:
    pending, unused, used = (asked(ledger, minutes=-1) for _ in range(3))
    ledger.record(unused.investigation, step(unused, S.APPROVED))
    ledger.record(used.investigation, step(used, S.APPROVED), step(used, S.REDEEMED))
    fresh = asked(ledger)

    late = {approval.id for approval in ledger.overdue(now())}

    assert late == {pending.id, unused.id}
    assert fresh.id not in late


@pytest.mark.parametrize(
    ("path", "wants"),
    [
        (PATHS[S.APPROVED], True),
        (PATHS[S.REDEEMED], True),
        (PATHS[S.INDETERMINATE], True),
        (PATHS[S.SUCCEEDED], True),
        (PATHS[S.FAILED], False),
        (PATHS[S.REJECTED], False),
        (PATHS[S.REVOKED], False),
        ((S.APPROVED, S.EXPIRED), False),
    ],
)
def test_executor_is_wanted_until_the_change_was_seen_through(
    ledger: Ledger, path: tuple[S, ...], wants: bool
) -> None:
    wanted = asked(ledger)
    for passed in path:
        ledger.record(wanted.investigation, step(wanted, passed))

    assert (ledger.unmade(now().timestamp()) == (wanted.id,)) is wants


@pytest.mark.parametrize(
    ("path", "goes_on"),
    [
        ((), True),
        (PATHS[S.APPROVED], True),
        (PATHS[S.REDEEMED], True),
        (PATHS[S.FAILED], False),
        (PATHS[S.REJECTED], False),
        (PATHS[S.EXPIRED], False),
    ],
)
def test_investigation_goes_on_while_its_change_waits_or_is_made(
    ledger: Ledger, path: tuple[S, ...], goes_on: bool
) -> None:
    change = asked(ledger)
    for passed in path:
        ledger.record(change.investigation, step(change, passed))
    ledger.claim(change.investigation, "worker")
    ledger.release(change.investigation, "worker", ledger.load(change.investigation).seq)

    assert (ledger.unfinished() == (change.investigation,)) is goes_on
