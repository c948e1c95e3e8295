"""The queue over a real Redis, with real workers in processes of their own."""

import json
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from redis import Redis
from rq import Callback, Repeat
from rq import Queue as RqQueue
from rq.webhook import Webhook

from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import alive, children, end, eventually, kill, start
from workers.domain.errors import Unreachable
from workers.queue import Queue

WORKER = Path(__file__).with_name("queue_worker.py")


class Crew:
    """A worker of the queue, and what its jobs left behind."""

    def __init__(self, redis: RedisServer, folder: Path) -> None:
        self.redis, self.folder = redis, folder
        self.queue = Queue(redis.url)
        # What a job of somebody else's would leave behind if it were let.
        (folder / "evil.py").write_text(
            f"import pathlib\ndef mark(*_, **__): pathlib.Path({str(folder / 'marked')!r}).touch()\n"
        )
        self.begin()

    def begin(self) -> None:
        environ = {**os.environ, "PYTHONPATH": f"{self.folder}:{Path(__file__).parents[2]}"}
        command = [sys.executable, str(WORKER), self.redis.url, str(self.folder)]
        self.worker: Popen[bytes] = start(command, log=self.folder / "log", environ=environ)

    def runs(self, subject: str) -> list[int]:
        """The process of each run of a job."""
        return [int(line.split()[1]) for line in self.lines("ran") if line.split()[0] == subject]

    def done(self, subject: str) -> bool:
        return subject in self.lines("done")

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def hold(self, subject: str) -> Path:
        path = self.folder / f"{subject}.hold"
        path.touch()
        return path

    def running(self, subject: str) -> int:
        """The process that works on a job, once it does."""
        return eventually(lambda: self.runs(subject))[-1]

    def assert_works(self, subject: str) -> None:
        self.queue.put("investigate", subject)
        eventually(lambda: self.done(subject))


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@contextmanager
def crew_on(redis: RedisServer, folder: Path) -> Generator[Crew]:
    crew = Crew(redis, folder)
    try:
        yield crew
    finally:
        end(crew.worker)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Crew]:
    """A worker that may die, on a Redis that may too."""
    with redis_server() as server, crew_on(server, tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def crew(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with crew_on(redis, tmp_path_factory.mktemp("crew")) as one:
        yield one


@pytest.fixture
def raw(redis: RedisServer) -> Iterator[Any]:
    """Redis, as whoever can reach it sees it."""
    with Redis.from_url(redis.url) as client:
        yield client


@pytest.fixture
def theirs(raw: Any) -> RqQueue:
    """The same queue in the hands of somebody who is not us."""
    return RqQueue("investigate", connection=raw, serializer="json")


def test_job_is_done_with_its_subject(crew: Crew) -> None:
    crew.queue.put("investigate", "inv-1")

    eventually(lambda: crew.done("inv-1"))
    assert len(crew.runs("inv-1")) == 1


def test_job_is_json_with_a_name_and_an_id(redis: RedisServer, raw: Any) -> None:
    Queue(redis.url).put("deliver", "inv-2")

    (job_id,) = raw.lrange("rq:queue:quick", 0, -1)
    stored = raw.hgetall(f"rq:job:{job_id.decode()}")
    raw.delete("rq:queue:quick")

    assert json.loads(zlib.decompress(stored[b"data"])) == ["deliver", None, ["inv-2"], {}]


EVIL: dict[str, Callable[[RqQueue, Crew], object]] = {
    "system": lambda q, crew: q.enqueue("os.system", f"touch {crew.folder / 'marked'}"),
    "ours, not allowed": lambda q, crew: q.enqueue("evil.mark", "inv-1"),
    "another queue's job": lambda q, crew: q.enqueue("execute", "inv-1"),
    "keywords": lambda q, crew: q.enqueue("investigate", "inv-kw", subject="inv-kw"),
    "two subjects": lambda q, crew: q.enqueue("investigate", "inv-a", "inv-b"),
    "no subject": lambda q, crew: q.enqueue("investigate"),
    "bad id": lambda q, crew: q.enqueue("investigate", "../../etc/passwd"),
    "long id": lambda q, crew: q.enqueue("investigate", "a" * 65),
    "newline id": lambda q, crew: q.enqueue("investigate", "inv-1\n"),
    "whole number": lambda q, crew: q.enqueue("investigate", 75),
    "number": lambda q, crew: q.enqueue("investigate", 7.5),
    "list": lambda q, crew: q.enqueue("investigate", ["inv-1"]),
    "pickle": lambda q, crew: RqQueue("investigate", connection=q.connection, serializer="pickle").enqueue(
        "os.system", f"touch {crew.folder / 'marked'}"
    ),
    "on failure": lambda q, crew: q.enqueue("nothing", "x", on_failure=Callback("evil.mark")),
}


@pytest.mark.parametrize("what", EVIL)
def test_job_that_is_none_of_ours_is_refused_and_the_worker_lives(
    crew: Crew, theirs: RqQueue, what: str
) -> None:
    before, good = len(crew.lines("ran")), f"after-{list(EVIL).index(what)}"

    EVIL[what](theirs, crew)
    crew.assert_works(good)

    assert len(crew.lines("ran")) == before + 1
    assert not (crew.folder / "marked").exists()
    assert alive(crew.worker.pid)


def test_callbacks_and_repeats_of_an_allowed_job_are_not_run(crew: Crew, theirs: RqQueue) -> None:
    mark = Callback("evil.mark")

    theirs.enqueue("investigate", "called", on_success=mark, on_stopped=mark, repeat=Repeat(1, 0))

    eventually(lambda: crew.done("called"))
    crew.assert_works("after-callback")
    assert not (crew.folder / "marked").exists()


def test_webhook_of_an_allowed_job_is_not_called(crew: Crew, theirs: RqQueue) -> None:
    called: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            called.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        hooks = [Webhook(url, "finished"), Webhook(url, "failed")]
        theirs.enqueue("investigate", "hooked", webhooks=hooks)
        theirs.enqueue("nothing", "hooked-too", webhooks=hooks)
        crew.assert_works("after-hooks")
        server.shutdown()

    assert crew.done("hooked")
    assert called == []


def test_job_that_breaks_is_tried_three_times(crew: Crew) -> None:
    (crew.folder / "twice.fail").write_text("1\n2\n")
    (crew.folder / "always.fail").write_text("1\n2\n3\n4\n")

    for subject in ("twice", "always"):
        crew.queue.put("investigate", subject)

    eventually(lambda: crew.done("twice"))
    assert len(crew.runs("twice")) == 3
    eventually(lambda: len(crew.runs("always")) == 3)
    crew.assert_works("after-always")
    assert len(crew.runs("always")) == 3


def test_no_secret_is_in_what_redis_keeps_of_a_job_that_broke(crew: Crew, theirs: RqQueue) -> None:
    token = "gh" + "p_" + "a1B2" * 9
    (crew.folder / f"{token}.fail").write_text("1\n2\n3\n")

    crew.queue.put("investigate", token)

    eventually(lambda: len(crew.runs(token)) == 3)
    crew.assert_works("after-the-token")
    kept = [theirs.fetch_job(name) for name in theirs.failed_job_registry.get_job_ids()]
    told = [str(result.exc_string) for job in kept if job for result in job.results()]
    assert any("RuntimeError: [hidden] fails" in one for one in told)
    assert not any(token in one for one in told)


def test_job_whose_process_is_killed_is_tried_again(crew: Crew) -> None:
    hold = crew.hold("shot")
    crew.queue.put("investigate", "shot")
    horse = crew.running("shot")

    kill(horse)
    hold.unlink()

    eventually(lambda: crew.done("shot"))
    assert len(crew.runs("shot")) == 2


def test_waiting_counts_what_nobody_has_begun(crew: Crew) -> None:
    hold = crew.hold("busy")
    crew.queue.put("investigate", "busy")
    crew.running("busy")

    for subject in ("next-1", "next-2"):
        crew.queue.put("investigate", subject)

    assert crew.queue.waiting("investigate") == 2
    hold.unlink()
    eventually(lambda: crew.done("next-2"))
    assert crew.queue.waiting("investigate") == 0


def test_job_dies_within_a_second_of_its_worker(alone: Crew) -> None:
    hold = alone.hold("orphan")
    alone.queue.put("investigate", "orphan")
    horse = alone.running("orphan")
    assert horse in children(alone.worker.pid)

    kill(alone.worker.pid)

    eventually(lambda: not alive(horse), patience=1)
    hold.unlink()
    assert not alone.done("orphan")


def test_worker_told_to_stop_finishes_its_job_and_takes_no_other(alone: Crew) -> None:
    hold = alone.hold("last")
    alone.queue.put("investigate", "last")
    alone.running("last")
    alone.queue.put("investigate", "later")

    alone.worker.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # the signal has to be seen while the job is still under way
    assert alive(alone.worker.pid)
    hold.unlink()

    assert alone.worker.wait(10) == 0
    assert alone.done("last")
    assert not alone.runs("later")
    alone.begin()
    eventually(lambda: alone.done("later"))


def test_worker_outlives_a_redis_that_is_killed_and_one_that_is_wiped(alone: Crew) -> None:
    alone.assert_works("before")

    alone.redis.kill()
    alone.redis.start()
    alone.assert_works("after-kill")

    with Redis.from_url(alone.redis.url) as raw:
        raw.flushall()
    alone.assert_works("after-wipe")
    assert alive(alone.worker.pid)


def test_queue_knows_the_subjects_that_wait(alone: Crew) -> None:
    hold = alone.hold("first")
    alone.queue.put("investigate", "first")
    alone.running("first")
    alone.queue.put("investigate", "second")
    alone.queue.put("deliver", "third")
    alone.queue.put("sync", "fourth")

    assert alone.queue.queued("investigate") == {"second"}
    assert alone.queue.queued("deliver") == {"third"}
    assert alone.queue.queued("execute") == frozenset()
    hold.unlink()


# Heartbeats and buckets


def test_process_is_alive_until_its_beat_runs_out(redis: RedisServer, raw: Any) -> None:
    queue = Queue(redis.url)
    assert not queue.alive("bot")

    queue.beat("bot")

    assert queue.alive("bot")
    assert not queue.alive("clock")
    (key,) = raw.scan_iter("runbook:beat:bot:*")
    assert 0 < raw.pttl(key) <= 12_000
    raw.pexpire(key, 30)
    eventually(lambda: not queue.alive("bot"))


@pytest.mark.parametrize(("limit", "seconds"), [(1, 0.1), (7, 0.25)])
def test_bucket_never_gives_more_than_its_limit_in_any_window(
    redis: RedisServer, limit: int, seconds: float
) -> None:
    queue, taken, over = Queue(redis.url), list[tuple[float, float]](), time.monotonic() + 1.2

    def run(thread: int) -> None:
        number = 0
        while time.monotonic() < over:
            number += 1
            began = time.monotonic()
            if queue.take(f"test:{limit}", limit, seconds, f"{thread}:{number}") == 0:
                taken.append((began, time.monotonic()))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    taken.sort()
    assert len(taken) > 2 * limit
    for first in range(len(taken) - limit):
        window = taken[first : first + limit + 1]
        # Each was taken between its beginning and its end, so this is the longest that they may lie apart.
        # Redis counts in whole milliseconds.
        assert max(ended for _, ended in window) - window[0][0] >= seconds - 0.001


def test_empty_bucket_says_how_long_to_wait(redis: RedisServer) -> None:
    queue = Queue(redis.url)
    assert queue.take("patience", 1, 0.3, "first") == 0

    wait = queue.take("patience", 1, 0.3, "second")

    assert 0 < wait <= 0.3
    time.sleep(wait)
    assert queue.take("patience", 1, 0.3, "second") == 0


def test_redis_that_is_gone_is_unreachable_and_works_again_when_it_is_back(redis: RedisServer) -> None:
    queue, hurried = Queue(redis.url), Queue(redis.url, patient=False)
    queue.ping()
    redis.kill()

    uses: list[Callable[[], object]] = [
        queue.ping,
        lambda: hurried.put("investigate", "inv-1"),
        lambda: hurried.waiting("investigate"),
        lambda: hurried.beat("bot"),
        lambda: hurried.alive("bot"),
        lambda: hurried.take("b", 1, 1, "t"),
    ]
    for use in uses:
        with pytest.raises(Unreachable, match="Redis is unreachable") as refused:
            use()
        assert "redis_url" in refused.value.mend

    redis.start()
    queue.ping()
    assert queue.take("b", 1, 1, "t") == 0


def test_hurried_queue_does_not_wait_for_a_redis_that_hangs_or_is_gone() -> None:
    with redis_server() as server:
        queue = Queue(server.url, patient=False)
        queue.put("investigate", "inv-1")

        for stop in (server.freeze, server.kill):
            stop()
            began = time.monotonic()
            with pytest.raises(Unreachable):
                queue.put("investigate", "inv-2")
            assert time.monotonic() - began < 1.4
            server.thaw()
