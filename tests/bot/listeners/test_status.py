"""`/runbook status`: what goes on, to whom it may be shown, and whether every part is alive."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt import App, BoltRequest

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.asking import Asked
from tests.bot.listeners.conftest import Message, Room, without, without_redis
from tests.bot.listeners.test_command import command_body
from tests.faults.plant import Plant
from tests.faults.waiting import eventually
from workers import wiring
from workers.domain.event import Stopped

BEATS = ("worker", "quick", "clock", "executor")


@pytest.fixture(autouse=True)
def nothing_else_runs(office: Plant) -> None:
    """What other tests have left is over."""
    office.sql("UPDATE investigations SET wanted = 0")
    office.sql("UPDATE approvals SET state = 'expired', wanted = 0")


def status(room: Room, person: str = "alice") -> Message:
    assert room.command("status", "runbook", person)["acknowledged"]
    return room.shown(person)[-1]


def answered(app: App, body: dict[str, Any]) -> Message:
    """What an app of this process, which has just started, acknowledges with."""
    return json.loads(app.dispatch(BoltRequest(body=body, mode="socket_mode")).body)


def lines(answer: Message) -> list[str]:
    return [b["text"]["text"] for b in answer["blocks"] if b["type"] == "section"][1:]


def parts(answer: Message) -> str:
    return answer["blocks"][-1]["elements"][0]["text"]


def test_nothing_runs_and_everything_is_alive(room: Room, office: Plant) -> None:
    for process in BEATS:
        office.queue.beat(process)

    answer = status(room)

    assert answer["text"] == "No investigation is running. All my parts answer."
    assert parts(answer) == (
        "bot answers · workers answers · quick worker answers · clock answers · executor answers · "
        "queue answers · ledger answers"
    )
    assert lines(answer) == []


def test_running_investigation_is_named_with_its_phase_and_a_link(room: Room) -> None:
    root = room.say("@Runbook checkout is *slow*")
    case = room.ledger.load(room.investigation())

    (line,) = lines(status(room))

    assert "checkout is" in line
    assert "Waiting for a free worker" in line
    assert f"<!date^{int(case.started_at.timestamp())}^" in line
    assert f"<{room.link(root)}|Open the thread>" in line


def test_investigation_without_a_thread_yet_is_named_without_a_link(room: Room) -> None:
    room.command("checkout is slow")
    room.investigation()

    (before,) = lines(status(room))
    room.deliver()
    (after,) = lines(status(room))

    assert "Open the thread" not in before
    root = next(m["ts"] for m in room.messages() if m.get("bot_id"))
    assert room.link(root) in after


def test_change_that_waits_for_a_decision_goes_on(room: Room) -> None:
    asked = Asked(room)

    answer = status(room)
    asked.click("ben", "reject")

    assert answer["text"].startswith("1 investigation is running.")
    assert "Waiting for approval" in lines(answer)[0]


def test_what_is_over_is_not_running(room: Room) -> None:
    room.say("@Runbook checkout is slow")
    room.ledger.record(room.investigation(), Stopped(at=wiring.now()))

    assert status(room)["text"].startswith("No investigation is running.")


def test_investigations_of_private_channels_are_counted_elsewhere_and_named_at_home(
    room: Room, open_room: Callable[..., Room]
) -> None:
    secret = open_room(is_private=True)
    secret.invite()
    secret.command("the merger leaks")
    secret.investigation()

    elsewhere, home = status(room), status(secret)

    assert elsewhere["text"].startswith("1 investigation is running.")
    assert "merger" not in str(elsewhere)
    assert secret.id not in str(elsewhere)
    assert "merger" in lines(home)[0]


def test_guest_sees_only_what_runs_in_the_same_channel(room: Room, open_room: Callable[..., Room]) -> None:
    other = open_room().joined()
    room.say("@Runbook checkout is slow")
    other.say("@Runbook payments is slow")
    room.investigation()
    other.investigation()

    member, guest = status(room, "carol"), status(room, "dan")

    assert "checkout" in str(member)
    assert "payments" in str(member)
    assert "checkout" in str(guest)
    assert "payments" not in str(guest)


@pytest.mark.parametrize("method", ["conversations.info", "users.info"])
def test_what_slack_does_not_say_in_time_is_not_shown(
    app: App, room: Room, open_room: Callable[..., Room], office: Plant, method: str
) -> None:
    for other in [open_room().joined() for _ in range(5)]:
        other.say("@Runbook payments is slow")
        other.investigation()
    office.slack.act("faults", kind="slow", method=method, seconds=4.0, times=9)
    began = time.monotonic()

    answer = answered(app, command_body(room, "status", "/runbook"))

    assert time.monotonic() - began < 3
    assert "payments" not in str(answer)
    assert answer["text"].startswith("5 investigations are running.")


def test_many_investigations_fit_and_are_answered_in_time(room: Room) -> None:
    for number in range(30):
        room.say(f"@Runbook service {number} is slow, {'very ' * 500}", person="alice")
    eventually(lambda: len(room.investigations()) == 30)
    began = time.monotonic()

    answer = status(room)

    print(f"status of 30 investigations: {(time.monotonic() - began) * 1000:.0f} ms")
    assert time.monotonic() - began < 2
    assert answer["text"].startswith("30 investigations are running.")
    assert len(lines(answer)) == 8
    assert "and 22 more" in str(answer["blocks"])


def test_parts_that_do_not_beat_are_named(room: Room, office: Plant) -> None:
    office.redis.wipe()
    office.queue.beat("worker")

    answer = status(room)

    assert answer["text"].endswith("No sign of life from: quick worker, clock, executor.")
    assert "workers answers · quick worker does not answer" in parts(answer)


def test_status_without_redis_says_what_it_can(room: Room, office: Plant) -> None:
    room.say("@Runbook checkout is slow")
    room.investigation()

    with without_redis(office):
        answer = status(room)

    assert "checkout is slow" in lines(answer)[0]
    assert "queue does not answer" in parts(answer)
    assert "workers cannot be asked" in parts(answer)
    assert "ledger answers" in parts(answer)


def test_status_without_the_ledger_says_what_it_can(room: Room, office: Plant) -> None:
    with without(office, "approvals"):
        answer = status(room)

    assert answer["text"].startswith("What is running cannot be said while the ledger does not answer.")
    assert "ledger does not answer" in parts(answer)
    assert "queue answers" in parts(answer)


def test_data_in_a_subject_stays_data(room: Room) -> None:
    room.command("<!channel> `x` *y* <https://evil.example|click>")
    room.investigation()

    (line,) = lines(status(room))

    assert "<!channel>" not in line
    assert "<https://evil" not in line


def test_executor_that_is_switched_off_is_not_missed(app: App, desk: Desk, room: Room) -> None:
    still = build(app.client, replace(desk, changes=False))
    body = command_body(room, "status", "/runbook")

    answer = answered(still, body)

    assert "executor" not in str(answer)
    assert "workers" in str(answer)
