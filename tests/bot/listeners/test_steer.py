"""Directions in the thread of a running investigation: read, written down once with a name, and answered."""

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, event_body, hand
from tests.faults.waiting import eventually, never
from tests.workers import making
from workers import wiring
from workers.domain.event import ApprovalRequested, Concluded, HypothesisFormed, HypothesisPruned

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
