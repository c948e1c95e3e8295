"""Trigger ids: what an interaction hands the app so that it may open one modal, for three seconds."""

from bot.sandbox.clock import Clock
from bot.sandbox.errors import SlackError
from bot.sandbox.ids import Ids

TRIGGER_SECONDS = 3.0


class Triggers:
    """Issued trigger ids, each for one person and one use."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._issued: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()

    def issue(self, person: str) -> str:
        """A new trigger id for what a person just did."""
        now = self._clock.now()
        trigger = f"{int(now * 1000)}.{int(now) % 10_000_000}.{self._ids.mixed(32).lower()}"
        self._issued[trigger] = (person, now + TRIGGER_SECONDS)
        return trigger

    def redeem(self, trigger: str) -> str:
        """The person it was issued for. Raises Slack's codes for one that is unknown, used or too old."""
        if trigger in self._used:
            raise SlackError("exchanged_trigger_id")
        if trigger not in self._issued:
            raise SlackError("invalid_trigger_id")
        person, expires = self._issued[trigger]
        if self._clock.now() > expires:
            raise SlackError("expired_trigger_id")
        self._used.add(trigger)
        return person
