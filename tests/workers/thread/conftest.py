"""A local Slack, a Redis and a ledger for the publisher, and a channel for each test."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.plant import Plant, plant
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import eventually
from workers import wiring
from workers.domain.incident import Incident, Thread
from workers.domain.post import Post
from workers.ledger import Outgoing
from workers.thread.publisher import Publisher

_numbers = count(1)
Message = dict[str, Any]


class Room:
    """A conversation of one investigation, and the publisher that speaks in it."""

    def __init__(self, plant: Plant, *, thread: bool = True) -> None:
        self.slack, self.ledger, self.plant = plant.slack, plant.ledger, plant
        number = next(_numbers)
        self.channel = self.slack.act("channels", person="alice", name=f"room-{number}")["channel"]
        self.slack.api("conversations.join", channel=self.channel)
        self.root = self.slack.say("checkout is slow", channel=self.channel) if thread else ""
        at = wiring.now()
        incident = Incident(
            text="checkout is slow",
            source="mention",
            thread=Thread(team=self.slack.ready["team_id"], channel=self.channel, ts=self.root),
            at=at,
        )
        self.investigation = self.ledger.accept(incident, (f"room-{number}",), at).id
        self.publisher = self.another()

    def another(self) -> Publisher:
        settings = self.plant.settings("worker")
        return wiring.publisher(settings, self.ledger, self.plant.queue)

    def say(self, text: str = "Looking into it.", key: str = "live", **more: Any) -> None:
        blocks = more.pop("blocks", (section(text),))
        self.ledger.say(self.investigation, (Post(key=key, text=text, blocks=blocks, **more),))

    def deliver(self) -> None:
        self.publisher.deliver(self.investigation)

    def until(self, look: Callable[[], Any], patience: float = 10) -> Any:
        """Deliver again and again, as a worker does, until `look` finds something."""

        def both() -> Any:
            self.deliver()
            return look()

        return eventually(both, patience)

    def messages(self) -> list[Message]:
        """What Runbook has said in the channel."""
        channels = self.slack.look("state")["channels"]
        messages = next(c["messages"] for c in channels if c["id"] == self.channel)
        return [m for m in messages if m.get("user") == self.slack.ready["bot_user_id"] and m.get("bot_id")]

    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages()]

    def calls(self, method: str = "") -> list[dict[str, Any]]:
        """The calls that Slack got about this channel."""
        rows = self.slack.look("calls", method=method)["calls"]
        return [row for row in rows if row["args"].get("channel") == self.channel]

    def unsaid(self) -> bool:
        """Whether something still waits to be said, now or later."""
        return bool(self._rows("sent < revision"))

    def error(self) -> str:
        return "; ".join(row[0] for row in self._rows("error <> ''"))

    def due(self) -> float:
        """Seconds until the next try."""
        return min(row[1] for row in self._rows("sent < revision")) - time.time()

    def hurry(self) -> None:
        """Let what waits for a later time be due now."""
        self.plant.sql("UPDATE outbox SET due_at = 0 WHERE investigation = :i", i=self.investigation)

    def _rows(self, where: str) -> list[tuple[Any, ...]]:
        query = f"SELECT error, due_at FROM outbox WHERE investigation = :i AND {where} ORDER BY id"
        return self.plant.sql(query, i=self.investigation)

    def held(self) -> tuple[Outgoing, ...]:
        return self.ledger.hold(self.investigation, "test")


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.fixture(scope="module")
def local_slack() -> Iterator[LocalSlack]:
    running = launch()
    yield running
    finish(running)


@pytest.fixture(scope="module")
def local_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, local_redis: RedisServer, local_slack: LocalSlack
) -> Iterator[Plant]:
    folder: Path = tmp_path_factory.mktemp("publisher")
    with plant(folder, local_redis, local_slack) as one:
        yield one


@pytest.fixture
def room(place: Plant) -> Iterator[Room]:
    place.redis.wipe()
    place.slack.advance(61)
    place.slack.act("faults", clear=True)
    yield Room(place)
    assert place.slack.look("faults")["planned"] == []


@pytest.fixture
def unrooted(room: Room) -> Room:
    """A conversation whose first message is yet to be posted."""
    return Room(room.plant, thread=False)
