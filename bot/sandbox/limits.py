"""Rate limits: calls a minute per method and tier, one message a second per channel, events an hour.

Slack's tiers are "n or more"; here they are exactly n in any sixty seconds, because what holds for the
stand-in then holds for Slack.
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from bot.sandbox.clock import Clock
from bot.sandbox.errors import RateLimited

MINUTE = 60.0
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
# Methods with limits of their own; Slack gives no figures, these are generous.
SPECIAL = {
    "apps.connections.open": 60,
    "auth.test": 600,
    "chat.getPermalink": 600,
    "assistant.threads.setStatus": 600,
    "chat.postMessage": 300,
}
# One message a second and channel in the long run, with a little room for bursts.
MESSAGES_PER_SECOND = 1.0
BURST = 5.0
EVENTS_PER_HOUR = 30_000
HOUR = 3600.0


@dataclass
class _Bucket:
    tokens: float = BURST
    filled: float = 0.0


@dataclass
class Limits:
    """Counts calls as they come."""

    clock: Clock
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _buckets: dict[str, _Bucket] = field(default_factory=lambda: defaultdict(_Bucket))
    _events: deque[float] = field(default_factory=deque)
    _announced: int = 0

    def count(self, method: str, tier: int) -> None:
        """One more call of a method; raises `RateLimited` when it is one too many."""
        most = SPECIAL.get(method) or TIERS[tier]
        now = self.clock.now()
        recent = self._calls[method]
        while recent and recent[0] <= now - MINUTE:
            recent.popleft()
        if len(recent) >= most:
            raise RateLimited(math.ceil(recent[0] + MINUTE - now))
        recent.append(now)

    def message(self, channel: str) -> None:
        """One more message to a channel."""
        bucket = self._buckets[channel]
        now = self.clock.now()
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.filled) * MESSAGES_PER_SECOND)
        bucket.filled = now
        if bucket.tokens < 1:
            raise RateLimited(math.ceil((1 - bucket.tokens) / MESSAGES_PER_SECOND))
        bucket.tokens -= 1

    def event(self) -> bool:
        """Whether one more event may be delivered within this hour."""
        now = self.clock.now()
        while self._events and self._events[0] <= now - HOUR:
            self._events.popleft()
        if len(self._events) >= EVENTS_PER_HOUR:
            return False
        self._events.append(now)
        return True

    def announce(self) -> int:
        """The minute in which events were held back, once in every minute; else 0."""
        minute = int(self.clock.now() // MINUTE * MINUTE)
        before, self._announced = self._announced, minute
        return minute if minute != before else 0

    def exhaust_events(self) -> None:
        """As if the app had just had all its events for an hour."""
        now = self.clock.now()
        self._events.extend(now for _ in range(EVENTS_PER_HOUR - len(self._events)))
