"""What the local stand-ins for models share: a server with scripted answers, and faults on demand.

Imports nothing of ours. Answers come from `turns`, one a request, then from `script`; every body that was
accepted is kept.
"""

import json
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

KEY = "sk-" + "local-" * 4
Body = dict[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Turn:
    """What one request gets. A fault is a status, or what goes wrong after so many events of a stream."""

    text: str = ""
    stop: str | None = None
    """What an answer ends with, if nothing else is said: that it is over, or that tools are asked."""
    uses: tuple[tuple[str, Any], ...] = ()
    """Tools to ask, each with its arguments."""
    thoughts: tuple[dict[str, str], ...] = ()
    refusal: str = ""
    status: int = 200
    message: str = "try again"
    code: str = ""
    headers: Headers = field(default_factory=dict[str, str])
    usage: dict[str, int] = field(default_factory=dict[str, int])
    """Its tokens, where a model has counted them."""
    after: int = 3
    fault: str = ""
    """`cut` the connection, end `early`, send an `error`, `damage` a line, leave fields out (`odd`), `stall`;
    or send a web `page`."""
    seconds: float = 0.0


class Invalid(Exception):
    """A request that the API refuses."""

    def __init__(self, message: str, status: int = 400, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ModelServer(ABC):
    """Its address, what it is to answer, and what it was asked."""

    def __init__(self, models: tuple[str, ...], window: int) -> None:
        self.models = models
        self.window = window
        self.turns: deque[Turn] = deque()
        self.script: Callable[[Body], Turn] = lambda body: Turn(text="{}")
        self.bodies: list[Body] = []
        self.asked = 0
        self.address = ""

    def says(self, *turns: Turn | str) -> None:
        """The next answers, in this order."""
        self.turns.extend(Turn(text=turn) if isinstance(turn, str) else turn for turn in turns)

    def turn(self, body: Body) -> Turn:
        return self.turns.popleft() if self.turns else self.script(body)

    def forget(self) -> None:
        """As if it had just been started."""
        self.turns.clear()
        self.bodies.clear()
        self.script = lambda body: Turn(text="{}")
        self.asked = 0

    def other(self, path: str, headers: Headers, text: bytes) -> Body | None:
        """The answer where something else than a model is asked; that is not counted."""
        return None

    @abstractmethod
    def checked(self, path: str, headers: Headers, text: bytes) -> Body:
        """The body of a request; `Invalid` where the API refuses it."""

    @abstractmethod
    def error(self, path: str, status: int, message: str, code: str) -> tuple[Body, Headers]:
        """The body and the headers that go with a status."""

    @abstractmethod
    def events(self, path: str, body: Body, turn: Turn) -> list[bytes]:
        """An answer as it is streamed."""

    @abstractmethod
    def broken(self, turn: Turn) -> bytes:
        """What is streamed for `error`, `damage` and `odd`."""


Api = TypeVar("Api", bound=ModelServer)


@contextmanager
def serving(api: Api) -> Generator[Api]:
    """It listens on a port of its own until the end of the block."""
    server = _Server(("127.0.0.1", 0), lambda *given: _Request(api, *given))
    server.daemon_threads = True
    api.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tokens(text: str) -> int:
    """Four characters each."""
    return -(-len(text) // 4)


def pieces(text: str) -> list[str]:
    """Text as it is streamed, twenty characters at a time."""
    return [text[at : at + 20] for at in range(0, len(text), 20)]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle of an answer is no trouble of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, api: ModelServer, *given: Any) -> None:
        self.api = api
        super().__init__(*given)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the parent's
        """Tests keep quiet."""

    def do_GET(self) -> None:
        self._error(404, "Not found")

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {k.lower(): v for k, v in self.headers.items()}
        try:
            if (other := self.api.other(self.path, headers, text)) is not None:
                self._whole(200, "application/json", json.dumps(other).encode())
                return
            self.api.asked += 1
            body = self.api.checked(self.path, headers, text)
        except Invalid as error:
            self._error(error.status, str(error), error.code)
            return
        self.api.bodies.append(body)
        turn = self.api.turn(body)
        if turn.status != 200:
            self._error(turn.status, turn.message, turn.code, turn.headers)
        elif turn.fault == "page":
            self._whole(200, "text/html", b"<html><body>Sign in to continue</body></html>")
        else:
            self._streamed(turn, self.api.events(self.path, body, turn))

    def _whole(self, status: int, kind: str, answer: bytes, headers: Headers | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "request-id": "req_local", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _error(self, status: int, message: str, code: str = "", headers: Headers | None = None) -> None:
        body, own = self.api.error(self.path, status, message, code)
        self._whole(status, "application/json", json.dumps(body).encode(), {**own, **(headers or {})})

    def _streamed(self, turn: Turn, events: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("request-id", "req_local")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(events):
            if turn.fault and number == turn.after and self._broken(turn):
                return
            self._chunk(event)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, said: bytes) -> None:
        self.wfile.write(f"{len(said):x}\r\n".encode() + said + b"\r\n")
        self.wfile.flush()

    def _broken(self, turn: Turn) -> bool:
        """Do what is asked for in the middle of a stream; whether that is its end."""
        match turn.fault:
            case "stall":
                time.sleep(turn.seconds)
                return False
            case "damage" | "odd":
                self._chunk(self.api.broken(turn))
                return False
            case "error":
                self._chunk(self.api.broken(turn))
                self.wfile.write(b"0\r\n\r\n")
            case "early":
                self.wfile.write(b"0\r\n\r\n")
            case "cut":
                self.close_connection = True
            case other:
                raise ValueError(f"there is no fault {other!r}")
        return True
