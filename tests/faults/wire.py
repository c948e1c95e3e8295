"""The wire between a client and a server in the hands of a test: holds requests, loses and forges answers.

An HTTP proxy in the test's own process. Requests pass as they are, signature included.
"""

import contextlib
import http.client
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60


@dataclass
class Gate:
    """What happens to the next request that fits: `asked` is set when it is there, `let` lets it go on."""

    fits: Callable[[str, bytes], bool]
    before: bool = False
    """Hold the request before the server sees it."""
    after: bool = False
    """Hold the answer before the client sees it."""
    drop: bool = False
    """Cut the connection in the place of an answer."""
    vanish: bool = False
    """The request never gets to the server."""
    answer: tuple[int, bytes] | None = None
    """Answer this, and leave the server alone."""
    status: int = 0
    """Give the server's answer this status."""
    asked: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    let: threading.Event = field(default_factory=threading.Event)


class Wire:
    """A running proxy in front of `upstream`."""

    def __init__(self, upstream: str, port: int) -> None:
        self.upstream = upstream
        self.url = f"http://127.0.0.1:{port}"
        self.seen: list[str] = []
        self.rewritten: Callable[[str, bytes], bytes] = lambda _name, answer: answer
        """What becomes of every answer of the server, by the X-Amz-Target or path of its request."""
        self._gates: list[Gate] = []
        self._lock = threading.Lock()
        self._broken: dict[str, Any] = {}

    def cut(self) -> None:
        """From now on every connection is cut, until `open`."""
        self._broken = {"vanish": True}

    def deafen(self) -> None:
        """From now on everything is taken and nothing answered, until `open`."""
        self._broken = {"before": True, "vanish": True}

    def gate(self, target: str, **how: Any) -> Gate:
        """Put a gate in front of the next request whose X-Amz-Target or path ends in `target`."""
        gate = Gate(fits=lambda name, _body: name.endswith(target), **how)
        with self._lock:
            self._gates.append(gate)
        return gate

    def open(self) -> None:
        """Let everything through that is held, and everything that comes."""
        with self._lock:
            self._broken = {}
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.let.set()

    def take(self, name: str, body: bytes) -> Gate | None:
        with self._lock:
            self.seen.append(name)
            if self._broken:
                self._gates.append(broken := Gate(fits=lambda _name, _body: False, **self._broken))
                return broken
            found = next(
                (gate for gate in self._gates if not gate.asked.is_set() and gate.fits(name, body)), None
            )
            if found:
                found.asked.set()
        return found


@contextmanager
def wire(upstream: str) -> Generator[Wire]:
    """A wire to `upstream` until the end of the block."""

    class Handler(_Handler):
        pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        Handler.wire = one = Wire(upstream, server.server_port)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield one
        finally:
            one.open()
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed reset their connections; anything else is a fault of this file."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: Wire

    def log_message(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.headers.get("X-Amz-Target") or urlsplit(self.path).path
        gate = self.wire.take(name, body)
        if gate and gate.before:
            gate.let.wait(PATIENCE)
        if gate and gate.vanish:
            self._cut()
            return
        status, headers, answer = _own(gate) if gate and gate.answer else self._forward(body)
        answer = self.wire.rewritten(name, answer)
        if gate:
            gate.answered.set()
            status = gate.status or status
            if gate.after:
                gate.let.wait(PATIENCE)
            if gate.drop:
                self._cut()
                return
        self._reply(status, headers, answer)

    def do_GET(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        place = urlsplit(self.wire.upstream)
        upstream = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for key, value in self.headers.items():
                if key.lower() != "connection":
                    upstream.putheader(key, value)
            upstream.endheaders(body)
            reply = upstream.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            upstream.close()

    def _reply(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        try:
            self.send_response_only(status)
            for key, value in headers:
                if key.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True  # whoever asked is gone

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # it may be gone already
            self.connection.shutdown(socket.SHUT_RDWR)


def _own(gate: Gate) -> tuple[int, list[tuple[str, str]], bytes]:
    assert gate.answer is not None
    status, body = gate.answer
    return status, [("Content-Type", "application/x-amz-json-1.1")], body
