"""Identifiers in the shapes Slack gives them.

Uppercase ids, five-letter block ids, message timestamps that never repeat.
"""

import random
import string

from bot.sandbox.clock import Clock

UPPER = string.ascii_uppercase + string.digits
MIXED = string.ascii_letters + string.digits


class Ids:
    """Hands out identifiers; `ts` is unique and rising for the whole workspace."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._random = random.Random()
        self._last_micros = 0

    def new(self, prefix: str, length: int = 10) -> str:
        """Such as `Ev0A3K9…`: a prefix and uppercase letters and digits."""
        return prefix + "0" + "".join(self._random.choices(UPPER, k=length - 1))

    def mixed(self, length: int) -> str:
        """Letters of both cases and digits, as in tickets and block ids."""
        return "".join(self._random.choices(MIXED, k=length))

    def uuid(self) -> str:
        """A random UUID in lower case."""
        raw = f"{self._random.getrandbits(128):032x}"
        return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))

    def ts(self) -> str:
        """The next message timestamp: seconds, a dot, six digits."""
        self._last_micros = max(int(self._clock.now() * 1_000_000), self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"
