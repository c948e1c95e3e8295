"""*Roll back* on the card of a change that was made: a member's wish, once, for a worker to ask about."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.asking import Asked, click_of
from tests.bot.listeners.conftest import Room, hand
from tests.faults.waiting import eventually
from tests.workers.ledger import samples
from workers import wiring
from workers.domain.approval import ApprovalState
from workers.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    ChangeIntended,
    ChangeMade,
    RemedyWithheld,
    RollbackAsked,
    Verified,
)
from workers.thread.posts import posts


class Made(Asked):
    """A change that was made and looked at."""

    def __init__(self, room: Room, **how: Any) -> None:
        super().__init__(room, **how)
        at, key = wiring.now(), self.approval.id
        self.ledger.record(
            self.investigation,
            ApprovalDecided(at=at, approval=key, state=ApprovalState.APPROVED),
            ChangeIntended(at=at, approval=key, call=self.approval.call),
            ChangeMade(at=at, approval=key, state={}),
            Verified(at=at, approval=key, recovered=True, finding="checkout is well"),
            render=posts,
        )

    def card(self) -> dict[str, Any]:
        """Its card, once all has been said."""

        def posted() -> dict[str, Any] | None:
            self.room.deliver()
            return next((m for m in self.room.messages() if m["text"].startswith("Recovered: Run")), None)

        return eventually(posted)

    def press(self, person: str) -> dict[str, Any]:
        return self.room.press("rollback", person, self.card()["ts"], "way-back")

    def wishes(self) -> list[RollbackAsked]:
        return [e for e in self.ledger.journal(self.investigation) if isinstance(e, RollbackAsked)]


@pytest.fixture
def change(room: Room) -> Made:
    return Made(room)


def test_wish_is_written_down_once_and_queued(change: Made) -> None:
    assert "Roll back" in str(change.card()["blocks"])

    assert change.press("carol")["acknowledged"]

    (wish,) = change.wishes()
    assert (wish.approval, wish.person.id) == (change.approval.id, "U0CAROLDIAZ")
    assert change.investigation in change.queue.queued("investigate")
    eventually(lambda: "<@U0CAROLDIAZ> asked to take it back." in str(change.card()["blocks"]))
    assert "way-back" not in str(change.card()["blocks"])
    assert change.ledger.load(change.investigation).phase == "concluded"
    assert change.approval.id in [r["approval"] for r in change.ledger.audited("RollbackAsked")]


def test_second_wish_is_told_so_until_the_way_back_was_refused(app: App, change: Made) -> None:
    back = click_of(change, "U0CAROLDIAZ", samples.TEAM, "rollback")
    hand(app, back)
    hand(app, back)
    assert len(change.wishes()) == 1

    undo = samples.approval(change.investigation, undoes=change.approval.id)
    change.ledger.record(change.investigation, ApprovalRequested(at=wiring.now(), approval=undo))
    hand(app, back)
    assert len(change.wishes()) == 1
    change.room.told("This has been asked for already.", "carol")

    rejected = ApprovalDecided(at=wiring.now(), approval=undo.id, state=ApprovalState.REJECTED)
    change.ledger.record(change.investigation, rejected, render=posts)
    eventually(lambda: "way-back" in str(change.card()["blocks"]))
    assert change.press("carol")["acknowledged"]
    assert len(change.wishes()) == 2


def test_way_back_that_could_not_be_read_is_said_on_the_card_and_can_be_asked_for_again(
    change: Made,
) -> None:
    change.press("carol")
    call, key = change.approval.call, change.approval.id
    denied = RemedyWithheld(
        at=wiring.now(), title="taking it back", call=call, why="ecs:DescribeServices is denied", undoes=key
    )

    change.ledger.record(change.investigation, denied, render=posts)

    eventually(lambda: "ecs:DescribeServices is denied. It can be" in str(change.card()["blocks"]))
    assert change.ledger.load(change.investigation).phase == "done"
    live = next(m for m in change.room.messages() if "checkout is slow" in str(m.get("blocks")))
    assert "Could not finish" not in str(live)
    assert change.press("carol")["acknowledged"]
    assert len(change.wishes()) == 2
    eventually(lambda: "It can be pressed again" not in str(change.card()["blocks"]))


def test_who_would_be_missing_among_the_approvers_is_told_to_let_others_ask(
    app: App, desk: Desk, change: Made
) -> None:
    alone = build(
        app.client, replace(desk, policy=desk.policy.model_copy(update={"approvers": ("U0BENOKAFOR",)}))
    )

    hand(alone, click_of(change, "U0BENOKAFOR", samples.TEAM, "rollback"))
    assert change.wishes() == []
    change.room.told("Let somebody else press it.", "ben")

    hand(alone, click_of(change, "U0CAROLDIAZ", samples.TEAM, "rollback"))
    assert len(change.wishes()) == 1


@pytest.mark.parametrize(
    ("person", "team"),
    [("U0DANPRICE1", samples.TEAM), ("U0CWALARMS1", samples.TEAM), ("U0BENOKAFOR", "T0OTHER")],
    ids=["guest", "bot", "other workspace"],
)
def test_wish_of_anybody_who_is_no_full_member_counts_for_nothing(
    app: App, change: Made, person: str, team: str
) -> None:
    hand(app, click_of(change, person, team, "rollback"))

    assert change.wishes() == []


@pytest.mark.parametrize("how", ["never made", "no way back", "unknown"])
def test_only_a_change_that_was_made_and_has_a_way_back_is_taken_back(
    app: App, open_room: Callable[..., Room], how: str
) -> None:
    room = open_room().joined()
    change = Asked(room) if how == "never made" else Made(room, rollback=None, no_rollback="It is gone.")
    click = click_of(change, "U0CAROLDIAZ", samples.TEAM, "rollback")
    if how == "unknown":
        click["actions"][0]["value"] = "nobody"

    hand(app, click)

    kinds = [event.type for event in change.ledger.journal(change.investigation)]
    assert "RollbackAsked" not in kinds
    room.told("It is gone." if how == "no way back" else "There is no such change.", "carol")
