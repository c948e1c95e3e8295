"""`/runbook break-glass`: two of those who are named, for a while; what is hard stays."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.asking import Asked, click_of
from tests.bot.listeners.conftest import Room, hand
from tests.bot.listeners.test_command import command_body
from tests.faults.plant import Plant
from tests.workers.ledger import samples
from workers.domain.approval import ApprovalState as S
from workers.ledger.glass import Glass
from workers.safety.policy import Freeze

ALICE, BEN, CAROL, DAN = "U0ALICECHEN", "U0BENOKAFOR", "U0CAROLDIAZ", "U0DANPRICE1"
FROZEN = Freeze(why="quarter end", days=frozenset(range(7)))
Say = Callable[..., None]


@pytest.fixture
def strict(app: App, desk: Desk) -> App:
    """All is frozen; Ben, Carol and, as mistakes go, a guest are named."""
    rules = {"freezes": (FROZEN,), "breakers": frozenset({BEN, CAROL, DAN}), "approvers": (BEN, CAROL)}
    return build(app.client, replace(desk, policy=desk.policy.model_copy(update=rules)))


@pytest.fixture
def say(strict: App, room: Room, office: Plant) -> Iterator[Say]:
    def said(who: str, text: str, team: str = samples.TEAM) -> None:
        body = command_body(room, f"break-glass {text}", "/runbook", user_id=who, team_id=team)
        assert hand(strict, body) == 200

    yield said
    office.ledger.note({"event": "BreakGlassEnded", "actor": "test"})


def glass(room: Room) -> Glass | None:
    return room.ledger.glass(samples.now())


def test_two_who_are_named_lift_a_freeze_and_the_card_shows_it(say: Say, strict: App, room: Room) -> None:
    asked = Asked(room)
    asked.card()
    hand(strict, click_of(asked, BEN, samples.TEAM))
    assert asked.now.state is S.PENDING

    say(BEN, "payments are down")
    hand(strict, click_of(asked, BEN, samples.TEAM))
    assert asked.now.state is S.PENDING
    say(CAROL, "confirm")

    asked.room.deliver()
    assert "*break-glass* by <@U0BENOKAFOR> and <@U0CAROLDIAZ> until" in str(asked.card()["blocks"])
    room.command("status", "runbook", "alice")
    assert "*Break-glass* by <@U0BENOKAFOR> and <@U0CAROLDIAZ>" in str(room.shown("alice")[-1]["blocks"])
    hand(strict, click_of(asked, BEN, samples.TEAM))
    assert asked.now.state is S.APPROVED


def test_nobody_approves_more_by_it(say: Say, strict: App, room: Room) -> None:
    asked, halted = Asked(room), Asked(room)
    say(BEN, "payments are down")
    say(CAROL, "confirm")

    for person in (ALICE, DAN):
        hand(strict, click_of(asked, person, samples.TEAM))
    room.ledger.stop_changes(CAROL, "")
    hand(strict, click_of(halted, BEN, samples.TEAM))
    room.ledger.allow_changes(BEN)

    assert (asked.now.votes, halted.now.votes) == ((), ())


@pytest.mark.parametrize(
    ("first", "second", "team"),
    [
        (BEN, BEN, samples.TEAM),
        (BEN, ALICE, samples.TEAM),
        (BEN, DAN, samples.TEAM),
        (BEN, CAROL, "T0ELSEWHERE"),
        (ALICE, CAROL, samples.TEAM),
        (DAN, CAROL, samples.TEAM),
    ],
    ids=["the same", "not named", "guest", "other workspace", "asked by one not named", "asked by a guest"],
)
def test_it_takes_two_different_people_who_are_named_and_members(
    say: Say, room: Room, first: str, second: str, team: str
) -> None:
    before = len(room.ledger.audited("VoteRefused"))

    say(first, "payments are down")
    say(second, "confirm", team)

    found = glass(room)
    assert found is None or found.until is None
    assert len(room.ledger.audited("VoteRefused")) > before


def test_it_is_ended_by_any_of_them_and_not_prolonged_while_it_holds(say: Say, room: Room) -> None:
    say(BEN, "payments are down")
    say(CAROL, "confirm")
    before = glass(room)
    assert before is not None

    say(BEN, "and still are")
    say(CAROL, "confirm")
    assert glass(room) == before
    say(ALICE, "end")
    assert glass(room) == before
    say(BEN, "end")

    assert glass(room) is None


def test_without_people_there_is_none(app: App, room: Room) -> None:
    for who, text in ((BEN, "payments are down"), (CAROL, "confirm")):
        hand(app, command_body(room, f"break-glass {text}", "/runbook", user_id=who))

    assert glass(room) is None
