"""What every listener works with: who we are, the record, the queue, and the rules of this install."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from workers import crash
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident
from workers.ledger import Accepted, Ledger
from workers.queue import JobName, Queue
from workers.safety.policy import Policy
from workers.thread.posts import posts

log = logging.getLogger(__name__)

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

    def now(self) -> datetime:
        return datetime.now(UTC)

    def accept(self, incident: Incident, *keys: str) -> Accepted:
        """On record first, then on the queue; what the queue misses the clock finds."""
        accepted = self.ledger.accept(incident, keys, self.now(), posts)
        crash.here("accepted")
        if accepted.fresh:
            self.put("deliver", accepted.id)
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

    def incident_room(self, name: str) -> bool:
        return any(pattern.search(name) for pattern in self.incident_channels)


def whisper(client: WebClient, channel: str, person: str, text: str, thread: str = "") -> None:
    """Tell one person something. It may get lost: nothing may depend on it."""
    try:
        client.chat_postEphemeral(channel=channel, user=person, text=text, thread_ts=thread or None)
    except (SlackApiError, OSError) as error:
        log.warning("could not tell %s: %s", person, error)


def error_code(error: SlackApiError) -> str:
    """Slack's own word for what it refused."""
    response: Any = error.response
    return str(response.get("error", "unknown"))
