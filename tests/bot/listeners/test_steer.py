"""Directions in the thread of a running investigation: read, written down once with a name, and answered."""

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, event_body, hand
from tests.faults.waiting import eventually, never
from tests.workers import making
from workers import wiring
from workers.domain.event import Answered, ApprovalRequested, Concluded, HypothesisFormed, HypothesisPruned
from workers.domain.incident import Incident
from workers.domain.question import Question

OURS = "@Runbook"


@pytest.fixture
def root(room: Room) -> str:
    """The thread of a running investigation."""
    ts = room.say(f"{OURS} checkout is slow")
    room.investigation()
    return ts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("look at redis", "I look at redis among the first"),
        ("ignore the cron job", "I leave cron job aside"),
        ("we rolled back at 10:02 UTC", "that was at 10:02 UTC"),
    ],
)
def test_a_direction_is_written_down_with_its_name_and_acknowledged(
    room: Room, root: str, text: str, told: str
) -> None:
    room.say(f"{OURS} {text}", person="carol", thread_ts=root)

    room.told(told, "carol")
    (said,) = room.steered()
    assert (said.text, said.person.id) == (text, room.slack.people["carol"])
    assert len(room.investigations()) == 1


def test_a_direction_needs_no_mention_where_it_is_plain(room: Room, root: str) -> None:
    room.say("ignore the cron job", person="ben", thread_ts=root)
    room.say("I am making coffee", person="ben", thread_ts=root)
    room.say("why?", person="ben", thread_ts=root)
    room.say("look at redis", person="ben")  # beside the thread, to somebody else

    eventually(lambda: room.steered())
    never(lambda: len(room.steered()) > 1, seconds=0.5)
    assert [said.text for said in room.steered()] == ["ignore the cron job"]


def test_why_is_answered_in_the_thread_with_each_claim(room: Room, root: str) -> None:
    case = room.investigation()
    claim = making.hypothesis("h1")
    room.ledger.record(case, HypothesisFormed(at=wiring.now(), hypothesis=claim))
    reason = "its CPU is as usual"
    room.ledger.record(case, HypothesisPruned(at=wiring.now(), hypothesis="h1", reason=reason))

    room.say(f"{OURS} why?", thread_ts=root)
    eventually(lambda: room.steered())
    room.deliver()

    head = "This is what I have weighed so far"
    answer = eventually(lambda: next((m for m in room.messages() if head in m["text"]), None))
    assert answer["thread_ts"] == root
    assert "Struck out" in str(answer["blocks"])
    assert reason in str(answer["blocks"])


def test_the_same_message_delivered_twice_steers_once(room: Room, app: App) -> None:
    first = event_body(room, "checkout is slow")
    assert hand(app, first) == 200
    second = event_body(room, "look at redis", event={"thread_ts": first["event"]["ts"]})

    assert hand(app, second) == 200
    assert hand(app, second, retry=1) == 200

    assert [said.text for said in room.steered()] == ["look at redis"]


def test_after_the_answer_a_direction_is_written_down_and_said_to_change_nothing(
    room: Room, root: str
) -> None:
    case = room.investigation()
    room.ledger.record(case, Concluded(at=wiring.now(), conclusion=making.conclusion()))
    room.ledger.record(case, ApprovalRequested(at=wiring.now(), approval=making.approval()))

    room.say("ignore the cron job", person="ben", thread_ts=root)
    room.say(f"{OURS} look at redis", person="carol", thread_ts=root)

    room.told("My answer is given already", "carol")
    assert [said.text for said in room.steered()] == ["look at redis"]


def test_why_is_answered_after_the_end_as_well(room: Room, root: str) -> None:
    room.ledger.record(room.investigation(), Concluded(at=wiring.now(), conclusion=making.conclusion()))

    room.say(f"{OURS} why?", thread_ts=root)

    eventually(lambda: room.steered())
    room.deliver()
    answer = eventually(lambda: next((m for m in room.messages() if "what I weighed" in m["text"]), None))
    assert answer["thread_ts"] == root


def test_after_the_answer_a_mention_is_a_new_request(room: Room, root: str) -> None:
    room.ledger.record(room.investigation(), Concluded(at=wiring.now(), conclusion=making.conclusion()))

    room.say(f"{OURS} look at redis", thread_ts=root)

    eventually(lambda: len(room.investigations()) == 2)


# Questions beside an incident


def asked(room: Room, number: int = 2) -> Incident:
    """The latest request, once there are so many."""
    found = eventually(lambda: room.investigations() if len(room.investigations()) == number else None)
    return room.ledger.load(found[-1]).incident


def test_a_question_in_a_running_thread_is_answered_and_no_direction(room: Room, root: str) -> None:
    first = room.investigation()

    room.say(f"{OURS} what changed in the last hour?", person="ben", thread_ts=root)

    incident = asked(room)
    assert incident.question == Question(topic="changed")
    assert incident.thread.ts == root
    assert room.ledger.load(first).seq == 1
    room.say("ignore the cron job", person="ben", thread_ts=root)
    eventually(lambda: room.ledger.load(first).steering)


@pytest.mark.parametrize("text", ["why?", "but why checkout", "how do you know?"])
def test_why_means_the_incident_though_a_question_came_after_it(room: Room, root: str, text: str) -> None:
    first = room.investigation()
    room.ledger.record(first, Concluded(at=wiring.now(), conclusion=making.conclusion()))
    room.say(f"{OURS} what changed?", thread_ts=root)
    asked(room)

    room.say(f"{OURS} {text}", thread_ts=root)

    eventually(lambda: room.ledger.load(first).steering)
    assert len(room.investigations()) == 2


def test_stop_means_the_incident_though_a_question_came_after_it(room: Room, root: str) -> None:
    first = room.investigation()
    room.say(f"{OURS} what changed?", thread_ts=root)
    asked(room)

    room.say(f"{OURS} stop", thread_ts=root)

    eventually(lambda: room.ledger.load(first).phase == "stopped")


@pytest.mark.parametrize("text", ["why?", "why", "and of catalog?", "what about catalog?"])
def test_what_follows_an_answer_is_a_question_about_it(room: Room, text: str) -> None:
    thread = room.say(f"{OURS} what changed?")
    first = room.investigation()
    room.ledger.record(first, Answered(at=wiring.now(), text="No change is on record."))

    room.say(f"{OURS} {text}", thread_ts=thread)

    assert asked(room).question == Question(topic="open")
    assert not room.ledger.load(first).steering
