"""The bot in its own process on a local Slack, with a real ledger and a real Redis behind it."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.app import build
from bot.desk import Desk
from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.plant import ROOT, Plant, plant
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import eventually
from tests.faults.wire import Wire, wire
from workers import wiring
from workers.domain.event import Event, IncidentReported, Steered
from workers.queue import Queue
from workers.safety.access import access
from workers.safety.policy import policy

_numbers = count(1)
Message = dict[str, Any]


@pytest.fixture(scope="session")
def local_slack() -> Iterator[LocalSlack]:
    """With the app's own manifest: nothing works here that the app has not asked for."""
    running = launch("--manifest", str(ROOT / "manifest.yml"))
    yield running
    finish(running)


@pytest.fixture(scope="session")
def local_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def slack_line(local_slack: LocalSlack) -> Iterator[Wire]:
    """Between the bot and Slack's Web API."""
    with wire(local_slack.ready["url"]) as one:
        yield one


@pytest.fixture(scope="session")
def office(
    tmp_path_factory: pytest.TempPathFactory,
    local_redis: RedisServer,
    local_slack: LocalSlack,
    slack_line: Wire,
) -> Iterator[Plant]:
    """The bot, running. Requester, guest and a bot user are named as approvers, as mistakes go."""
    folder: Path = tmp_path_factory.mktemp("office")
    approvers = [local_slack.people[key] for key in ("ben", "alice", "dan")] + ["U0CWALARMS1"]
    watched = {"watched_channels": [local_slack.channels["incidents"]]}
    with plant(folder, local_redis, local_slack, approvals={"approvers": approvers}) as one:
        one.configure(
            approvals={"approvers": approvers}, slack={"team_id": local_slack.ready["team_id"], **watched}
        )
        one.environ["SLACK_API_URL"] = f"{slack_line.url}/api/"
        one.bot = one.start("bot")
        eventually(lambda: local_slack.look("health")["connections"])
        yield one


class Room:
    """A channel of a test's own, and what comes of what is said in it."""

    def __init__(self, plant: Plant, name: str = "", person: str = "alice", **more: Any) -> None:
        self.plant, self.slack, self.ledger = plant, plant.slack, plant.ledger
        self.name = name or f"talk-{next(_numbers)}"
        self.id = self.slack.act("channels", person=person, name=self.name, **more)["channel"]

    def joined(self) -> "Room":
        self.slack.api("conversations.join", channel=self.id)
        return self

    def say(self, text: str, person: str = "alice", **more: Any) -> str:
        return self.slack.say(text, person=person, channel=self.id, **more)

    def alert(self, title: str = "ALARM: checkout 5xx") -> str:
        return self.slack.act("alerts", channel=self.id, title=title, text="5xx above 40")["ts"]

    def investigations(self) -> list[str]:
        rows = self.plant.sql(
            "SELECT id FROM investigations WHERE channel = :c ORDER BY created_at", c=self.id
        )
        return [row[0] for row in rows]

    def investigation(self) -> str:
        """The only one, once it is there."""
        (one,) = eventually(self.investigations)
        return one

    def reported(self) -> IncidentReported:
        (event,) = self.ledger.journal(self.investigation())[:1]
        assert isinstance(event, IncidentReported)
        return event

    def command(self, text: str = "", command: str = "investigate", person: str = "alice") -> dict[str, Any]:
        """Run a slash command here."""
        return self.slack.act("commands", person=person, channel=self.id, command=command, text=text)

    def shortcut(self, ts: str, person: str = "carol") -> dict[str, Any]:
        """Use *Investigate this* on a message."""
        used = {"callback_id": "investigate_message", "message_ts": ts}
        return self.slack.act("shortcuts", person=person, channel=self.id, **used)

    def rename(self, name: str) -> None:
        self.slack.act("channels/rename", person="alice", channel=self.id, name=name)
        self.name = name

    def invite(self, person: str = "alice") -> None:
        """Invite the bot."""
        bot = self.slack.ready["bot_user_id"]
        self.slack.act("channels/invite", person=person, channel=self.id, user=bot)

    def shown(self, person: str = "alice") -> list[Message]:
        """What only this person was shown here."""
        whispered = self.slack.look("state")["ephemerals"].get(self.slack.people.get(person, person), [])
        return [m for m in whispered if m["channel"] == self.id]

    def whispers(self, person: str = "alice") -> list[str]:
        """What only this person was told here."""
        return [m["text"] for m in self.shown(person)]

    def link(self, ts: str) -> str:
        """The address of a message here."""
        return self.slack.api("chat.getPermalink", channel=self.id, message_ts=ts)["permalink"]

    def told(self, words: str, person: str = "alice") -> str:
        """What only this person was told here, once it has these words in it."""
        return eventually(lambda: next((w for w in self.whispers(person) if words in w), None))

    def inside(self) -> bool:
        """Whether the bot is a member."""
        return self.slack.ready["bot_user_id"] in self.members()

    def members(self) -> list[str]:
        return next(c["members"] for c in self.slack.look("state")["channels"] if c["id"] == self.id)

    def deliver(self) -> None:
        """Say what is to be said, as `quick` does."""
        settings = self.plant.settings("quick")
        publisher = wiring.publisher(settings, self.ledger, Queue(self.plant.redis.url))
        for investigation in self.investigations():
            publisher.deliver(investigation)

    def press(self, action: str, person: str, ts: str, block: str) -> dict[str, Any]:
        return self.slack.act(
            "actions", person=person, channel=self.id, message_ts=ts, block_id=block, action_id=action
        )

    def messages(self) -> list[Message]:
        return next(c["messages"] for c in self.slack.look("state")["channels"] if c["id"] == self.id)

    def events(self) -> list[Event]:
        return list(self.ledger.journal(self.investigation()))

    def steered(self) -> list[Steered]:
        """The directions that were written down."""
        return [event for event in self.events() if isinstance(event, Steered)]


@pytest.fixture
def open_room(office: Plant) -> Callable[..., Room]:
    """Opens rooms; Slack has forgotten its rate limits."""
    office.slack.advance(61)
    office.slack.act("faults", clear=True)
    return lambda name="", **how: Room(office, name, **how)


@pytest.fixture
def room(open_room: Callable[..., Room]) -> Room:
    """A channel that is nobody's in particular, with the bot in it."""
    return open_room().joined()


@pytest.fixture
def incident_room(office: Plant, open_room: Callable[..., Room]) -> Room:
    """A fresh incident channel, which the bot has joined by itself."""
    one = open_room(f"inc-{next(_numbers)}-checkout")
    eventually(one.inside)
    return one


@contextmanager
def without(office: Plant, table: str) -> Generator[None]:
    """The ledger cannot be used: it has lost a table."""
    office.sql(f"ALTER TABLE {table} RENAME TO elsewhere")
    try:
        yield
    finally:
        office.sql(f"ALTER TABLE elsewhere RENAME TO {table}")


@contextmanager
def without_redis(office: Plant) -> Generator[None]:
    office.redis.kill()
    try:
        yield
    finally:
        office.redis.start()


@pytest.fixture
def desk(office: Plant) -> Desk:
    """What the listeners work with, in this process, for payloads that the local Slack does not send."""
    return Desk(
        team=office.slack.ready["team_id"],
        bot_user=office.slack.ready["bot_user_id"],
        ledger=office.ledger,
        queue=office.queue,
        policy=policy(office.settings("bot")),
        incident_channels=(re.compile("^inc-"),),
        watched_channels=frozenset(),
        auto_join=True,
        access=access(office.settings("bot")),
        home=f"{office.slack.ready['url'].rstrip('/')}/",
    )


@pytest.fixture
def app(office: Plant, desk: Desk) -> App:
    client = WebClient(token=office.slack.ready["bot_token"], base_url=office.slack.ready["api"])
    return build(client, desk)


def hand(app: App, body: dict[str, Any], retry: int = 0) -> int:
    """Hand a payload to the app as Socket Mode does; the status, 200 meaning that it is acknowledged."""
    headers: dict[str, str | Sequence[str]] = {"x-slack-retry-num": [str(retry)]} if retry else {}
    return int(app.dispatch(BoltRequest(body=body, mode="socket_mode", headers=headers)).status or 0)


def event_body(room: Room, text: str, *, event_id: str = "Ev1", **more: Any) -> dict[str, Any]:
    """An `app_mention` as Slack sends it."""
    team = room.slack.ready["team_id"]
    number = next(_numbers)
    event = {
        "type": "app_mention",
        "user": room.slack.people["alice"],
        "text": f"<@{room.slack.ready['bot_user_id']}> {text}",
        "ts": f"1700000000.{number:06}",
        "channel": room.id,
        "event_ts": f"1700000000.{number:06}",
    }
    return {
        "type": "event_callback",
        "team_id": team,
        "api_app_id": "A0RUNBOOK01",
        "event_id": f"{event_id}-{number}",
        "event": event | more.pop("event", {}),
        "authorizations": [{"team_id": team, "user_id": room.slack.ready["bot_user_id"], "is_bot": True}],
        **more,
    }
