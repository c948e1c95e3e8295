"""Whoever asks is answered at once, however many ask and whatever else the quick worker is about."""

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.bot.sandbox.local_slack import finish, launch
from tests.faults.plant import ROOT, Plant, plant
from tests.faults.redis_server import redis_server
from tests.faults.waiting import eventually
from tests.faults.wire import wire
from tests.workers.thread.conftest import Room


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Quick and nobody else, beside a Chroma that takes every question and answers none."""
    nobody = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    slack = launch("--manifest", str(ROOT / "manifest.yml"))
    folder = tmp_path_factory.mktemp("site")
    documents = Path(folder / "documents")
    documents.mkdir()
    knows = {"sources": [{"type": "filesystem", "path": str(documents)}]}
    with (
        redis_server() as redis,
        wire(f"http://127.0.0.1:{nobody.server_port}") as line,
        plant(folder, redis, slack, chroma=line.url, knowledge=knows) as one,
    ):
        line.deafen()
        one.start("quick")
        yield one
        line.open()
    nobody.server_close()
    finish(slack)


def waiting(site: Plant, number: int) -> list[Room]:
    """So many rooms in which the first word has not been said."""
    rooms = [Room(site) for _ in range(number)]
    for room in rooms:
        room.say()
    return rooms


def test_one_job_answers_everybody_who_waits_for_a_first_word(site: Plant) -> None:
    first, *others = waiting(site, 12)

    site.queue.put("deliver", first.investigation)

    eventually(lambda: all(room.texts() == ["Looking into it."] for room in (first, *others)), 8)
    eventually(lambda: not any(room.unsaid() for room in (first, *others)), 8)


def test_later_words_wait_for_their_own_turn(site: Plant) -> None:
    first, other = waiting(site, 2)
    other.deliver()
    other.say("A cause.", key="cause")

    site.queue.put("deliver", first.investigation)

    eventually(lambda: first.texts() == ["Looking into it."], 8)
    eventually(lambda: site.queue.waiting("quick") == 0)
    assert other.texts() == ["Looking into it."]


def test_first_word_does_not_wait_for_documents_that_are_being_read(site: Plant) -> None:
    site.queue.put("sync", "documents")
    eventually(lambda: site.queue.waiting("quick") == 0)
    (room,) = waiting(site, 1)

    site.queue.put("deliver", room.investigation)

    eventually(room.texts, 4)
    assert site.queue.waiting("quick") == 1, "the documents had been read already"


def test_investigations_let_answers_go_first(site: Plant) -> None:
    worker = site.start("worker")
    quick = site.parts[0]

    assert os.getpriority(os.PRIO_PROCESS, worker.pid) > os.getpriority(os.PRIO_PROCESS, quick.pid)
