"""The clock over a real ledger and a real Redis: what was left lying is picked up, once."""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import eventually, never, start
from tests.workers.ledger.samples import asked, opened, post, step, voted
from workers.clock import Clock, keep
from workers.domain.approval import ApprovalState
from workers.domain.errors import Unreachable
from workers.domain.event import ApprovalExpired
from workers.domain.post import Post
from workers.ledger import Ledger, connect, migrate
from workers.queue import Queue
from workers.settings import Retention


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def queue(redis: RedisServer) -> Queue:
    redis.wipe()
    return Queue(redis.url)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(url)
    one = Ledger(connect(url))
    yield one
    one.close()


@pytest.fixture
def clock(ledger: Ledger, queue: Queue) -> Clock:
    return Clock(ledger, queue)


@pytest.fixture
def pass_time(tmp_path: Path) -> Callable[[float], None]:
    """Let everything in the ledger have happened so many seconds earlier."""

    def earlier(seconds: float) -> None:
        with sqlite3.connect(tmp_path / "ledger.db") as connection:
            for table in ("investigations", "approvals"):
                connection.execute(
                    f"UPDATE {table} SET queued_at = queued_at - ?, beat_at = beat_at - ?", (seconds, seconds)
                )
        connection.close()

    return earlier


def test_accepted_and_never_queued_is_queued(clock: Clock, queue: Queue, ledger: Ledger) -> None:
    investigation = opened(ledger)

    clock.forsaken()

    assert queue.queued("investigate") == {investigation}


def test_what_waits_in_the_queue_is_not_queued_again(
    clock: Clock, queue: Queue, ledger: Ledger, pass_time: Callable[[float], None]
) -> None:
    investigation = opened(ledger)
    ledger.say(investigation, (post(),))
    approved = asked(ledger, investigation)
    ledger.record(investigation, voted(approved), step(approved, ApprovalState.APPROVED))

    for _ in range(3):
        clock.forsaken()
        clock.unsaid()
        clock.unmade()
        pass_time(60)

    assert [queue.waiting(name) for name in ("investigate", "quick", "execute")] == [1, 1, 1]


def test_queue_that_was_wiped_is_rebuilt_from_the_ledger(
    clock: Clock, queue: Queue, ledger: Ledger, redis: RedisServer, pass_time: Callable[[float], None]
) -> None:
    investigation = opened(ledger)
    clock.forsaken()

    redis.wipe()
    clock.forsaken()
    assert queue.queued("investigate") == frozenset()  # a job that was just popped looks the same

    pass_time(16)
    clock.forsaken()
    assert queue.queued("investigate") == {investigation}


def test_investigation_of_a_dead_worker_is_queued_again_and_of_a_living_one_is_not(
    clock: Clock, queue: Queue, ledger: Ledger, pass_time: Callable[[float], None]
) -> None:
    dead, living = opened(ledger), opened(ledger)
    ledger.claim(dead, "dead")
    ledger.claim(living, "living")
    pass_time(16)
    ledger.beat(living, "living")

    clock.forsaken()

    assert queue.queued("investigate") == {dead}


def test_decided_change_without_an_executor_is_queued_again(
    clock: Clock, queue: Queue, ledger: Ledger, pass_time: Callable[[float], None]
) -> None:
    approved, pending, held = (asked(ledger) for _ in range(3))
    for one in (approved, held):
        ledger.record(one.investigation, voted(one), step(one, ApprovalState.APPROVED))
    ledger.claim_approval(held.id, "executor")

    clock.unmade()
    assert queue.queued("execute") == {approved.id}
    assert pending.id not in queue.queued("execute")

    pass_time(16)
    clock.unmade()
    assert queue.queued("execute") == {approved.id, held.id}


def test_unsaid_posts_get_a_deliverer(clock: Clock, queue: Queue, ledger: Ledger) -> None:
    investigation, quiet = opened(ledger), opened(ledger)
    ledger.say(investigation, (post(),))

    clock.unsaid()

    assert queue.queued("deliver") == {investigation}
    assert quiet not in queue.queued("deliver")


def test_overdue_approvals_expire_once_and_wake_their_investigations(
    clock: Clock, queue: Queue, ledger: Ledger
) -> None:
    late, open_ = asked(ledger, minutes=-1), asked(ledger)
    unused = asked(ledger, minutes=-1)
    ledger.record(unused.investigation, voted(unused), step(unused, ApprovalState.APPROVED))

    clock.expired()
    clock.expired()

    states = {one.id: found.state for one in (late, open_, unused) if (found := ledger.approval(one.id))}
    assert states == {
        late.id: ApprovalState.EXPIRED,
        open_.id: ApprovalState.PENDING,
        unused.id: ApprovalState.EXPIRED,
    }
    assert sum(isinstance(e, ApprovalExpired) for e in ledger.journal(late.investigation)) == 1
    assert queue.queued("investigate") == {late.investigation, unused.investigation}
    assert clock.ledger.unmade(time.time()) == ()


def test_card_of_an_expired_approval_is_redrawn(clock: Clock, ledger: Ledger) -> None:
    late = asked(ledger, minutes=-1)

    clock.expired()

    texts = [one.post.text for one in ledger.hold(late.investigation, "me")]
    assert any(text.startswith("Expired: Run checkout:41 on checkout") for text in texts)


def test_approval_that_was_given_and_not_used_in_time_says_so(clock: Clock, ledger: Ledger) -> None:
    unused = asked(ledger, minutes=-1)
    ledger.record(unused.investigation, voted(unused), step(unused, ApprovalState.APPROVED))

    clock.expired()

    (card,) = [one for one in ledger.hold(unused.investigation, "me") if one.post.key.startswith("card")]
    assert "Nobody decided" not in str(card.post.blocks)
    assert "not made in time" in str(card.post.blocks)


def test_head_of_the_audit_is_posted_once_a_day(ledger: Ledger, queue: Queue, tmp_path: Path) -> None:
    opened(ledger)
    (link,) = ledger.audit_records()

    clock = Clock(ledger, queue, "C0AUDIT")
    for one in (clock, clock, Clock(ledger, queue, "C0AUDIT")):  # the last as after a restart
        one.witnessed()
        ledger.note({"event": "VoteRefused", "why": "the chain goes on"})
    clock.unsaid()

    (today,) = heard(ledger)
    assert today.text.endswith(f": 1 records, whole. Head {link.hash[:16]}.")
    assert f"`{link.hash}`" in str(today.blocks)
    assert queue.waiting("quick") == 1
    sql(tmp_path, "UPDATE requests SET key = 'audit:2001-01-01' WHERE key LIKE 'audit:%'")
    clock.witnessed()
    assert ": 4 records, whole." in heard(ledger)[-1].text


def test_people_are_asked_for_once_and_only_where_something_hangs_on_them(
    clock: Clock, queue: Queue, ledger: Ledger
) -> None:
    clock.people()
    assert queue.waiting("quick") == 0

    kept = Clock(ledger, queue, rosters=True)
    kept.people()
    kept.people()

    assert queue.waiting("quick") == 1
    assert queue.queued("rosters") == {"all"}


def test_broken_audit_is_said_in_its_channel(ledger: Ledger, queue: Queue, tmp_path: Path) -> None:
    asked(ledger)
    sql(tmp_path, "UPDATE audit SET body = replace(body, 'slow', 'fast') WHERE seq = 1")

    Clock(ledger, queue, "C0AUDIT").witnessed()

    (said,) = heard(ledger)
    assert ": record 1 is bad: what it says is not what was written." in said.text
    assert "the chain does not hold from record 1 on:* what it says is not what was written." in str(
        said.blocks
    )
    assert "Until it is whole again, nothing is changed" in str(said.blocks)


def test_head_of_the_audit_is_posted_nowhere_without_a_channel(clock: Clock, ledger: Ledger) -> None:
    opened(ledger)

    clock.witnessed()

    assert heard(ledger) == []


def test_what_was_kept_long_enough_goes(ledger: Ledger, queue: Queue, tmp_path: Path) -> None:
    one = opened(ledger)
    for table, column in (("events", "at"), ("requests", "at"), ("investigations", "created_at")):
        sql(tmp_path, f"UPDATE {table} SET {column} = {column} - 86400 * 100")
    sql(tmp_path, "UPDATE investigations SET wanted = 0")
    kept, short = Retention(), Retention(journals=timedelta(days=99))

    Clock(ledger, queue, retention=kept).purged()
    assert ledger.journal(one)
    Clock(ledger, queue, retention=short).purged()

    assert not ledger.journal(one)
    assert [record["gone"] for record in ledger.audited("Purged")] == [
        {"requests": 1},
        {"journals": 1, "steps": 1},
    ]


def heard(ledger: Ledger) -> list[Post]:
    """What waits to be said in the audit channel, the oldest first."""
    held = [one for investigation in ledger.unsaid() for one in ledger.hold(investigation, "me")]
    for one in held:
        ledger.deferred(one.id, 0.0)
    return [one.post for one in sorted(held, key=lambda one: one.id) if one.channel == "C0AUDIT"]


def sql(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute(statement)
    connection.close()


def test_redis_that_is_away_stops_no_other_chore(ledger: Ledger) -> None:
    with redis_server() as server:
        clock = Clock(ledger, Queue(server.url, patient=False))
        late, investigation = asked(ledger, minutes=-1), opened(ledger)
        server.kill()

        with pytest.raises(Unreachable):
            clock.forsaken()
        with pytest.raises(Unreachable):
            clock.expired()

        found = ledger.approval(late.id)
        assert found is not None
        assert found.state is ApprovalState.EXPIRED
        server.start()
        clock.forsaken()
        assert clock.queue.queued("investigate") == {investigation, late.investigation}


def test_failing_chore_is_tried_again_and_others_go_on() -> None:
    ran: list[str] = []
    stop = threading.Event()

    def failing() -> None:
        ran.append("failing")
        raise Unreachable("Redis", "gone", "Check it.")

    def fine() -> None:
        ran.append("fine")
        if ran.count("fine") == 2:
            stop.set()

    keep(((0.0, failing), (0.0, fine)), stop)

    assert ran == ["failing", "fine", "failing", "fine"]


def test_clock_in_its_process_does_its_chores_and_stops_when_told(
    ledger: Ledger, queue: Queue, redis: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"data_dir": str(tmp_path)}))
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "REDIS_URL": redis.url,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
    }
    command = [sys.executable, "-m", "bot.cli", "clock", "--config", str(tmp_path / "config.yaml")]
    investigation = opened(ledger)
    process = start(command, log=tmp_path / "clock.log", environ=environ)

    eventually(lambda: queue.alive("clock"))
    eventually(lambda: queue.queued("investigate"))

    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert queue.queued("investigate") == {investigation}
    never(lambda: queue.waiting("investigate") != 1, 0.2)
