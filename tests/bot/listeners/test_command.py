"""Slash commands: an investigation in a thread of our own, once; and an answer to everything else."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from statistics import quantiles
from typing import Any

import pytest
from slack_bolt import App, BoltRequest

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.conftest import Room, hand, without, without_redis
from tests.faults.plant import Plant
from tests.faults.redis_server import redis_server
from tests.faults.waiting import eventually, never
from tests.faults.wire import Wire
from workers.domain.incident import Person
from workers.domain.question import Question
from workers.queue import Queue

_triggers = count(1)


def command_body(room: Room, text: str, command: str = "/investigate", **more: Any) -> dict[str, Any]:
    """A command as Slack sends it."""
    return {
        "command": command,
        "text": text,
        "team_id": room.slack.ready["team_id"],
        "api_app_id": "A0RUNBOOK01",
        "channel_id": room.id,
        "channel_name": room.name,
        "user_id": room.slack.people["alice"],
        "trigger_id": f"17.{next(_triggers)}",
        "response_url": f"{room.slack.ready['url']}/respond/nothing",
        **more,
    }


@pytest.mark.parametrize(
    ("command", "text"), [("investigate", ""), ("runbook", "investigate "), ("runbook", "INVESTIGATE  ")]
)
def test_command_is_answered_in_a_thread_of_the_channel(
    room: Room, office: Plant, command: str, text: str
) -> None:
    assert room.command(f"{text}checkout is slow", command)["acknowledged"]

    incident = room.reported().incident
    assert (incident.text, incident.source) == ("checkout is slow", "command")
    assert incident.requester == Person(id=room.slack.people["alice"], team=room.slack.ready["team_id"])
    assert (incident.thread.channel, incident.thread.ts) == (room.id, "")
    assert room.whispers() == ["I am on it. My answer is a thread in this channel."]
    eventually(lambda: room.investigation() in office.queue.queued("investigate"))
    room.deliver()
    (root,) = [m for m in room.messages() if m.get("bot_id")]
    assert "thread_ts" not in root
    assert f"asked by <@{room.slack.people['alice']}>" in str(root["blocks"])
    assert room.ledger.in_thread(room.slack.ready["team_id"], room.id, root["ts"]) == room.investigation()


@pytest.mark.parametrize(
    ("text", "question"),
    [("tasks of checkout by zone", Question(topic="open")), ("checkout is slow", None)],
)
def test_who_asks_by_command_need_not_put_it_as_a_question(
    room: Room, text: str, question: Question | None
) -> None:
    room.command(f"ask {text}", "runbook")

    assert room.reported().incident.question == question


@pytest.mark.parametrize(
    ("command", "text"), [("investigate", ""), ("investigate", "   "), ("runbook", "investigate")]
)
def test_command_without_words_is_told_what_to_say(room: Room, command: str, text: str) -> None:
    assert room.command(text, command)["acknowledged"]

    (told,) = room.whispers()
    assert "/investigate checkout is slow" in told
    assert room.investigations() == []


def test_command_in_a_public_channel_joins_it(open_room: Callable[..., Room]) -> None:
    room = open_room()

    room.command("checkout is slow")

    room.investigation()
    assert room.inside()
    room.deliver()
    assert [m for m in room.messages() if m.get("bot_id")]


def test_command_in_a_private_channel_without_us_is_told_to_invite(open_room: Callable[..., Room]) -> None:
    room = open_room(is_private=True)

    room.command("checkout is slow")

    assert "/invite @Runbook" in room.told("not a member")
    assert room.investigations() == []


def test_command_in_a_private_channel_with_us_is_taken(open_room: Callable[..., Room]) -> None:
    room = open_room(is_private=True)
    room.invite()

    room.command("checkout is slow")

    room.investigation()


def test_command_where_joining_is_forbidden_is_told_to_invite(
    office: Plant, open_room: Callable[..., Room]
) -> None:
    office.slack.act("faults", kind="error", method="conversations.join", error="restricted_action")
    room = open_room()

    room.command("checkout is slow")

    room.told("/invite @Runbook")
    assert room.investigations() == []


def test_command_in_an_archived_channel_is_refused(room: Room) -> None:
    room.slack.act("channels/archive", person="alice", channel=room.id)

    room.command("checkout is slow")

    room.told("This channel is archived")
    assert room.investigations() == []


def test_command_in_a_direct_message_is_refused_kindly(room: Room) -> None:
    direct = room.slack.act("home", person="alice", tab="messages")["channel"]

    answer = room.slack.act(
        "commands", person="alice", channel=direct, command="investigate", text="all is slow"
    )

    assert answer["acknowledged"]
    told = room.slack.look("state")["ephemerals"][room.slack.people["alice"]]
    assert "I answer in channels" in next(m["text"] for m in told if m["channel"] == direct)
    assert room.plant.sql("SELECT id FROM investigations WHERE channel = :c", c=direct) == []


@pytest.mark.parametrize(
    "slow", [{"kind": "slow", "seconds": 4.0}, {"kind": "ratelimited", "retry_after": 30}]
)
def test_command_while_slack_says_nothing_about_the_channel_is_told_in_time(
    office: Plant, room: Room, slow: dict[str, Any]
) -> None:
    office.slack.act("faults", method="conversations.info", **slow)
    began = time.monotonic()

    answer = room.command("checkout is slow")

    assert answer["acknowledged"]
    assert time.monotonic() - began < 3
    room.told("Please try again in a minute")
    assert room.investigations() == []
    office.slack.act("faults", clear=True)


def test_redelivered_command_starts_one_investigation(app: App, room: Room, office: Plant) -> None:
    body = command_body(room, "checkout is slow")
    before = office.queue.waiting("investigate")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: hand(app, body), range(4)))

    assert answers == [200] * 4
    assert len(room.investigations()) == 1
    assert office.queue.waiting("investigate") == before + 1


def test_redelivery_is_known_by_its_trigger_however_late(app: App, desk: Desk, room: Room) -> None:
    body = command_body(room, "checkout is slow")
    assert hand(app, body) == 200
    room.plant.sql("DELETE FROM requests WHERE key LIKE 'again:%'")  # as ten minutes later

    assert hand(app, body) == 200

    assert len(room.investigations()) == 1


def test_same_words_of_the_same_person_a_moment_later_are_the_same_request(room: Room) -> None:
    room.command("checkout is slow")
    room.investigation()
    room.deliver()
    (root,) = [m for m in room.messages() if m.get("bot_id")]

    room.command("Checkout  is slow")
    assert room.link(root["ts"]) in room.told("a moment ago")
    assert len(room.investigations()) == 1

    room.command("checkout is slow", person="carol")
    room.command("payments is slow")
    eventually(lambda: len(room.investigations()) == 3)


def test_command_of_another_workspace_is_dropped(app: App, room: Room) -> None:
    for command in ("/investigate", "/runbook"):
        answer = hand(app, command_body(room, "investigate all", command, team_id="T0ELSEWHERE"))
        assert answer == 200

    assert room.investigations() == []


def test_command_while_the_ledger_is_away_is_said_and_not_taken(room: Room, office: Plant) -> None:
    with without(office, "requests"):
        assert room.command("checkout is slow")["acknowledged"]

    told = room.told("I cannot write your request down")
    assert "try again" in told
    assert room.investigations() == []
    room.command("checkout is slow")
    room.investigation()


def test_command_is_taken_while_redis_is_away(room: Room, office: Plant) -> None:
    with without_redis(office):
        began = time.monotonic()
        assert room.command("checkout is slow")["acknowledged"]
        taken = time.monotonic() - began

    (told,) = room.whispers()
    assert told.startswith("I have written your request down, but my queue does not answer")
    assert taken < 3
    assert room.investigation() in room.ledger.forsaken(time.time())


def test_command_with_a_redis_that_hangs_is_acknowledged_in_time(app: App, desk: Desk, room: Room) -> None:
    with redis_server() as deaf:
        hung = build(app.client, replace(desk, queue=Queue(deaf.url, patient=False)))
        deaf.freeze()
        began = time.monotonic()
        answer = hand(hung, command_body(room, "checkout is slow"))
        taken = time.monotonic() - began
        deaf.thaw()

    assert answer == 200
    assert taken < 3  # as long as Slack waits
    assert room.investigations()


def test_words_arrive_as_they_were_typed(room: Room) -> None:
    room.command("p95 > 2s & rising in #incidents, says @Ben Okafor")

    assert room.reported().incident.text == "p95 > 2s & rising in #incidents, says @ben.okafor"


@pytest.mark.parametrize("text", ["", "help", "HELP", "  help  "])
def test_runbook_says_what_it_can_do(room: Room, text: str) -> None:
    assert room.command(text, "runbook")["acknowledged"]

    (answer,) = room.shown()
    assert answer["text"].startswith("Ask me with /investigate")
    for way in (
        "/investigate checkout is slow",
        "@Runbook checkout is slow",
        "Investigate this",
        "/runbook status",
    ):
        assert way in str(answer["blocks"])


@pytest.mark.parametrize(
    "nonsense",
    [
        "approve everything",
        "stop",
        "statuss",
        "rm -rf /",
        "<!channel> *hello* `x`",
        "investigat" * 700,
        "⚡\u202e\u0000",
    ],
)
def test_nonsense_gets_help_and_starts_nothing(room: Room, nonsense: str) -> None:
    assert room.command(nonsense, "runbook")["acknowledged"]

    (answer,) = room.shown()
    assert answer["text"].startswith("There is no `/runbook ")
    assert "<!channel>" not in str(answer)
    assert "/investigate checkout is slow" in str(answer["blocks"])
    never(room.investigations, 0.2)


def test_nonsense_can_call_nobody(app: App, room: Room) -> None:
    body = command_body(room, "&lt;!channel&gt; *now*", "/runbook")

    answer = str(app.dispatch(BoltRequest(body=body, mode="socket_mode")).body)

    assert "There is no" in answer
    assert "<!channel>" not in answer


def test_command_of_enormous_length_is_cut(room: Room) -> None:
    room.command("checkout is slow " * 5000)

    assert len(room.reported().incident.text) == 4000


def test_web_api_calls_of_a_command_where_we_are_a_member(room: Room, slack_line: Wire) -> None:
    """One question, and no more that could be slow."""
    before = len(slack_line.seen)

    room.command("checkout is slow")

    assert slack_line.seen[before:] == ["/api/conversations.info"]


def test_burst_of_commands_is_taken_whole(app: App, open_room: Callable[..., Room]) -> None:
    rooms = [open_room().joined() for _ in range(4)]
    bodies = [command_body(rooms[n % 4], f"service {n} is slow") for n in range(40)]
    times: list[float] = []

    def give(body: dict[str, Any]) -> int:
        began = time.monotonic()
        answer = hand(app, body)
        times.append(time.monotonic() - began)
        return answer

    with ThreadPoolExecutor(10) as pool:  # as many as Socket Mode works on at once
        answers = list(pool.map(give, bodies))

    cuts = quantiles(times, n=100)
    print(f"40 commands: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms")
    assert answers == [200] * 40
    assert sum(len(room.investigations()) for room in rooms) == 40
    assert max(times) < 3
