"""Who may decide where user groups and rotas are named, and who may alone."""

from dataclasses import replace

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.asking import Asked, click_of, submission_of, with_approvers
from tests.bot.listeners.conftest import Room, hand
from tests.workers.ledger import samples
from workers import wiring
from workers.domain.approval import ApprovalState as S


@pytest.fixture
def asked(room: Room) -> Asked:
    return Asked(room)


def test_member_of_a_group_decides_once_it_is_known_who_is_in_it(app: App, desk: Desk, asked: Asked) -> None:
    grouped = build(app.client, with_approvers(desk, "S0APPROVERS"))

    hand(grouped, click_of(asked, "U0BENOKAFOR", samples.TEAM))
    assert asked.now.state is S.PENDING
    assert "could not be looked up for some minutes" in asked.refusals()[0]["why"]
    asked.ledger.enrol("S0APPROVERS", frozenset({"U0BENOKAFOR"}), wiring.now())
    hand(grouped, click_of(asked, "U0BENOKAFOR", samples.TEAM))

    assert asked.now.state is S.APPROVED


def test_who_is_on_call_approves_alone_by_typing_what_is_changed(app: App, desk: Desk, room: Room) -> None:
    asked = Asked(room, solo=True)
    rules = {"approvers": ("U0ALICECHEN",), "solo": True, "rotas": frozenset({"on-call"})}
    solo = build(app.client, replace(desk, policy=desk.policy.model_copy(update=rules)))
    asked.ledger.enrol("on-call", frozenset({"U0ALICECHEN"}), wiring.now())
    words = {"shop": S.PENDING, "checkout": S.APPROVED}

    hand(solo, click_of(asked, "U0ALICECHEN", samples.TEAM))
    assert asked.now.votes == ()
    for word, state in words.items():
        hand(solo, submission_of(asked, "U0ALICECHEN", word))
        assert asked.now.state is state


def test_who_is_on_call_alone_is_told_so_while_somebody_else_is(app: App, desk: Desk, room: Room) -> None:
    asked = Asked(room, solo=True)
    rules = {"approvers": ("U0ALICECHEN",), "solo": True, "rotas": frozenset({"on-call"})}
    solo = build(app.client, replace(desk, policy=desk.policy.model_copy(update=rules)))
    asked.ledger.enrol("on-call", frozenset({"U0BENOKAFOR"}), wiring.now())

    hand(solo, submission_of(asked, "U0ALICECHEN", "checkout"))

    assert asked.now.votes == ()
    assert "You asked for this investigation" in asked.refusals()[0]["why"]
