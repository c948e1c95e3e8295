"""*Which one is orders?* in the local Slack: a click says it, once, steers what runs, and is remembered."""

from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Message, Room, hand
from tests.faults.waiting import eventually
from tests.workers import making
from workers import wiring
from workers.domain.event import Concluded, NameAsked, NameSettled
from workers.domain.incident import Thread
from workers.domain.naming import Candidate
from workers.thread.posts import posts

THINGS = ("orders-api", "orders-worker", "orders-batch", "orders-cron", "orders-web")


class Asked:
    """An investigation that asks which of five things "orders" is."""

    def __init__(self, room: Room) -> None:
        self.room, self.ledger = room, room.ledger
        room.say("@Runbook orders is slow")
        self.id = room.investigation()
        candidates = tuple(Candidate(name=name, kind="service", place="prod") for name in THINGS)
        asked = NameAsked(at=wiring.now(), word="orders", candidates=candidates, taken="orders-api")
        self.ledger.record(self.id, asked, render=posts)

    def card(self, words: str = "Which one is orders") -> Message:
        def posted() -> Message | None:
            self.room.deliver()
            return next((m for m in self.room.messages() if words in m["text"]), None)

        return eventually(posted)

    def press(self, action: str, person: str = "carol") -> dict[str, Any]:
        return self.room.press(action, person, self.card()["ts"], "meant")

    def settled(self) -> list[NameSettled]:
        return [event for event in self.room.events() if isinstance(event, NameSettled)]


@pytest.fixture
def asked(room: Room) -> Asked:
    return Asked(room)


def test_question_has_a_button_for_each_thing_and_one_for_none(asked: Asked) -> None:
    card = asked.card()

    (buttons,) = [block["elements"] for block in card["blocks"] if block["type"] == "actions"]
    assert [one["text"]["text"] for one in buttons] == [*THINGS, "None of these"]
    assert "I go on with `orders-api` until somebody says." in str(card["blocks"])


def test_answer_steers_is_shown_in_the_place_of_the_question_and_remembered(asked: Asked) -> None:
    root = asked.card()["ts"]

    assert asked.press("meant-1")["acknowledged"]

    (settled,) = asked.settled()
    assert (settled.name, settled.person.id) == ("orders-worker", asked.room.slack.people["carol"])
    assert [said.text for said in asked.room.steered()] == ["look at orders-worker"]
    answered = asked.card("Orders is orders-worker")
    assert (answered["ts"], [b["type"] for b in answered["blocks"]]) == (root, ["section", "context"])
    known = asked.ledger.meant(Thread(team=settled.person.team, channel="C0ELSEWHERE"), "orders")
    assert known is not None
    assert (known.name, known.person, known.channel) == ("orders-worker", settled.person.id, asked.room.id)
    assert "orders-worker" in [r["name"] for r in asked.ledger.audited("NameSettled")]


def test_none_of_these_is_written_down_and_not_remembered(asked: Asked) -> None:
    asked.ledger.forget("orders", "test")

    asked.press("meant-none")

    assert [settled.name for settled in asked.settled()] == [""]
    assert asked.room.steered() == []
    assert asked.ledger.names() == ()
    assert asked.card("Orders is none of what I asked")


def test_who_comes_second_is_told_so(app: App, asked: Asked) -> None:
    asked.press("meant-1")

    assert hand(app, click(asked, "meant-0")) == 200

    asked.room.told("Somebody has said so already.")
    assert [settled.name for settled in asked.settled()] == ["orders-worker"]


def test_answer_after_the_end_is_remembered_and_steers_nothing(asked: Asked) -> None:
    asked.ledger.record(asked.id, Concluded(at=wiring.now(), conclusion=making.conclusion()))

    asked.press("meant-2")

    assert [settled.name for settled in asked.settled()] == ["orders-batch"]
    assert asked.room.steered() == []


@pytest.mark.parametrize(
    ("action", "word"),
    [("meant-5", "orders"), ("meant-x", "orders"), ("meant-0", "checkout"), ("meant-0", "")],
)
def test_button_that_was_never_shown_says_nothing(app: App, asked: Asked, action: str, word: str) -> None:
    assert hand(app, click(asked, action, word)) == 200

    asked.room.told("There is no such question any more.")
    assert asked.settled() == []


def click(asked: Asked, action: str, word: str = "orders") -> dict[str, Any]:
    people, team = asked.room.slack.people, asked.room.slack.ready["team_id"]
    pressed = {"type": "button", "action_id": action, "block_id": "meant", "value": f"{asked.id} {word}"}
    return {
        "type": "block_actions",
        "user": {"id": people["alice"], "team_id": team},
        "team": {"id": team},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": asked.room.id},
        "actions": [pressed],
    }
