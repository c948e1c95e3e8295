"""Mentions: what is accepted, once, and what is said where there is nothing to accept."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, event_body, hand
from tests.faults.plant import Plant
from tests.faults.waiting import eventually, never
from tests.workers import making
from workers import wiring
from workers.domain.event import Answered, Concluded, Stopped
from workers.domain.incident import Person
from workers.domain.question import Question
from workers.thread.posts import posts

OURS = "@Runbook"


def test_mention_is_written_down_and_queued(room: Room, office: Plant) -> None:
    ts = room.say(f"{OURS} checkout is slow since the deployment")

    incident = room.reported().incident

    assert incident.text == "checkout is slow since the deployment"
    assert incident.requester == Person(id=room.slack.people["alice"], team=room.slack.ready["team_id"])
    assert (incident.source, incident.thread.channel, incident.thread.ts) == ("mention", room.id, ts)
    eventually(lambda: room.investigation() in office.queue.queued("investigate"))
    eventually(lambda: room.investigation() in office.queue.queued("deliver"))


def test_a_question_is_told_from_a_report_and_answered_in_one_message(room: Room) -> None:
    root = room.say(f"{OURS} what changed in the last hour?")
    incident = room.reported().incident

    assert incident.question == Question(topic="changed")
    said = Answered(at=wiring.now(), text="No change is on record for the last 60 minutes.")
    room.ledger.record(room.investigation(), said, render=posts)
    room.deliver()

    answer = eventually(
        lambda: next((m for m in room.messages() if "No change is on record" in m["text"]), None)
    )
    assert answer["thread_ts"] == root
    assert len([m for m in room.messages() if m.get("thread_ts") == root and m["ts"] != root]) == 1


def test_mention_inside_a_thread_is_answered_in_it(room: Room) -> None:
    root = room.say("does somebody else see this?")

    room.say(f"{OURS} checkout is slow", person="carol", thread_ts=root)

    assert room.reported().incident.thread.ts == root


def test_mention_without_text_gets_usage(room: Room) -> None:
    room.say(OURS)

    assert "Tell me what is wrong" in room.told("Tell me")
    assert room.investigations() == []
    assert room.whispers("carol") == []


def test_what_cannot_be_read_as_a_direction_is_written_down_and_said_so(room: Room) -> None:
    root = room.say(f"{OURS} checkout is slow")
    room.investigation()

    room.say(f"{OURS} and payments too", person="carol", thread_ts=root)

    room.told("I am on it already", "carol")
    assert len(room.investigations()) == 1
    assert [s.text for s in room.steered()] == ["and payments too"]


def test_thread_whose_investigation_is_over_takes_another(room: Room) -> None:
    root = room.say(f"{OURS} checkout is slow")
    over = room.investigation()
    room.ledger.record(over, Stopped(at=wiring.now()))

    room.say(f"{OURS} checkout is slow again", thread_ts=root)

    eventually(lambda: len(room.investigations()) == 2)


def test_thread_whose_investigation_has_concluded_without_a_change_takes_another(room: Room) -> None:
    root = room.say(f"{OURS} checkout is slow")
    done = room.investigation()
    room.ledger.record(done, Concluded(at=wiring.now(), conclusion=making.conclusion()))

    room.say(f"{OURS} look at payments instead", thread_ts=root)

    eventually(lambda: len(room.investigations()) == 2)


def test_stop_in_its_thread_ends_an_investigation(room: Room) -> None:
    root = room.say(f"{OURS} checkout is slow")
    room.investigation()

    room.say(f"{OURS} Stop!", person="carol", thread_ts=root)

    stopped = eventually(lambda: [e for e in room.events() if isinstance(e, Stopped)])
    assert stopped[0].person == Person(id=room.slack.people["carol"], team=room.slack.ready["team_id"])
    room.deliver()
    assert "Stopped" in next(m["text"] for m in room.messages() if m.get("bot_id"))


def test_stop_where_nothing_runs_is_a_request_like_any_other(room: Room) -> None:
    room.say(f"{OURS} stop")

    assert room.reported().incident.text == "stop"


def test_button_stops_an_investigation_once(room: Room) -> None:
    room.say(f"{OURS} checkout is slow")
    room.investigation()
    eventually(lambda: room.deliver() or [m for m in room.messages() if m.get("bot_id")])
    (live,) = [m for m in room.messages() if m.get("bot_id")]

    pressed = [room.press("stop", person, live["ts"], "controls") for person in ("ben", "ben", "carol")]

    assert all(answer["acknowledged"] for answer in pressed)
    assert sum(isinstance(e, Stopped) for e in room.events()) == 1


def test_event_delivered_twice_is_one_request(room: Room) -> None:
    room.slack.act("faults", kind="duplicate", times=2)

    room.say(f"{OURS} checkout is slow")

    room.investigation()
    never(lambda: len(room.investigations()) > 1, 0.5)
    assert room.whispers() == []


def test_event_delivered_four_times_at_once_is_one_request(room: Room, office: Plant) -> None:
    bot = office.bot
    bot.send_signal(signal.SIGSTOP)
    room.say(f"{OURS} checkout is slow")
    for seconds in (
        4,
        4,
        61,
        301,
    ):  # Slack gives up on each delivery, and tries again: at once, +1 min, +5 min
        time.sleep(0.15)
        room.slack.advance(seconds)
    bot.send_signal(signal.SIGCONT)

    room.investigation()
    never(lambda: len(room.investigations()) > 1, 1)
    assert room.whispers() == []


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_redeliveries_in_any_order_are_one_request_and_silent(
    app: App, room: Room, order: tuple[int, ...]
) -> None:
    body = event_body(room, "checkout is slow", event={"thread_ts": room.say("hm")})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda retry: hand(app, body, retry), order))

    assert answers == [200] * 4
    assert len(room.investigations()) == 1
    assert room.whispers() == []


def test_event_is_not_acknowledged_before_it_is_written_down(room: Room, office: Plant) -> None:
    office.sql("ALTER TABLE requests RENAME TO elsewhere")
    try:
        room.say(f"{OURS} checkout is slow")
        room.told("I cannot write your request down")
        assert room.investigations() == []
    finally:
        office.sql("ALTER TABLE elsewhere RENAME TO requests")

    room.slack.advance(4)
    eventually(lambda: room.slack.advance(61) or room.investigations())

    assert room.reported().incident.text == "checkout is slow"
    assert len([w for w in room.whispers() if "cannot write" in w]) == 1


def test_busy_ledger_makes_one_request_of_all_deliveries(room: Room, office: Plant) -> None:
    import sqlite3

    lock = sqlite3.connect(office.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    room.say(f"{OURS} checkout is slow")
    time.sleep(0.3)
    room.slack.advance(4)
    room.slack.advance(61)
    never(room.investigations, 0.5)
    lock.execute("ROLLBACK")
    lock.close()

    room.investigation()
    never(lambda: len(room.investigations()) > 1, 0.5)


def test_request_is_taken_while_redis_is_away(room: Room, office: Plant) -> None:
    office.redis.kill()
    began = time.monotonic()
    try:
        room.say(f"{OURS} checkout is slow")
        room.investigation()
        taken = time.monotonic() - began
        room.told("I have written your request down")
    finally:
        office.redis.start()

    assert taken < 3
    assert room.ledger.forsaken(time.time()) != ()


def test_mention_with_a_redis_that_hangs_is_acknowledged_in_time(app: App, desk: Any, room: Room) -> None:
    from dataclasses import replace

    from bot.app import build
    from tests.faults.redis_server import redis_server
    from workers.queue import Queue

    with redis_server() as deaf:
        queue = Queue(deaf.url, patient=False)
        deaf.freeze()
        hung = build(app.client, replace(desk, queue=queue))
        began = time.monotonic()
        answer = hand(hung, event_body(room, "checkout is slow"))
        taken = time.monotonic() - began
        deaf.thaw()

    assert answer == 200
    assert taken < 2.5
    assert room.investigations()


def test_mention_of_another_workspace_is_dropped(app: App, room: Room) -> None:
    assert hand(app, event_body(room, "checkout is slow", team_id="T0ELSEWHERE")) == 200

    assert room.investigations() == []


def test_mention_by_a_bot_is_dropped(app: App, room: Room) -> None:
    for bot in ({"bot_id": "B0OTHER"}, {"user": "", "bot_id": "B0OTHER"}):
        assert hand(app, event_body(room, "checkout is slow", event=bot)) == 200

    assert room.investigations() == []


def test_burst_of_mentions_is_taken_whole(app: App, open_room: Callable[..., Room]) -> None:
    rooms = [open_room().joined() for _ in range(4)]
    bodies = [event_body(rooms[n % 4], f"service {n} is slow") for n in range(40)]
    times: list[float] = []
    lock = threading.Lock()

    def give(body: dict[str, Any]) -> int:
        began = time.monotonic()
        answer = hand(app, body)
        with lock:
            times.append(time.monotonic() - began)
        return answer

    with ThreadPoolExecutor(10) as pool:  # as many as Socket Mode works on at once
        answers = list(pool.map(give, bodies))

    cuts = quantiles(times, n=100)
    print(f"40 mentions: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms")
    assert answers == [200] * 40
    assert sum(len(room.investigations()) for room in rooms) == 40
    assert max(times) < 3
