"""What every listener works with: who we are, the record, the queue, and the rules of this install."""

import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.people import People
from bot.rooms import Rooms
from workers import crash
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident
from workers.ledger import Accepted, Ledger
from workers.queue import JobName, Queue
from workers.safety.access import Access
from workers.safety.policy import Policy
from workers.thread.posts import posts

log = logging.getLogger(__name__)

HOUR = 3600.0

Payload = Mapping[str, Any]
"""A body or event as Slack sends it: JSON, whose shape Slack's documentation promises and nothing checks."""


@dataclass(frozen=True)
class Desk:
    """Handed to each listener. `team` is ours: people of other workspaces have no say here."""

    team: str
    bot_user: str
    ledger: Ledger
    queue: Queue
    policy: Policy
    incident_channels: tuple[re.Pattern[str], ...]
    watched_channels: frozenset[str]
    auto_join: bool
    home: str = ""
    """The workspace's address, with a slash at its end."""
    changes: bool = True
    """Whether there is an executor."""
    access: Access = field(default_factory=Access)
    rooms: Rooms = field(default_factory=Rooms)
    people: People = field(default_factory=People)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def accept(self, incident: Incident, *keys: str) -> Accepted:
        """On record first, then on the queue; what the queue misses the clock finds."""
        accepted = self.ledger.accept(incident, keys, self.now(), posts)
        crash.here("accepted")
        # A Redis that hangs is waited for once, not twice.
        if accepted.fresh and self.put("deliver", accepted.id):
            self.put("investigate", accepted.id)
        crash.here("queued")
        return accepted

    def put(self, job: JobName, subject: str) -> bool:
        """Queue a job; false while Redis is away, when the record has to be enough."""
        try:
            self.queue.put(job, subject)
            if job == "investigate":
                self.ledger.queued(subject)
        except Unreachable as error:
            log.warning("%s %s waits for the clock: %s", job, subject, error)
            return False
        return True

    def queues(self) -> bool:
        """Whether Redis answers."""
        try:
            self.queue.ping()
        except Unreachable:
            return False
        return True

    def members(self, group: str) -> frozenset[str] | None:
        """The people in a user group or on call; `None` where that is not known now."""
        return self.ledger.members(group, self.now())

    def first(self, what: str) -> bool:
        """Whether this is the first time within the hour; true while Redis is away, which remembers it."""
        try:
            return self.queue.take(f"once:{what}", 1, HOUR, uuid.uuid4().hex) == 0
        except Unreachable:
            return True

    def link(self, investigation: str) -> str:
        """The address of an investigation's thread; empty while it has none."""
        place = self.ledger.thread(investigation)
        if place is None or not place.ts or not self.home:
            return ""
        return f"{self.home}archives/{place.channel}/p{place.ts.replace('.', '')}"

    def incident_room(self, name: str) -> bool:
        return any(pattern.search(name) for pattern in self.incident_channels)
