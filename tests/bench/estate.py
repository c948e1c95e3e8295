"""Listing what there is in AWS: every row at once, on a cloud that takes a tenth of a second a call."""

import resource
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from boto3.session import Session

from tests.bench.row import Row, row
from workers.domain.errors import RunbookError
from workers.tools import estate, listing
from workers.tools.aws import Aws
from workers.tools.inventory import Account
from workers.tools.rows import catalogue

CALL = 0.1


def rows() -> Iterator[Row]:
    clients = tuple(dict.fromkeys(one.client for one in catalogue()))
    with slow() as url:
        began = time.monotonic()
        aws = Aws(Session("AKIA" + "A" * 16, "s" * 40), "us-east-1", endpoint_url=url)
        aws.warm(*clients)
        made = time.monotonic() - began
        at_once = _timed(lambda: estate.aws_query.run(Account(aws), "everything"))
        alone = _timed(lambda: _one_after_the_other(aws))
    yield row(f"{len(catalogue())} rows at once", at_once, "one after the other", alone, 0.2)
    yield row("a client made", made / len(clients), "a call", CALL)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    yield row("memory with all clients", used / 1e6, "the limit", 300.0, unit="MB")


def _one_after_the_other(aws: Aws) -> None:
    for one in catalogue():
        try:
            listing.resources(aws, one)
        except RunbookError:
            continue  # an answer with nothing in it does not do for every row


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


class _Slow(BaseHTTPRequestHandler):
    """Answers every request of AWS with nothing, in its protocol, after a tenth of a second."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        time.sleep(CALL)
        action = asked.get("Action", [""])[0]
        plain = "json" in self.headers.get("Content-Type", "") or self.command == "GET"
        body = b"{}" if plain else f"<Response><{action}Result/></Response>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def slow() -> Generator[str]:
    """The address of such a cloud, until the end of the block."""
    server = _Server(("127.0.0.1", 0), _Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
