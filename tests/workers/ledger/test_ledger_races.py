"""Eight approvers at the same moment, again and again: each change is decided once and redeemed once."""

import contextlib
import os
from collections.abc import Callable

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import TEAM, asked, step, voted
from workers.domain.approval import Approval, ApprovalState
from workers.domain.event import Event
from workers.domain.incident import Person
from workers.ledger import AlreadyDecided, Ledger

S = ApprovalState
ROUNDS, RACERS = int(os.environ.get("RUNBOOK_RACES", "40")), 8
"""On SQLite and on PostgreSQL each; docs/security.md has the figure of 150."""


def test_of_eight_racing_approvers_as_many_as_it_takes_decide_and_one_redeems(
    ledger: Ledger, another: Callable[[], Ledger]
) -> None:
    people = [Person(id=f"U0APPROVER{n}", team=TEAM) for n in range(RACERS)]
    ledgers = [another() for _ in people]

    for number in range(ROUNDS):
        quorum = 1 + number % 2
        wanted = asked(ledger, quorum=quorum)

        redeemed = race(RACERS, lambda n, wanted=wanted: pressed(ledgers[n], wanted, people[n]))

        kinds = [event.type for event in ledger.journal(wanted.investigation)]
        once = [kinds.count(kind) for kind in ("ApprovalVoted", "ApprovalDecided", "ChangeIntended")]
        assert (sum(redeemed), once) == (1, [quorum, 1, 1])
        after = ledger.approval(wanted.id)
        assert after is not None
        assert (after.state, len(after.approvals())) == (S.REDEEMED, quorum)


def pressed(ledger: Ledger, wanted: Approval, person: Person) -> bool:
    """Vote as the bot does, then take the change up as an executor does; whether its call would leave."""

    def happens() -> tuple[Event, ...]:
        before = ledger.approval(wanted.id)
        vote = voted(wanted, person)
        enough = before is not None and len(before.approvals() | {person.id}) >= wanted.quorum
        return (vote, step(wanted, S.APPROVED)) if enough else (vote,)

    with contextlib.suppress(AlreadyDecided):  # too late to vote, and as quick as anybody to redeem
        ledger.settle(wanted.investigation, happens)
    found, runner = ledger.approval(wanted.id), person.id
    approved = found is not None and found.state is S.APPROVED
    if not approved or not ledger.claim_approval(wanted.id, runner):
        return False
    try:
        ledger.record(wanted.investigation, step(wanted, S.REDEEMED))
    except AlreadyDecided:
        return False
    finally:
        ledger.release_approval(wanted.id, runner)
    return True
