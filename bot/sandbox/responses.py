"""Response URLs: the address an interaction hands the app to answer it, five times within thirty minutes."""

from dataclasses import dataclass

from bot.sandbox.clock import Clock
from bot.sandbox.errors import SlackError
from bot.sandbox.ids import Ids

LIFETIME_SECONDS = 1800.0
MAX_USES = 5


@dataclass
class ResponseUrl:
    """Where an answer goes: the person who acted, the channel, and the message the button was on (if any)."""

    person: str
    channel: str
    message_ts: str
    is_ephemeral: bool
    expires: float
    uses: int = 0


class ResponseUrls:
    """Those that were handed out."""

    def __init__(self, clock: Clock, ids: Ids, origin: str = "") -> None:
        self.origin = origin
        self._clock = clock
        self._ids = ids
        self._issued: dict[str, ResponseUrl] = {}

    def issue(self, person: str, channel: str, message_ts: str = "", is_ephemeral: bool = False) -> str:
        """A new address."""
        key = self._ids.mixed(32)
        expires = self._clock.now() + LIFETIME_SECONDS
        self._issued[key] = ResponseUrl(person, channel, message_ts, is_ephemeral, expires)
        return f"{self.origin}/respond/{key}"

    def use(self, key: str) -> ResponseUrl:
        """Count one use. Raises `invalid_url`, `expired_url` or `used_url`."""
        if key not in self._issued:
            raise SlackError("invalid_url")
        url = self._issued[key]
        if self._clock.now() > url.expires:
            raise SlackError("expired_url")
        if url.uses >= MAX_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url
