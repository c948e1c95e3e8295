"""Who may end a worker from outside: by a real request, a real process, and what it started."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from bot.cli.ender import Ender, ender
from tests.faults.waiting import alive, children, eventually

PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']).wait()"


@pytest.fixture
def asked() -> Iterator[Ender]:
    with ender() as one:
        yield one


def _post(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(url, b"{}", headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, start_new_session=True
    ) as process:
        eventually(lambda: children(process.pid))
        yield process
        process.kill()


def test_the_worker_ends_with_what_it_started(asked: Ender, worker: "subprocess.Popen[bytes]") -> None:
    (child,) = children(worker.pid)
    asked.pids = lambda: {"worker": worker.pid, "bot": 1}

    assert _post(asked.url + "/kill") == (200, {"pid": worker.pid})
    assert worker.wait(5) == -9
    eventually(lambda: not alive(child))


def test_a_site_open_in_a_browser_ends_nothing(asked: Ender, worker: "subprocess.Popen[bytes]") -> None:
    asked.pids = lambda: {"worker": worker.pid}

    assert _post(asked.url + "/kill", {"Origin": "https://elsewhere.example"})[0] == 404
    assert _post(asked.url + "/other")[0] == 404
    assert worker.poll() is None


def test_a_worker_that_is_gone_already_is_said_to_be(asked: Ender, worker: "subprocess.Popen[bytes]") -> None:
    assert _post(asked.url + "/kill")[0] == 409
    worker.kill()
    worker.wait(5)
    asked.pids = lambda: {"worker": worker.pid}
    assert _post(asked.url + "/kill")[0] == 409
