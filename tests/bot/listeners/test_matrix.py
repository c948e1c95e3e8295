"""Everybody who may press, at everything there is to press: only who may gets anywhere, with an audit."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from bot.people import People
from bot.rooms import Rooms
from tests.bot.listeners.asking import Asked, click_of, submission_of
from tests.bot.listeners.conftest import Room, hand
from tests.bot.listeners.test_command import command_body
from tests.bot.listeners.test_narrow import narrowed_to, scaled
from tests.bot.listeners.test_rollback import Made
from tests.faults.plant import Plant
from tests.workers.ledger import samples
from workers.domain.approval import ApprovalState as S
from workers.domain.event import NameAsked
from workers.domain.naming import Candidate
from workers.domain.risk import Risk

APPROVERS = ("U0BENOKAFOR", "U0CAROLDIAZ", "U0ALICECHEN", "U0DANPRICE1", "U0CWALARMS1")
"""Requester, guest and bot are named, as mistakes go."""


class Clicker(NamedTuple):
    """Somebody who presses; in a channel `shared` with another workspace, or `deactivated` meanwhile."""

    id: str
    team: str = samples.TEAM
    named: tuple[str, ...] = APPROVERS
    twice: bool = False
    shared: bool = False
    deactivated: str = ""


CLICKERS = {
    "approver": Clicker("U0BENOKAFOR"),
    "second approver": Clicker("U0CAROLDIAZ"),
    "requester": Clicker("U0ALICECHEN"),
    "same person twice": Clicker("U0BENOKAFOR", twice=True),
    "bystander": Clicker("U0CAROLDIAZ", named=("U0BENOKAFOR", "U0DANPRICE1")),
    "guest": Clicker("U0DANPRICE1"),
    "other workspace": Clicker("U0BENOKAFOR", team="T0ELSEWHERE"),
    "shared channel": Clicker("U0BENOKAFOR", shared=True),
    "bot": Clicker("U0CWALARMS1"),
    "deactivated user": Clicker("U0BENOKAFOR", deactivated="ben"),
}


class Entry(NamedTuple):
    """Something to press: what is there before, the payload, and how often it has had its effect."""

    scene: Callable[[Room], Any]
    payload: Callable[[Any, Clicker], dict[str, Any]]
    effects: Callable[[Any], int]
    may: frozenset[str]


def critical(room: Room) -> Asked:
    return Asked(room, word="checkout", quorum=2, risk=Risk.CRITICAL)


class Investigated:
    """An investigation that goes on."""

    def __init__(self, room: Room) -> None:
        self.room, self.ledger = room, room.ledger
        self.investigation = room.ledger.accept(
            samples.incident().model_copy(update={"thread": place(room)}),
            (f"matrix-{next(_numbers)}",),
            samples.now(),
        ).id


_numbers = count(1)


def place(room: Room) -> Any:
    return samples.incident().thread.model_copy(update={"channel": room.id})


def stop_of(scene: Investigated, who: Clicker) -> dict[str, Any]:
    action = {"type": "button", "action_id": "stop", "block_id": "controls", "value": scene.investigation}
    return {
        "type": "block_actions",
        "user": {"id": who.id, "team_id": who.team},
        "team": {"id": who.team},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": scene.room.id},
        "actions": [action],
    }


class Unclear(Investigated):
    """An investigation whose report may be about two things."""

    def __init__(self, room: Room) -> None:
        super().__init__(room)
        candidates = tuple(Candidate(name=name, kind="service") for name in ("orders-api", "orders-worker"))
        asked = NameAsked(at=samples.now(), word="orders", candidates=candidates, taken="orders-api")
        self.ledger.record(self.investigation, asked)


def meant_of(scene: Unclear, who: Clicker) -> dict[str, Any]:
    body = stop_of(scene, who)
    named = {"action_id": "meant-1", "block_id": "meant", "value": f"{scene.investigation} orders"}
    return {**body, "actions": [{**body["actions"][0], **named}]}


def pressed(action: str) -> Callable[[Asked, Clicker], dict[str, Any]]:
    return lambda scene, who: click_of(scene, who.id, who.team, action)


def typed(scene: Asked, who: Clicker) -> dict[str, Any]:
    body = submission_of(scene, who.id, "checkout")
    return {**body, "user": {"id": who.id, "team_id": who.team}}


def less(scene: Asked, who: Clicker) -> dict[str, Any]:
    body = narrowed_to(scene, "5", who.id)
    return {**body, "user": {"id": who.id, "team_id": who.team}}


def said(word: str) -> Callable[[Room, Clicker], dict[str, Any]]:
    return lambda room, who: command_body(room, word, "/runbook", user_id=who.id, team_id=who.team)


def votes(scene: Asked) -> int:
    return len(scene.now.votes)


def stopped(room: Room) -> Room:
    room.ledger.stop_changes("U0CAROLDIAZ", "")
    return room


def told(event: str) -> Callable[[Room], int]:
    return lambda room: len(room.ledger.audited(event))


def narrowings(scene: Asked) -> int:
    return sum(len(one.votes) for one in scene.others())


def wishes(scene: Made) -> int:
    return len(scene.wishes())


def names(scene: Unclear) -> int:
    return len(scene.ledger.load(scene.investigation).names)


def stops(scene: Investigated) -> int:
    return sum(event.type == "Stopped" for event in scene.ledger.journal(scene.investigation))


DECIDE = frozenset({"approver", "second approver", "same person twice"})
MEMBERS = DECIDE | {"requester", "bystander"}
ENTRIES = {
    "Approve": Entry(Asked, pressed("approve"), votes, DECIDE),
    "Reject": Entry(Asked, pressed("reject"), votes, DECIDE),
    "typed modal": Entry(critical, typed, votes, DECIDE),
    "narrowing modal": Entry(scaled, less, narrowings, DECIDE),
    "Roll back": Entry(Made, pressed("rollback"), wishes, MEMBERS),
    "Stop": Entry(Investigated, stop_of, stops, MEMBERS),
    "Which one is …?": Entry(Unclear, meant_of, names, MEMBERS),
    "halt": Entry(
        lambda room: room, said("halt"), told("ChangesStopped"), MEMBERS | {"guest", "shared channel"}
    ),
    "resume": Entry(stopped, said("resume"), told("ChangesAllowed"), DECIDE | {"requester"}),
}
AGAIN = frozenset({"halt"})
"""What may be said twice: both are on record."""
NOTHING_LEFT = frozenset({"Stop", "resume", "Which one is …?"})
"""What has no effect the second time, and refuses nobody."""


@pytest.fixture(scope="module")
def rooms(office: Plant) -> dict[bool, Room]:
    """A channel of ours, and one that is shared with another workspace."""
    office.slack.advance(61)
    names = {False: "pressed-at-home", True: "pressed-abroad"}
    return {shared: Room(office, name, is_ext_shared=shared).joined() for shared, name in names.items()}


@pytest.fixture
def calm(office: Plant) -> Iterator[None]:
    """Changes are allowed before and after."""
    office.slack.advance(61)
    office.ledger.allow_changes("test")
    yield
    office.ledger.allow_changes("test")


@contextmanager
def gone(office: Plant, person: str) -> Generator[None]:
    """Somebody's account is deactivated meanwhile."""
    if not person:
        yield
        return
    office.slack.act("people/deactivate", person=person)
    try:
        yield
    finally:
        office.slack.act("people/deactivate", person=person, undo=True)


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("kind", CLICKERS)
def test_only_who_may_gets_anywhere_and_every_refusal_is_on_record(
    app: App, desk: Desk, office: Plant, rooms: dict[bool, Room], kind: str, entry: str
) -> None:
    who, what = CLICKERS[kind], ENTRIES[entry]
    policy = desk.policy.model_copy(update={"approvers": who.named})
    bot = build(app.client, replace(desk, policy=policy, people=People(), rooms=Rooms()))
    scene = what.scene(rooms[who.shared])
    refusals, before = len(refused(desk, who)), what.effects(scene)

    with gone(office, who.deactivated):
        for _ in range(1 + who.twice):
            assert hand(bot, what.payload(scene, who)) == 200

    may = kind in what.may
    again = who.twice and entry in AGAIN
    assert what.effects(scene) - before == may + again
    expected = (not may) + (who.twice and entry not in AGAIN | NOTHING_LEFT)
    assert len(refused(desk, who)) - refusals == expected


def refused(desk: Desk, who: Clicker) -> list[Any]:
    records = (*desk.ledger.audited("VoteRefused"), *desk.ledger.audited("AskRefused"))
    return [record for record in records if record["actor"] == who.id]


def test_nobody_of_the_matrix_moves_an_approval_that_is_decided(app: App, room: Room) -> None:
    asked = Asked(room)
    hand(app, click_of(asked, "U0BENOKAFOR", samples.TEAM))
    assert asked.now.state is S.APPROVED

    for who in CLICKERS.values():
        for body in (pressed("approve"), pressed("reject"), typed, less):
            hand(app, body(asked, who))

    assert (asked.now.state, len(asked.now.votes), asked.decided()) == (S.APPROVED, 1, 1)
