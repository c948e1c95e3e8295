"""The server: one port that answers AWS requests and the control API, on the loopback interface only."""

import threading
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from workers.sandbox.control import PREFIX, Control
from workers.sandbox.front.cloud import Cloud
from workers.sandbox.front.wire import Answer
from workers.sandbox.latency import Latency

TICK_SECONDS = 2.0


class _Quiet(WSGIRequestHandler):
    """Keeps connections open and says nothing about itself."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's name
        """AWS prints nothing to us either."""

    def version_string(self) -> str:
        """The Server header."""
        return "Server"


class Application:
    """The WSGI application."""

    def __init__(self, cloud: Cloud, latency: Latency) -> None:
        """Answers from this cloud, AWS requests after this latency."""
        self.cloud, self.control, self.latency = cloud, Control(cloud), latency

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(environ)
        reason = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}.get(
            answer.status, "Answer"
        )
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        start_response(f"{answer.status} {reason}", list(headers.items()))
        return [answer.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path = environ.get("PATH_INFO", "/")
        if path.startswith(PREFIX):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length) if length else b""
            return self.control.handle(environ["REQUEST_METHOD"], path, body)
        answer = self.cloud.handle(environ)
        self.latency.wait()
        return answer


def serve(cloud: Cloud, port: int, latency: Latency) -> BaseWSGIServer:
    """A server that is bound and not yet running; `serve_forever` runs it."""
    # moto warns about error codes that botocore's models do not list; AWS has more codes than its models.
    warnings.filterwarnings("ignore", message=".*does not match an error shape.*")
    application = Application(cloud, latency)
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Quiet)
    threading.Thread(target=_tick, args=(cloud,), daemon=True).start()
    return server


def _tick(cloud: Cloud) -> None:
    """Keep the world moving while nobody asks, so that the next caller does not wait for it."""
    pause = threading.Event()
    while not pause.wait(TICK_SECONDS):
        if cloud.playing is not None:
            cloud.playing.world.catch_up(cloud.now())
