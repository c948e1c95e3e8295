"""*Change…*: an approver asks for less than the card does; nobody gets more than was asked for."""

import threading
from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.asking import Asked, sent_off
from tests.bot.listeners.conftest import Room, hand
from tests.workers.domain.test_domain_narrowing import scaling
from workers.domain.approval import ApprovalState as S
from workers.domain.risk import Risk


def scaled(room: Room, **over: Any) -> Asked:
    like = scaling()
    return Asked(room, **{n: getattr(like, n) for n in ("title", "call", "before", "narrow")}, **over)


@pytest.fixture
def asked(room: Room) -> Asked:
    """Nine tasks are asked for where three run."""
    return scaled(room)


def narrowed_to(asked: Asked, value: Any, person: str = "U0BENOKAFOR", word: str = "") -> dict[str, Any]:
    """*Change…* sent off with this value and this word."""
    return sent_off(asked, person, "approve_less", less={"value": value}, word={"typed": word})


def test_less_is_approved_by_who_asks_for_it_and_takes_the_place_of_more(asked: Asked) -> None:
    answer = asked.less("ben", "5")

    assert answer["acknowledged"]
    assert (asked.now.state, asked.now.votes) == (S.SUPERSEDED, ())
    (less,) = asked.others()
    assert (less.state, less.narrows) == (S.APPROVED, asked.approval.id)
    assert less.call.arguments["desiredCount"] == 5
    assert [vote.person.id for vote in less.votes] == ["U0BENOKAFOR"]
    assert less.id in asked.queue.queued("execute")
    assert asked.approval.id not in asked.queue.queued("execute")
    asked.room.deliver()
    texts = str([m.get("blocks") for m in asked.room.messages()])
    assert "Superseded: Run 9 tasks of checkout" in texts
    assert "Approved: Run 5 tasks of checkout" in texts


def test_where_two_people_are_needed_the_first_is_whoever_asked_for_less(room: Room) -> None:
    asked = scaled(room, quorum=2)

    asked.less("ben", "5")

    (less,) = asked.others()
    assert (less.state, len(less.votes)) == (S.PENDING, 1)


@pytest.mark.parametrize("value", ["9", "10", "3", "0", "-5", "5.5", "1e1", "²", "９", "", None, "5" * 400])
def test_what_is_not_less_is_refused_whatever_the_payload_says(app: App, asked: Asked, value: Any) -> None:
    hand(app, narrowed_to(asked, value))

    assert (asked.now.state, asked.others()) == (S.PENDING, [])
    assert asked.refusals()[0]["why"] == "what was sent off is not less"


def test_page_of_slack_refuses_what_is_not_less(asked: Asked) -> None:
    asked.less("ben", "12")

    assert (asked.now.state, asked.others()) == (S.PENDING, [])


@pytest.mark.parametrize("person", ["U0ALICECHEN", "U0CAROLDIAZ", "U0DANPRICE1", "U0CWALARMS1"])
def test_who_may_not_approve_may_not_ask_for_less(app: App, asked: Asked, person: str) -> None:
    hand(app, narrowed_to(asked, "5", person))

    assert (asked.now.state, asked.others()) == (S.PENDING, [])
    assert len(asked.refusals()) == 1


def test_change_that_has_nothing_to_narrow_cannot_be_narrowed(app: App, room: Room) -> None:
    plain = Asked(room)

    hand(app, narrowed_to(plain, "5"))

    assert (plain.now.state, plain.others()) == (S.PENDING, [])
    assert "Change…" not in str(plain.card()["blocks"])


def test_critical_change_is_narrowed_by_who_types_its_name(app: App, room: Room) -> None:
    asked = scaled(room, word="checkout", quorum=2, risk=Risk.CRITICAL)

    hand(app, narrowed_to(asked, "5", word="payments"))
    assert asked.others() == []
    hand(app, narrowed_to(asked, "5", word="checkout"))

    (less,) = asked.others()
    assert [vote.typed for vote in less.votes] == ["checkout"]


def test_of_one_who_approves_and_one_who_narrows_at_once_one_decides(app: App, room: Room) -> None:
    for _ in range(5):
        asked = scaled(room)
        presses = [
            threading.Thread(target=hand, args=(app, narrowed_to(asked, value))) for value in ("5", "6", "7")
        ]
        for press in presses:
            press.start()
        for press in presses:
            press.join()

        assert asked.now.state is S.SUPERSEDED
        assert [one.state for one in asked.others()] == [S.APPROVED]
