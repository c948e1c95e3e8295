# rq and redis-py leave much of this unknown, and this is the one module that touches them:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""The one place that knows RQ: names and ids only, JSON, an allow-list of jobs, one queue per worker.

Redis is queue and rate buckets, nothing else: wiped, the clock rebuilds the queue from the ledger.
"""

import ctypes
import gc
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NoReturn

from redis import Redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as RedisRetry
from rq import Queue as RqQueue
from rq import Retry, Worker
from rq.executions import Execution
from rq.job import Job

from workers.domain.errors import Refused, Unreachable
from workers.domain.value import Value
from workers.hiding import redacted

log = logging.getLogger(__name__)

JobName = Literal["investigate", "deliver", "sync", "rosters", "execute"]
QueueName = Literal["investigate", "quick", "execute"]
Handlers = Mapping[str, Callable[[str], None]]


class Lane(Value):
    """Which queue a job waits in, and how long one try may take (seconds)."""

    queue: QueueName
    timeout: int


LANES: dict[JobName, Lane] = {
    "investigate": Lane(queue="investigate", timeout=1200),
    "deliver": Lane(queue="quick", timeout=120),
    "sync": Lane(queue="quick", timeout=600),
    "rosters": Lane(queue="quick", timeout=120),
    "execute": Lane(queue="execute", timeout=1800),
}

BEAT_SECONDS = 3
NEVER = RedisRetry(NoBackoff(), 0)
_HURRY: dict[str, Any] = {"socket_connect_timeout": 0.8, "socket_timeout": 0.8}
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Sliding window: drop what is older than the window, count the rest, add this one if there is room.
# Returns 0 when taken, else the milliseconds until there is room.
_TAKE = """
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - ARGV[2])
if ARGV[4] == '1' and redis.call('ZSCORE', KEYS[1], ARGV[3]) then return 0 end
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], now, ARGV[3]); redis.call('PEXPIRE', KEYS[1], ARGV[2]); return 0
end
return tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) + ARGV[2] - now
"""


class Queue:
    """Putting jobs on queues, heartbeats and rate buckets. Every failure of Redis is `Unreachable`.

    One that is not `patient` says so within a second: for whoever has to answer Slack within three.
    """

    def __init__(self, url: str, *, patient: bool = True) -> None:
        self._redis = connection(url) if patient else Redis.from_url(url, retry=NEVER, **_HURRY)

    def ping(self) -> None:
        self._try(self._redis.ping)

    def put(self, name: JobName, subject: str) -> None:
        """Queue job `name` about the thing with id `subject`."""
        lane = LANES[name]
        queue = RqQueue(lane.queue, connection=self._redis, serializer="json", job_class=_Refusing)
        self._try(
            lambda: queue.enqueue(
                name,
                subject,
                job_timeout=lane.timeout,
                retry=Retry(max=2),
                result_ttl=0,
                failure_ttl=86_400,
                description=f"{name} {subject}",
            )
        )

    def waiting(self, queue: QueueName) -> int:
        """How many jobs wait in a queue."""
        return int(self._try(lambda: self._redis.llen(f"rq:queue:{queue}")))

    def queued(self, name: JobName) -> frozenset[str]:
        """The subjects of the jobs of this name that wait for a worker."""
        return self._try(lambda: frozenset(self._queued(name)))

    def _queued(self, name: JobName) -> Iterator[str]:
        waiting: Any = self._redis.lrange(f"rq:queue:{LANES[name].queue}", 0, -1)
        pipeline = self._redis.pipeline(transaction=False)
        for job in waiting:
            pipeline.hget(f"rq:job:{job.decode()}", "description")
        for described in pipeline.execute():
            kind, _, subject = (described or b"").decode().partition(" ")
            if kind == name:
                yield subject

    def beat(self, process: str) -> None:
        """Say that this process is alive and ready."""
        key = f"runbook:beat:{process}:{socket.gethostname()}:{os.getpid()}"
        self._try(lambda: self._redis.set(key, "1", ex=BEAT_SECONDS * 4))

    def alive(self, process: str) -> bool:
        """Whether any process of this name has said so lately."""
        found = self._try(lambda: next(self._redis.scan_iter(f"runbook:beat:{process}:*", count=500), None))
        return found is not None

    def take(self, bucket: str, limit: int, seconds: float, token: str, *, once: bool = False) -> float:
        """Take one of `limit` per `seconds` from a bucket: 0.0, or the seconds until there is one.

        With `once` the same token takes once, however often it comes.
        """
        key, span = f"runbook:bucket:{bucket}", int(seconds * 1000)
        wait = self._try(lambda: self._redis.eval(_TAKE, 1, key, limit, span, token, int(once)))
        return float(wait) / 1000

    def _try(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except RedisError as error:
            raise Unreachable("Redis", str(error), "Check redis_url; nothing accepted is lost.") from error


def connection(url: str) -> "Redis":
    """A client that rides out a restart of Redis of a second or two."""
    retry = RedisRetry(ExponentialBackoff(cap=0.5, base=0.05), 5)
    return Redis.from_url(url, socket_connect_timeout=3, health_check_interval=30, retry=retry)


def serve(url: str, queue: QueueName, handlers: Handlers, *, process: str) -> None:
    """Work off one queue until a signal says stop; a job that is running then is finished first."""
    redis = connection(url)
    stop = threading.Event()
    beat_while(Queue(url), process, stop)
    worker = _Horse(
        [RqQueue(queue, connection=redis, serializer="json", job_class=_job_class(handlers))],
        connection=redis,
        serializer="json",
        job_class=_job_class(handlers),
        worker_ttl=20,
        job_monitoring_interval=5,
        maintenance_interval=10,
        log_job_description=False,
    )
    # A job's own process would otherwise look through, and so copy, all that it shares with this one.
    gc.collect()
    gc.freeze()
    try:
        worker.work(logging_level="WARNING")
    finally:
        stop.set()


def beat_while(
    queue: Queue, process: str, stop: threading.Event, well: Callable[[], bool] = lambda: True
) -> None:
    """Beat for `process` from a thread until `stop` is set, as long as it is `well`."""

    def beat() -> None:
        while not stop.is_set():
            try:
                if well():
                    queue.beat(process)
            except Unreachable as error:
                log.warning("%s", error)
            stop.wait(BEAT_SECONDS)

    threading.Thread(target=beat, daemon=True, name="beat").start()


class _Refusing(Job):
    """A job that never imports anything by a name found in Redis."""

    handlers: Handlers = {}

    @property
    def func(self) -> Callable[[str], None]:
        handler = self.handlers.get(self.func_name or "")
        plain = self.instance is None and not self.kwargs and len(self.args) == 1
        named = plain and isinstance(self.args[0], str) and ID.fullmatch(self.args[0])
        if handler is None or not named:
            raise Refused(f"job {self.id} asks for {self.func_name!r}, which is not a job of this worker")
        return handler

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None

    def send_webhooks(self, *_args: Any, **_kwargs: Any) -> None:
        """Whoever can write to Redis must not be able to make us call an address."""


def _job_class(allowed: Handlers) -> type[Job]:
    class Allowed(_Refusing):
        handlers = allowed

    return Allowed


class _Horse(Worker):
    """A forking worker whose child dies with it, so that a job never runs twice side by side."""

    max_connection_wait_time = 4.0  # seconds until a Redis that is back is noticed; 60 by default

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Redis may be away for a while: the job that runs needs it no more."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            log.warning("Redis did not hear that %s goes on: %s", job.description, error)

    def handle_job_failure(
        self,
        job: Job,
        queue: RqQueue,
        started_job_registry: Any = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        """What went wrong stays in Redis for a day: without secrets."""
        super().handle_job_failure(job, queue, started_job_registry, redacted(exc_string), execution)

    def main_work_horse(self, job: Job, queue: RqQueue) -> NoReturn:
        die_with_parent(signal.SIGKILL)
        super().main_work_horse(job, queue)


def die_with_parent(sig: signal.Signals) -> None:
    """Ask the kernel for `sig` when the parent dies; Linux only, elsewhere heartbeats have to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, sig)  # PR_SET_PDEATHSIG
