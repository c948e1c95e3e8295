"""Socket Mode: the WebSocket side.

Hands each envelope to one of the app's connections and waits for its answer.
"""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.clock import Clock
from bot.sandbox.ids import Ids

ACK_SECONDS = 3.0
MAX_CONNECTIONS = 10
# A connection lives about five hours by the wall, whatever our clock says; it is warned before its end.
LIFETIME_SECONDS = 18_060.0
WARNING_SECONDS = 10.0
# Between the announcement that a connection ends and its end.
GOODBYE_SECONDS = 0.2
REMEMBERED = 10_000
"""Deliveries whose times are kept."""


@dataclass(frozen=True)
class Ack:
    """Whether the app answered in time, and the payload it may have sent along."""

    arrived: bool
    payload: dict[str, Any] | None = None
    connected: bool = True


@dataclass(eq=False)
class _Connection:
    id: str
    socket: web.WebSocketResponse
    request: web.Request
    draining: bool = False


@dataclass
class _Waiter:
    event: asyncio.Event = field(default_factory=asyncio.Event)
    payload: dict[str, Any] | None = None


class Sockets:
    """The app's open connections."""

    def __init__(self, app_id: str, clock: Clock, ids: Ids, changed: Callable[[int], None]) -> None:
        self._app_id = app_id
        self._changed = changed
        self._clock = clock
        self._ids = ids
        self.lifetime = LIFETIME_SECONDS
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._waiting: dict[str, _Waiter] = {}
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)

    @property
    def count(self) -> int:
        """How many connections take envelopes; those that were told to go do not."""
        return len(self._usable())

    def ticket(self) -> str:
        """A pass for one connection."""
        ticket = self._ids.uuid()
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """`GET /link?ticket=…`: greet, then read answers until the app hangs up."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408, text="invalid ticket")
        self._tickets.discard(ticket)
        # No heartbeat of ours: the app pings, and aiohttp echoes its payload.
        socket = web.WebSocketResponse(autoping=True, compress=False, max_msg_size=0, timeout=0.3)
        await socket.prepare(request)
        if len(self._connections) >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = _Connection(self._ids.new("applink-"), socket, request)
        self._connections.append(connection)
        self._changed(self.count)
        end = asyncio.ensure_future(self._grow_old(connection))
        try:
            await socket.send_json(self._hello(connection))
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._read(frame.data)
        finally:
            end.cancel()
            self._connections.remove(connection)
            self._changed(self.count)
        return socket

    async def send(
        self, kind: str, payload: dict[str, Any], accepts_payload: bool = False, **retry: Any
    ) -> Ack:
        """One envelope to one connection; returns after its answer or after three seconds of the clock."""
        usable = self._usable()
        if not usable:
            return Ack(arrived=False, connected=False)
        envelope_id = self._ids.uuid()
        waiter = self._waiting[envelope_id] = _Waiter()
        began = time.monotonic()
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": accepts_payload,
            "payload": payload,
            **retry,
        }
        try:
            await random.choice(usable).socket.send_str(json.dumps(envelope, ensure_ascii=False))
            arrived = await self._clock.within(waiter.event, ACK_SECONDS)
        except ConnectionError:
            arrived = False
        finally:
            del self._waiting[envelope_id]
        self.deliveries.append(
            {"type": kind, "arrived": arrived, "seconds": time.monotonic() - began, **retry}
        )
        return Ack(arrived, waiter.payload)

    async def disconnect(self, reason: str) -> int:
        """Ask every connection to make way for a new one; Slack closes it a little later.

        Returns how many.
        """
        return await self._dismiss([c for c in self._connections if not c.draining], reason)

    async def _grow_old(self, connection: _Connection) -> None:
        warning = min(WARNING_SECONDS, self.lifetime / 2)
        await asyncio.sleep(self.lifetime - warning)
        await self._dismiss([connection], "warning")
        await asyncio.sleep(warning)
        await self._dismiss([connection], "refresh_requested")

    async def _dismiss(self, leaving: list[_Connection], reason: str) -> int:
        for connection in leaving:
            connection.draining = reason != "warning"
            await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})
        if reason != "warning":
            await asyncio.sleep(GOODBYE_SECONDS)
            await self._close(leaving)
        return len(leaving)

    async def close(self) -> None:
        """Close every connection in good form, but unannounced."""
        await self._close(list(self._connections))

    def cut(self) -> None:
        """Cut every connection without a word, as a network does."""
        for connection in self._connections:
            if connection.request.transport:
                connection.request.transport.close()

    async def _close(self, connections: list[_Connection]) -> None:
        # A client that is busy need not answer our close frame; it is not waited for.
        await asyncio.gather(
            *(c.socket.close(code=1001, drain=True) for c in connections if not c.socket.closed)
        )

    def _usable(self) -> list[_Connection]:
        return [c for c in self._connections if not c.draining and not c.socket.closed]

    def _hello(self, connection: _Connection) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.count,
            "debug_info": {
                "host": connection.id,
                "build_number": 1,
                "approximate_connection_time": int(self.lifetime),
            },
            "connection_info": {"app_id": self._app_id},
        }

    def _read(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        waiter = self._waiting.get(answer.get("envelope_id", "")) if isinstance(answer, dict) else None
        if waiter:
            waiter.payload = answer.get("payload") or None
            waiter.event.set()
