"""What the page hears the moment it happens: numbered notices over server-sent events."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

Filter = Callable[[dict[str, Any]], bool]
# Proxies and browsers close silent streams after a minute or so.
KEEP_ALIVE_SECONDS = 15


class Live:
    """Fans notices out to every open page."""

    def __init__(self) -> None:
        self.seq = 0
        self._listeners: set[asyncio.Queue[dict[str, Any] | None]] = set()

    def tell(self, kind: str, **notice: Any) -> None:
        """Tell every page; `to` in the notice restricts it to one person."""
        self.seq += 1
        for queue in self._listeners:
            queue.put_nowait({"seq": self.seq, "kind": kind, **notice})

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        for queue in self._listeners:
            queue.put_nowait(None)

    async def stream(self, request: web.Request, wanted: Filter) -> web.StreamResponse:
        """Serve one page until it goes away."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            await response.prepare(request)
            await response.write(_frame({"kind": "hello", "seq": self.seq}))
            while (notice := await _next(queue)) is not None:
                if notice["kind"] == "still here":
                    await response.write(b": still here\n\n")
                elif wanted(notice):
                    await response.write(_frame(notice))
        except ConnectionError:
            pass  # The page was closed; there is nobody left to tell.
        finally:
            self._listeners.discard(queue)
        return response


async def _next(queue: asyncio.Queue[dict[str, Any] | None]) -> dict[str, Any] | None:
    try:
        return await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
    except TimeoutError:
        return {"kind": "still here"}


def _frame(notice: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(notice, ensure_ascii=False)}\n\n".encode()
