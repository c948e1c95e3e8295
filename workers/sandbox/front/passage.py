"""The way through to moto, which answers what the front does not, and never with an error page."""

from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from workers.sandbox.front.refusal import UNKNOWN_OPERATION
from workers.sandbox.front.wire import Answer, Request


class Passage:
    """moto's own WSGI application."""

    def __init__(self) -> None:
        """Backends are created when they are first asked for."""
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._filled = False

    def take(self, request: Request) -> Answer:
        """moto's answer; what it cannot do is an unknown operation."""
        if not self._filled:
            from workers.sandbox.front import shelves  # moto's parts take a while, and few ask for them

            shelves.fill()
            self._filled = True
        builder = EnvironBuilder(
            method=request.method,
            base_url=request.inner.url_root,
            path=request.inner.raw_path,
            query_string=request.inner.query_string.decode(),
            data=request.body,
            headers=list(request.headers.items()),
        )
        text = "The requested operation is not supported in the called region."
        try:
            body, status, headers = run_wsgi_app(self._moto, builder.get_environ(), buffered=True)
        except Exception:  # noqa: BLE001  a service that moto does not know fails in it with whatever comes first
            raise request.refuse(UNKNOWN_OPERATION, text) from None
        content, code = b"".join(body), int(status.split(" ", 1)[0])
        kind = headers.get("Content-Type", "")
        if code >= 500 or (code >= 400 and (not content or "html" in kind)) or _says_unknown(content):
            raise request.refuse(UNKNOWN_OPERATION, text)
        return Answer(code, _plain(headers.items()), content)


def _says_unknown(content: bytes) -> bool:
    return b"has not been implemented" in content[:4000]


def _plain(headers: Any) -> dict[str, str]:
    return {
        name: value
        for name, value in headers
        if name.lower() not in ("server", "content-length", "connection")
    }
