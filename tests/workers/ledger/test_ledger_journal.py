"""One transaction per step, and one writer per step."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import asked, now, opened, post, said, step, voted
from workers.domain.approval import ApprovalState
from workers.domain.errors import Fenced, RunbookError
from workers.domain.event import ApprovalRequested, Steered
from workers.ledger import AlreadyDecided, Conflict, Ledger, connect

# A message that the database will not take, whatever the ledger makes of it.
REFUSED = "no room for this"
REFUSING = {
    "sqlite": f"""
        CREATE TRIGGER refuse BEFORE INSERT ON outbox WHEN NEW.body LIKE '%{REFUSED}%'
        BEGIN SELECT RAISE(ABORT, 'refused'); END
    """,
    "postgresql": f"ALTER TABLE outbox ADD CONSTRAINT refuse CHECK (body NOT LIKE '%{REFUSED}%')",
}


def refuse_posts(database: str) -> None:
    engine = connect(database)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text(REFUSING[engine.dialect.name]))
    engine.dispose()


def test_step_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    investigation, event = opened(ledger), said("look at the database")

    ledger.append(investigation, 2, event)

    assert ledger.journal(investigation)[1:] == (event,)
    assert ledger.load(investigation).seq == 2


def test_failing_post_takes_the_whole_step_with_it(ledger: Ledger, database: str) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted))
    refuse_posts(database)
    links, seq = len(ledger.audit_records()), ledger.load(wanted.investigation).seq

    with pytest.raises(IntegrityError):
        ledger.append(
            wanted.investigation,
            seq + 1,
            step(wanted, ApprovalState.APPROVED),
            (post("first", key="fine"), post(REFUSED)),
        )

    state = ledger.approval(wanted.id)
    assert state is not None
    assert state.state is ApprovalState.PENDING
    assert ledger.load(wanted.investigation).seq == seq
    assert len(ledger.audit_records()) == links
    assert ledger.hold(wanted.investigation, "me") == ()


def test_failing_post_does_not_keep_a_recorder_trying_for_ever(ledger: Ledger, database: str) -> None:
    investigation = opened(ledger)
    refuse_posts(database)

    with pytest.raises(IntegrityError):
        ledger.record(investigation, said(), render=lambda _case, _event: (post(REFUSED),))


def test_refused_step_is_in_no_copy_either(ledger: Ledger, database: str) -> None:
    investigation = opened(ledger)
    refuse_posts(database)

    with pytest.raises(IntegrityError):
        ledger.append(investigation, 2, said(), (post(REFUSED),))

    assert ledger.since(investigation, 1) == ()


def test_of_two_writers_of_one_step_one_conflicts(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    investigation, ledgers = opened(ledger), [another(), another()]

    def write(seq: int, number: int) -> bool:
        try:
            ledgers[number].append(investigation, seq, said(f"writer {number}"))
        except Conflict:
            return False
        return True

    for seq in range(2, 12):
        written = race(2, lambda n, seq=seq: write(seq, n))

        assert sorted(written) == [False, True]

    assert ledger.load(investigation).seq == 11


def test_recorders_at_once_lose_no_step(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    investigation, ledgers = opened(ledger), [another() for _ in range(4)]

    race(4, lambda n: [ledgers[n].record(investigation, said(f"{n}:{i}")) for i in range(5)])

    told = [event.text for event in ledger.journal(investigation) if isinstance(event, Steered)]
    assert sorted(told) == sorted(f"{n}:{i}" for n in range(4) for i in range(5))
    assert [t for t in told if t.startswith("2:")] == [f"2:{i}" for i in range(5)]


def test_several_events_are_recorded_all_or_none(ledger: Ledger) -> None:
    wanted = asked(ledger)
    before = ledger.load(wanted.investigation)

    with pytest.raises(AlreadyDecided):
        ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.REDEEMED))

    after = ledger.approval(wanted.id)
    assert after is not None
    assert (after.votes, after.state) == ((), ApprovalState.PENDING)
    assert ledger.load(wanted.investigation) == before


def test_stale_runner_writes_nothing(ledger: Ledger) -> None:
    investigation = opened(ledger)
    assert ledger.claim(investigation, "mine")

    with pytest.raises(Fenced):
        ledger.append(investigation, 2, said(), (post(),), runner="theirs")

    assert len(ledger.journal(investigation)) == 1
    assert ledger.hold(investigation, "me") == ()


def test_each_step_knows_who_wrote_it(ledger: Ledger) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "mine")
    ledger.append(investigation, 2, said("by the run"), runner="mine")
    ledger.record(investigation, said("from outside"))

    assert [writer for _, writer in ledger.since(investigation, 1)] == ["mine", ""]


def test_unknown_investigation_is_said_and_takes_no_step(ledger: Ledger) -> None:
    with pytest.raises(RunbookError, match="no investigation 'nobody'"):
        ledger.load("nobody")

    with pytest.raises(IntegrityError):
        ledger.append("nobody", 2, said())


def test_approval_cannot_be_asked_for_twice(ledger: Ledger) -> None:
    wanted = asked(ledger)

    with pytest.raises(IntegrityError):
        ledger.record(wanted.investigation, ApprovalRequested(at=now(), approval=wanted))


def test_reader_never_sees_half_a_step(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    investigation, reader, over = opened(ledger), another(), threading.Event()
    torn: list[int] = []

    def read() -> None:
        while not over.is_set():
            asked_for = [e for e in reader.journal(investigation) if isinstance(e, ApprovalRequested)]
            torn.extend(1 for e in asked_for if reader.approval(e.approval.id) is None)

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(20):
        asked(ledger, investigation)
    over.set()
    thread.join(10)

    assert not torn
