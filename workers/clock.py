"""The clock: whatever was left lying, by a dead worker or a wiped Redis, is picked up here.

It looks at the ledger, never at Redis: the ledger knows what is wanted, the queue only carries it.
Any number of clocks may run; what they queue twice is done once.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from workers import crash, rosters
from workers.domain.errors import RunbookError
from workers.domain.event import ApprovalExpired
from workers.domain.incident import Thread
from workers.ledger import AlreadyDecided, Ledger, Mirror, connect
from workers.ledger.audit import check
from workers.ledger.purge import Due
from workers.queue import JobName, Queue, beat_while
from workers.settings import Retention, Settings
from workers.thread.chain import chain
from workers.thread.live import waiting
from workers.thread.posts import posts

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long an investigation may wait for a worker before its thread is told."""
AGAIN_SECONDS = 15.0
"""What was queued less than this ago is given time to be picked up."""


@dataclass(frozen=True)
class Clock:
    """The chores over one ledger and one queue."""

    ledger: Ledger
    queue: Queue
    audit_channel: str = ""
    """Where the head of the audit chain is posted; empty for nowhere."""
    rosters: bool = False
    """Whether who may do what hangs on a user group or a rota."""
    retention: Retention = field(default_factory=Retention)

    def forsaken(self) -> None:
        """Investigations that want work and that nobody alive holds go back on the queue."""
        for investigation in self._missing("investigate", self.ledger.forsaken(_lately())):
            crash.here("found")
            self.queue.put("investigate", investigation)
            crash.here("requeued")
            self.ledger.queued(investigation)

    def unsaid(self) -> None:
        """Posts that wait in the outbox get somebody to deliver them."""
        for investigation in self._missing("deliver", self.ledger.unsaid()):
            self.queue.put("deliver", investigation)

    def unmade(self) -> None:
        """Approved changes that nobody executes, or whose executor died half-way, go to the executor."""
        for approval in self._missing("execute", self.ledger.unmade(_lately())):
            crash.here("found-change")
            self.queue.put("execute", approval)
            self.ledger.queued_approval(approval)

    def _missing(self, job: JobName, wanted: tuple[str, ...]) -> Iterator[str]:
        """Those that no job waits for: a queue that nobody works off must not grow with every look."""
        waiting = self.queue.queued(job) if wanted else frozenset[str]()
        return (one for one in wanted if one not in waiting)

    def expired(self) -> None:
        """Approvals that nobody decided or used in time end."""
        for approval in self.ledger.overdue(_now()):
            event = ApprovalExpired(at=_now(), approval=approval.id)
            try:
                self.ledger.record(approval.investigation, event, render=posts, wanted=True)
            except AlreadyDecided:
                continue  # decided in this very moment
            self.queue.put("investigate", approval.investigation)

    def crowded(self) -> None:
        """Whoever waits for a free worker is told their place."""
        for place, investigation in enumerate(self.ledger.waiting(PATIENCE_SECONDS), 1):
            case = self.ledger.load(investigation)
            if case.seq == 1:
                self.ledger.say(investigation, (waiting(case, place),))

    def witnessed(self) -> None:
        """Once a day the audit is checked, and its head goes where nobody can change it from here."""
        at = _now()
        key = f"audit:{at:%Y-%m-%d}"
        if not self.audit_channel or self.ledger.accepted((key,)):
            return
        found = check(self.ledger.audit_trail())
        purged = found.purged.to if found.purged else 0
        post = chain(at.date(), found.records, found.head, found.bad, found.why, purged)
        self.ledger.announce(key, Thread(team="", channel=self.audit_channel, ts=""), post, at)

    def people(self) -> None:
        """Who is in user groups and on call is asked outside, and written down."""
        for everything in self._missing("rosters", ("all",) if self.rosters else ()):
            self.queue.put("rosters", everything)

    def purged(self) -> None:
        """What has been kept long enough goes."""
        gone = self.ledger.purge(due(self.retention, _now()), "clock", _now())
        if gone.counts:
            log.info("purged %s", ", ".join(f"{count} {kind}" for kind, count in gone.counts.items()))

    def documents(self) -> None:
        """The index of documents follows their sources."""
        self.queue.put("sync", "documents")


def run(settings: Settings) -> None:
    """Entry of `runbook clock`: see to the chores until told to stop."""
    ledger = Ledger(connect(settings.ledger_url), Mirror(settings.data_dir))
    clock = Clock(
        ledger,
        Queue(settings.queue_url),
        audit_channel=settings.slack.audit_channel or "",
        rosters=bool(rosters.sources(settings)),
        retention=settings.retention,
    )
    stop = threading.Event()
    stop_on_signal(stop)
    beat_while(clock.queue, "clock", stop)
    chores: tuple[tuple[float, Callable[[], None]], ...] = (
        (2.0, clock.forsaken),
        (2.0, clock.unsaid),
        (2.0, clock.unmade),
        (2.0, clock.expired),
        (3.0, clock.crowded),
        (60.0, clock.people),
        (60.0, clock.documents),
        (60.0, clock.witnessed),
        (86_400.0, clock.purged),
    )
    keep(chores, stop)


def due(retention: Retention, now: datetime) -> Due:
    """What is older than it is kept, as of now."""
    return Due(
        journals=(now - retention.journals).timestamp(),
        posts=(now - retention.posts).timestamp(),
        requests=(now - retention.requests).timestamp(),
        audit=(now - retention.audit).timestamp(),
        copies=(now - retention.copies).timestamp(),
    )


def stop_on_signal(stop: threading.Event) -> None:
    def said(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGINT, said)
    signal.signal(signal.SIGTERM, said)


def keep(chores: tuple[tuple[float, Callable[[], None]], ...], stop: threading.Event) -> None:
    """Run each chore when it is due; one that fails is said and tried again at its next time."""
    due = [0.0] * len(chores)
    while not stop.is_set():
        for index, (every, chore) in enumerate(chores):
            if time.monotonic() >= due[index]:
                due[index] = time.monotonic() + every
                try:
                    chore()
                except RunbookError as error:
                    log.warning("%s: %s %s", chore.__name__, error, error.mend)
        stop.wait(0.5)


def _lately() -> float:
    return time.time() - AGAIN_SECONDS


def _now() -> datetime:
    return datetime.now(UTC)
