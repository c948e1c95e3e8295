"""Listing what there is in AWS: every row at once, on a cloud that takes a tenth of a second a call."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import parse_qs

from boto3.session import Session

from tests.bench.row import Row, row
from workers.domain.errors import RunbookError
from workers.tools import estate, listing
from workers.tools.aws import Aws
from workers.tools.inventory import Account
from workers.tools.rows import Service, catalogue

CALL = 0.1
CHAIN = 3
"""Calls that need each other: a parent, what it lists, what describes that."""
CLI = "aws"
KEYS = "AKIA" + "A" * 16, "s" * 40


def rows() -> Iterator[Row]:
    clients = tuple(dict.fromkeys(one.client for one in catalogue()))
    with slow() as url:
        aws = _cloud(url)
        cold = _timed(lambda: estate.aws_query.run(Account(aws), "everything"))
        at_once = _timed(lambda: estate.aws_query.run(Account(aws), "everything"))
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        alone = _timed(lambda: _one_after_the_other(aws))
        made = _timed(lambda: _cloud(url).warm(*clients))
        by_hand = _timed(lambda: _by_hand(url)) if shutil.which(CLI) else None
    what = f"{len(catalogue())} rows at once"
    yield row(
        f"{what}, clients too", cold, "two chains of calls and the clients", 2 * CHAIN * CALL + made, 1.0
    )
    yield row(what, at_once, "one after the other", alone, 0.2)
    if by_hand is not None:
        yield row(what, at_once, "by the AWS CLI, one after the other", by_hand, 0.1)
    yield row("a client made", made / len(clients), "a call", CALL)
    yield row("memory with all clients", used / 1e6, "the limit", 300.0, unit="MB")


def _cloud(url: str) -> Aws:
    return Aws(Session(*KEYS), "us-east-1", endpoint_url=url)


def _one_after_the_other(aws: Aws) -> None:
    for one in catalogue():
        try:
            listing.resources(aws, one)
        except RunbookError:
            continue  # an answer with nothing in it does not do for every row


def _by_hand(url: str) -> None:
    """The first call of each row as somebody in a terminal makes it, who then has to read it."""
    secrets = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), KEYS, strict=True))
    environ = {**os.environ, **secrets, "AWS_REGION": "us-east-1", "AWS_PAGER": ""}
    for one in catalogue():
        command = (CLI, "--endpoint-url", url, *_spoken(one))
        subprocess.run(command, env=environ, capture_output=True, check=False, timeout=60)


def _spoken(one: Service) -> tuple[str, str]:
    """A row's first call as the CLI has it."""
    call = (one.each or one.list).call
    return {"s3": "s3api"}.get(one.client, one.client), call.replace("_", "-")


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


def _serve(told: Connection) -> None:
    server = _Server(("127.0.0.1", 0), _Slow)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def slow() -> Generator[str]:
    """The address of such a cloud, a process of its own until the end of the block."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
