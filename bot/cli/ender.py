"""For the demo: who may end a worker from outside, as a failing machine would, asked over loopback."""

import json
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from workers.domain.errors import RunbookError

Pids = Callable[[], dict[str, int]]


class Ender:
    """`POST /kill` ends the worker that `pids` names, with what it started; `url` is where to ask."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pids: Pids = dict

    def end(self) -> tuple[int, dict[str, object]]:
        """HTTP status and answer."""
        try:
            pid = self.pids().get("worker", 0)
            if not pid:
                return 409, {"error": "no worker runs at the moment; it is being started"}
            os.killpg(os.getpgid(pid), signal.SIGKILL)
        except (RunbookError, ProcessLookupError) as error:
            return 409, {"error": str(error)}
        return 200, {"pid": pid}


@contextmanager
def ender() -> Generator[Ender]:
    """Answers on a free port of 127.0.0.1 until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    asked = Ender(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = _handler(asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def _handler(asked: Ender) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing is logged: who asks shows what came of it."""

        def do_POST(self) -> None:
            # A site that is open in a browser names itself here; the local Slack does not.
            foreign = self.path != "/kill" or self.headers.get("Origin")
            status, answer = (404, {"error": "no such thing"}) if foreign else asked.end()
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
