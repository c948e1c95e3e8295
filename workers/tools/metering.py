"""What asking a cloud uses up: calls, metrics, bytes of logs looked through. Counted, and held to caps.

The investigator must never become the incident, nor its bill.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar

from workers.domain.errors import Refused, Unreachable

log = logging.getLogger(__name__)

ALONE_SECONDS = 30.0


class Allowance:
    """What one investigation may still use. Shared by its threads."""

    def __init__(self, metrics: int, scanned: int) -> None:
        self._lock = threading.Lock()
        self._metrics = metrics
        self._scanned = scanned

    def fetch(self, metrics: int) -> None:
        """Take so many metrics; raises `Refused`, with nothing taken, where there are not as many left."""
        with self._lock:
            if metrics > self._metrics:
                raise Refused(
                    f"{metrics} metrics are more than the {self._metrics} this investigation may still fetch",
                    "Ask about fewer things; agent.max_metrics sets how many it may fetch.",
                )
            self._metrics -= metrics

    def scan(self, estimate: int) -> None:
        """Raises `Refused` where so many bytes of logs are more than may still be looked through."""
        with self._lock:
            if estimate > self._scanned:
                raise Refused(
                    f"about {estimate / 1e9:.1f} GB of logs would be looked through, "
                    f"and {max(self._scanned, 0) / 1e9:.1f} GB are left to this investigation",
                    "Ask about a shorter window; agent.max_bytes_scanned sets how much it may look through.",
                )

    @property
    def left_to_scan(self) -> int:
        return max(self._scanned, 0)

    def looked_through(self, scanned: int) -> None:
        """Take what was looked through in the end."""
        with self._lock:
            self._scanned -= scanned


class Counted:
    """Counts what is used inside a `with` block, on the threads of pools, too, and holds it to an allowance.

    Nested, the outer block counts it as well.
    """

    def __init__(self, allowance: Allowance | None = None) -> None:
        self.calls = self.metrics = self.scanned = 0
        self._allowance = allowance
        self._lock = threading.Lock()

    def __enter__(self) -> "Counted":
        self._outer = _counting.get()
        self._token = _counting.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _counting.reset(self._token)

    def add(self, calls: int = 0, metrics: int = 0, scanned: int = 0) -> None:
        with self._lock:
            self.calls += calls
            self.metrics += metrics
            self.scanned += scanned
        if self._outer is not None:
            self._outer.add(calls, metrics, scanned)

    @property
    def allowance(self) -> Allowance | None:
        """The nearest one around."""
        return self._allowance or (self._outer.allowance if self._outer else None)


class Pace:
    """Waits until one more of at most so many calls a second may be made.

    `take` tells how many seconds until there is room, 0.0 once it was taken: for all that share it.
    """

    def __init__(self, take: Callable[[], float]) -> None:
        self._take = take

    def __call__(self) -> None:
        while (seconds := self._take()) > 0:
            time.sleep(seconds)


class Bucket:
    """At most `limit` calls within any second, of the threads of this process.

    Where there is a bucket that all processes `share`, that one is asked; for a while after it failed, this.
    """

    def __init__(self, limit: int, share: Callable[[], float] | None = None) -> None:
        self._limit = limit
        self._share = share
        self._alone_until = 0.0
        self._lock = threading.Lock()
        self._taken: deque[float] = deque()

    def take(self) -> float:
        if self._share is not None and time.monotonic() >= self._alone_until:
            try:
                return self._share()
            except Unreachable as error:
                log.warning("calls are held to their pace by each process alone: %s", error)
                self._alone_until = time.monotonic() + ALONE_SECONDS
        with self._lock:
            now = time.monotonic()
            while self._taken and now - self._taken[0] >= 1.0:
                self._taken.popleft()
            if len(self._taken) >= self._limit:
                return 1.0 - (now - self._taken[0])
            self._taken.append(now)
            return 0.0


_counting: ContextVar[Counted | None] = ContextVar("counting", default=None)


def called() -> None:
    """A call is about to be made."""
    if (counted := _counting.get()) is not None:
        counted.add(calls=1)


def fetching(metrics: int) -> None:
    """So many metrics are about to be fetched; raises `Refused` where that is more than is allowed."""
    if (counted := _counting.get()) is None:
        return
    if counted.allowance is not None:
        counted.allowance.fetch(metrics)
    counted.add(metrics=metrics)


def scanning(estimate: int) -> None:
    """About so many bytes of logs would be looked through; raises `Refused` where that is not allowed."""
    counted = _counting.get()
    if counted is not None and counted.allowance is not None:
        counted.allowance.scan(estimate)


def left_to_scan() -> int | None:
    """How many bytes of logs may still be looked through; `None` where nobody holds us to any."""
    counted = _counting.get()
    return counted.allowance.left_to_scan if counted is not None and counted.allowance is not None else None


def scanned(count: int) -> None:
    """So many bytes of logs were looked through."""
    if (counted := _counting.get()) is None:
        return
    if counted.allowance is not None:
        counted.allowance.looked_through(count)
    counted.add(scanned=count)
