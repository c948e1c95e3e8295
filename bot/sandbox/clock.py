"""The only clock of the stand-in.

It runs with the wall and can be moved ahead, which tests do to meet deadlines.
"""

import asyncio
import time


class Clock:
    """Seconds since 1970, plus whatever it was moved ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Unix time in seconds, as everybody in this workspace sees it."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move ahead and wake everyone who waits for a moment."""
        self.ahead += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def until(self, moment: float) -> None:
        """Return once it is `moment` or later."""
        while (left := moment - self.now()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), left)
            except TimeoutError:
                continue

    async def within(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for `event`, at most `seconds` of this clock; say whether it came."""
        arrival = asyncio.ensure_future(event.wait())
        deadline = asyncio.ensure_future(self.until(self.now() + seconds))
        await asyncio.wait({arrival, deadline}, return_when=asyncio.FIRST_COMPLETED)
        arrival.cancel()
        deadline.cancel()
        return event.is_set()
