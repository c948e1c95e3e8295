"""Who works on what: taking up, staying alive, taking over from the dead, letting go."""

from collections.abc import Callable

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import asked, now, opened, said, step, voted
from workers.domain.approval import ApprovalState
from workers.ledger import Ledger

Sql = Callable[..., None]


def fall_silent(sql: Sql) -> None:
    """Nobody has been heard of for longer than a dead worker is waited for."""
    sql("UPDATE investigations SET beat_at = beat_at - 11, queued_at = 0")
    sql("UPDATE approvals SET beat_at = beat_at - 11, queued_at = 0")


def test_of_eight_runners_one_takes_an_investigation_up(
    ledger: Ledger, another: Callable[[], Ledger]
) -> None:
    investigation, ledgers = opened(ledger), [another() for _ in range(8)]

    taken = race(8, lambda n: ledgers[n].claim(investigation, f"runner-{n}"))

    assert sum(taken) == 1


def test_investigation_of_a_living_runner_is_not_taken_over(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "first")
    fall_silent(sql)

    ledger.beat(investigation, "first")

    assert not ledger.claim(investigation, "second")
    assert ledger.forsaken(now().timestamp()) == ()


def test_investigation_of_a_silent_runner_is_forsaken_and_taken_over(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "first")
    fall_silent(sql)

    assert ledger.forsaken(now().timestamp()) == (investigation,)
    assert ledger.claim(investigation, "second")
    assert ledger.tries(investigation) == 2


def test_beat_of_a_runner_that_lost_the_investigation_keeps_nobody_alive(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "first")
    fall_silent(sql)
    ledger.claim(investigation, "second")
    fall_silent(sql)

    ledger.beat(investigation, "first")

    assert ledger.claim(investigation, "third")


def test_release_is_refused_when_the_journal_grew(ledger: Ledger) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "mine")
    ledger.record(investigation, said(), wanted=True)

    assert not ledger.release(investigation, "mine", 1)
    assert ledger.release(investigation, "mine", 2)


def test_released_investigation_wants_nobody_until_something_happens(ledger: Ledger) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "mine")
    ledger.release(investigation, "mine", 1)

    assert ledger.forsaken(now().timestamp()) == ()
    assert not ledger.claim(investigation, "other")
    assert ledger.tries(investigation) == 0

    ledger.record(investigation, said(), wanted=True)

    assert ledger.forsaken(now().timestamp()) == (investigation,)


def test_release_by_a_runner_that_lost_it_leaves_it_to_its_holder(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    ledger.claim(investigation, "first")
    fall_silent(sql)
    ledger.claim(investigation, "second")

    ledger.release(investigation, "first", 1)

    ledger.append(investigation, 2, said(), runner="second")
    fall_silent(sql)
    assert ledger.forsaken(now().timestamp()) == (investigation,)


def test_growth_and_release_at_once_never_lose_the_wish(
    ledger: Ledger, another: Callable[[], Ledger]
) -> None:
    recorder, runner = another(), another()

    for _ in range(15):
        investigation = opened(ledger)
        ledger.claim(investigation, "mine")

        _, released = race(
            2,
            lambda n, i=investigation: (
                recorder.record(i, said(), wanted=True).seq == 0 if n == 0 else runner.release(i, "mine", 1)
            ),
        )

        waiting = investigation in ledger.forsaken(now().timestamp())
        assert waiting is released


# Approvals are held in the same way by executors.


def test_only_a_decided_approval_can_be_taken_up(ledger: Ledger) -> None:
    wanted = asked(ledger)

    assert not ledger.claim_approval(wanted.id, "early")
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))

    assert ledger.unmade(now().timestamp()) == (wanted.id,)
    assert ledger.claim_approval(wanted.id, "mine")
    assert not ledger.claim_approval(wanted.id, "theirs")
    assert ledger.unmade(now().timestamp()) == ()


def test_approval_of_a_silent_executor_is_taken_over(ledger: Ledger, sql: Sql) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))
    ledger.claim_approval(wanted.id, "first")
    fall_silent(sql)

    assert ledger.unmade(now().timestamp()) == (wanted.id,)
    assert ledger.claim_approval(wanted.id, "second")
    assert not ledger.beat_approval(wanted.id, "first")
    assert ledger.beat_approval(wanted.id, "second")


def test_approval_that_was_let_go_wants_no_executor(ledger: Ledger) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))
    ledger.claim_approval(wanted.id, "mine")

    ledger.release_approval(wanted.id, "theirs")
    assert ledger.beat_approval(wanted.id, "mine")
    ledger.release_approval(wanted.id, "mine")

    assert not ledger.claim_approval(wanted.id, "mine")
    assert ledger.unmade(now().timestamp()) == ()


def test_approval_waits_for_its_executor_after_it_was_queued(ledger: Ledger) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))

    ledger.queued_approval(wanted.id)

    assert ledger.unmade(now().timestamp() - 5) == ()
    assert ledger.unmade(now().timestamp() + 5) == (wanted.id,)
