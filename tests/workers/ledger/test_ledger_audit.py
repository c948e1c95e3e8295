"""The audit chain: every record leans on the one before it, and a hand on any of them shows."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy.exc import ProgrammingError

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import ALICE, BEN, asked, said, step, voted
from workers.domain.approval import ApprovalState
from workers.domain.errors import Unreachable
from workers.ledger import Ledger
from workers.ledger.audit import GENESIS, Link, digest, first_bad

Sql = Callable[..., None]


def written(ledger: Ledger) -> int:
    """A decision from the question to its outcome; the length of the chain."""
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))
    for state in (ApprovalState.REDEEMED, ApprovalState.SUCCEEDED):
        ledger.record(wanted.investigation, step(wanted, state))
    ledger.note({"event": "VoteRefused", "actor": ALICE.id, "why": "You asked for it."})
    return len(ledger.audit_records())


def bad(ledger: Ledger) -> int | None:
    return first_bad(iter(ledger.audit_records()))


def test_untouched_chain_is_whole(ledger: Ledger) -> None:
    length = written(ledger)
    links = ledger.audit_records()

    assert [link.seq for link in links] == list(range(1, length + 1))
    assert links[0].previous == GENESIS
    assert bad(ledger) is None


def test_decision_is_told_from_the_question_to_its_outcome(ledger: Ledger) -> None:
    written(ledger)
    told = [json.loads(link.body)["event"] for link in ledger.audit_records()]

    assert told == [
        "IncidentReported",
        "ApprovalRequested",
        "ApprovalVoted",
        "ApprovalDecided",
        "ChangeIntended",
        "ChangeMade",
        "VoteRefused",
    ]
    (vote,) = ledger.audited("ApprovalVoted")
    assert vote["vote"]["person"] == {"id": BEN.id, "team": BEN.team}  # pyright: ignore


def test_steps_that_decide_nothing_are_not_in_the_chain(ledger: Ledger) -> None:
    length = written(ledger)
    investigation = str(json.loads(ledger.audit_records()[0].body)["investigation"])

    ledger.record(investigation, said())

    assert len(ledger.audit_records()) == length


def test_step_whose_record_cannot_be_written_is_not_taken(ledger: Ledger, sql: Sql) -> None:
    written(ledger)
    wanted = asked(ledger)
    before = ledger.journal(wanted.investigation)

    sql("ALTER TABLE audit RENAME TO away")
    with pytest.raises((Unreachable, ProgrammingError)):
        ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))
    sql("ALTER TABLE away RENAME TO audit")

    assert ledger.journal(wanted.investigation) == before
    found = ledger.approval(wanted.id)
    assert found is not None
    assert (found.state, found.votes) == (ApprovalState.PENDING, ())


CHANGES = {
    "body": "UPDATE audit SET body = replace(body, 'e', 'E') WHERE seq = :n",
    "hash": "UPDATE audit SET hash = '{}' WHERE seq = :n".format("0" * 64),
    "time": "UPDATE audit SET at = at + 1 WHERE seq = :n",
    "previous": "UPDATE audit SET previous = '{}' WHERE seq = :n".format("1" * 64),
}


@pytest.mark.parametrize("field", CHANGES)
def test_changed_record_is_named(ledger: Ledger, database: str, sql: Sql, field: str) -> None:
    length = written(ledger)
    links = {link.seq: link for link in ledger.audit_records()}

    for n in range(1, length + 1):
        sql(CHANGES[field], n=n)
        assert bad(ledger) == n
        sql(
            "UPDATE audit SET body = :body, hash = :hash, at = :at, previous = :previous WHERE seq = :seq",
            **links[n]._asdict(),
        )
    assert bad(ledger) is None


def test_deleted_record_is_named(ledger: Ledger, sql: Sql) -> None:
    length = written(ledger)

    for n in range(1, length):
        link = ledger.audit_records()[n - 1]
        sql("DELETE FROM audit WHERE seq = :n", n=n)
        assert bad(ledger) == n
        restore(sql, link)
    assert bad(ledger) is None


def test_swapped_records_are_named(ledger: Ledger, sql: Sql) -> None:
    length = written(ledger)

    for n in range(1, length):
        swap(sql, n)
        assert bad(ledger) == n
        swap(sql, n)
    assert bad(ledger) is None


def test_inserted_record_is_named(ledger: Ledger, sql: Sql) -> None:
    """One that is made as well as can be, with everything after it moved up."""
    length = written(ledger)

    for n in range(2, length + 1):
        before = ledger.audit_records()[n - 2]
        sql("UPDATE audit SET seq = -seq - 1 WHERE seq >= :n", n=n)
        sql("UPDATE audit SET seq = -seq WHERE seq < 0")
        body = '{"event":"ApprovalVoted"}'
        forged = Link(
            seq=n, at=before.at, previous=before.hash, hash=digest(n, before.at, before.hash, body), body=body
        )
        restore(sql, forged)
        assert bad(ledger) == n + 1
        sql("DELETE FROM audit WHERE seq = :n", n=n)
        sql("UPDATE audit SET seq = -seq + 1 WHERE seq > :n", n=n)
        sql("UPDATE audit SET seq = -seq WHERE seq < 0")
    assert bad(ledger) is None


def test_rewritten_record_with_its_own_hash_mended_breaks_the_next(ledger: Ledger, sql: Sql) -> None:
    written(ledger)
    link = ledger.audit_records()[2]
    forged = link.body.replace(BEN.id, ALICE.id)

    sql(
        "UPDATE audit SET body = :body, hash = :hash WHERE seq = 3",
        body=forged,
        hash=digest(3, link.at, link.previous, forged),
    )

    assert bad(ledger) == 4


def test_cut_chain_is_told_by_the_head_that_a_witness_has(ledger: Ledger, sql: Sql) -> None:
    """The end of a chain can be cut off without a trace in it; what was shown elsewhere tells."""
    length = written(ledger)
    witness = ledger.audit_records()[-1]

    sql("DELETE FROM audit WHERE seq > :n", n=length - 2)

    assert bad(ledger) is None
    assert witness.hash not in {link.hash for link in ledger.audit_records()}
    ledger.note({"event": "VoteRefused", "why": "written after the cut"})
    assert witness.hash not in {link.hash for link in ledger.audit_records()}


def test_writers_at_once_make_one_chain(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    ledgers = [another() for _ in range(6)]

    race(6, lambda n: [ledgers[n].note({"event": "VoteRefused", "n": n, "i": i}) for i in range(8)])

    assert len(ledger.audit_records()) == 48
    assert bad(ledger) is None


def restore(sql: Sql, link: Link) -> None:
    sql(
        "INSERT INTO audit (seq, at, previous, hash, body) VALUES (:seq, :at, :previous, :hash, :body)",
        **link._asdict(),
    )


def swap(sql: Sql, n: int) -> None:
    for one, other in ((n, -1), (n + 1, n), (-1, n + 1)):
        sql("UPDATE audit SET seq = :other WHERE seq = :one", one=one, other=other)
