"""Who may decide on a change, by clicks on its card: the approver, once; everybody else is told why not."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.asking import Asked, click_of, with_approvers
from tests.bot.listeners.conftest import Room, hand
from tests.faults.plant import Plant
from tests.faults.waiting import eventually
from tests.faults.wire import Wire
from tests.workers.ledger import samples
from workers.domain.approval import ApprovalState
from workers.domain.risk import Risk
from workers.safety.policy import Freeze

S = ApprovalState


@pytest.fixture
def asked(room: Room) -> Asked:
    return Asked(room)


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("alice", "You asked for this investigation, so somebody else has to approve"),
        ("carol", "You are not an approver here. Those who are: <@U0BENOKAFOR>"),
        ("dan", "Only full members of this workspace decide"),
        ("alarms", "Only full members of this workspace decide"),
    ],
    ids=["requester", "bystander", "guest", "bot"],
)
def test_click_of_anybody_else_counts_for_nothing_and_they_are_told_why(
    asked: Asked, person: str, why: str, decision: str
) -> None:
    answer = asked.click(person, decision)

    assert answer["acknowledged"]
    assert asked.now.state is S.PENDING
    assert asked.now.votes == ()
    (refusal,) = asked.refusals()
    assert (refusal["decision"], why in refusal["why"]) == (decision, True)
    assert asked.queue.queued("execute").isdisjoint({asked.approval.id})
    if person != "alarms":  # nobody reads what a bot is told
        asked.room.told(why, person)
        others = {"alice", "ben", "carol", "dan"} - {person}
        assert not any(why in whisper for other in others for whisper in asked.room.whispers(other))


@pytest.mark.parametrize(
    ("user", "counts"),
    [
        ({"deleted": True}, False),
        ({"is_stranger": True}, False),
        ({"is_ultra_restricted": True}, False),
        ({"is_restricted": False, "is_bot": False}, True),
    ],
    ids=["deactivated", "stranger", "single-channel guest", "member"],
)
def test_named_approver_has_to_be_a_full_member_still(
    asked: Asked, slack_line: Wire, user: dict[str, bool], counts: bool
) -> None:

    known = {"id": "U0BENOKAFOR", "team_id": samples.TEAM}
    forged = json.dumps({"ok": True, "user": {**known, **user}}).encode()
    card = asked.card()
    slack_line.gate("/api/users.info", answer=(200, forged))

    asked.room.press("approve", "ben", card["ts"], "decision")

    assert (asked.now.state is S.APPROVED) is counts
    assert len(asked.refusals()) == (0 if counts else 1)


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_click_from_another_workspace_counts_for_nothing(app: App, asked: Asked, decision: str) -> None:
    """Even under the id of an approver."""
    assert hand(app, click_of(asked, "U0BENOKAFOR", "T0ELSEWHERE", decision)) == 200

    assert (asked.now.state, asked.now.votes) == (S.PENDING, ())
    (refusal,) = asked.refusals()
    assert refusal["team"] == "T0ELSEWHERE"
    assert "members of this workspace only" in refusal["why"]


def test_click_on_nothing_we_know_is_refused(app: App, asked: Asked) -> None:
    body = click_of(asked, "U0BENOKAFOR", samples.TEAM)
    body["actions"][0]["value"] = "f" * 32

    assert hand(app, body) == 200

    assert any(r["why"] == "I know no such approval." for r in asked.ledger.audited("VoteRefused"))


def test_approver_approves(asked: Asked) -> None:
    assert asked.click("ben")["acknowledged"]

    assert asked.now.state is S.APPROVED
    assert [vote.person for vote in asked.now.votes] == [samples.BEN]
    eventually(lambda: asked.approval.id in asked.queue.queued("execute"))
    eventually(lambda: asked.room.deliver() or "Approved" in str(asked.room.messages()))
    assert "decision" not in str([m for m in asked.room.messages() if m["text"].startswith("Approved")])


def test_approver_rejects(asked: Asked) -> None:
    assert asked.click("ben", "reject")["acknowledged"]

    assert asked.now.state is S.REJECTED
    assert asked.approval.id not in asked.queue.queued("execute")
    eventually(lambda: asked.investigation in asked.queue.queued("investigate"))
    eventually(lambda: asked.room.deliver() or "Rejected" in str(asked.room.messages()))


def test_double_click_and_eight_at_once_are_one_vote(asked: Asked) -> None:
    card = asked.card()

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: asked.room.press("approve", "ben", card["ts"], "decision"), range(8))
        )

    assert all(answer["acknowledged"] for answer in answers)
    assert asked.now.state is S.APPROVED
    assert (len(asked.now.votes), asked.decided()) == (1, 1)


def test_approve_and_reject_at_once_are_one_decision(asked: Asked) -> None:
    card = asked.card()
    decisions = ["approve", "reject"] * 3

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda d: asked.room.press(d, "ben", card["ts"], "decision"), decisions))

    assert asked.now.state in (S.APPROVED, S.REJECTED)
    assert (len(asked.now.votes), asked.decided()) == (1, 1)


def test_late_click_is_told_what_has_been_decided(asked: Asked) -> None:
    card = asked.card()
    asked.room.press("reject", "ben", card["ts"], "decision")

    asked.room.press("approve", "ben", card["ts"], "decision")

    asked.room.told("This is rejected already.", "ben")
    assert asked.now.state is S.REJECTED


def test_click_on_an_expired_card_is_told_so(room: Room) -> None:
    asked = Asked(room, minutes=-1)

    asked.click("ben")

    room.told("This has expired.", "ben")
    assert asked.now.state is S.PENDING


def test_two_approvers_are_needed_where_two_are_asked_for(app: App, desk: Desk, room: Room) -> None:
    asked = Asked(room, quorum=2)
    two = build(app.client, with_approvers(desk, "U0BENOKAFOR", "U0CAROLDIAZ"))

    hand(two, click_of(asked, "U0BENOKAFOR", samples.TEAM))
    assert asked.now.state is S.PENDING
    hand(two, click_of(asked, "U0BENOKAFOR", samples.TEAM))
    assert (asked.now.state, len(asked.now.votes)) == (S.PENDING, 1)

    hand(two, click_of(asked, "U0CAROLDIAZ", samples.TEAM))
    assert asked.now.state is S.APPROVED
    eventually(lambda: asked.approval.id in asked.queue.queued("execute"))


def test_two_approvers_at_once_always_decide(app: App, desk: Desk, open_room: Callable[..., Room]) -> None:
    two = build(app.client, with_approvers(desk, "U0BENOKAFOR", "U0CAROLDIAZ"))
    room = open_room().joined()

    for _ in range(12):
        room.slack.advance(61)
        asked = Asked(room, quorum=2)
        line = threading.Barrier(2)

        def click(person: str, asked: Asked = asked, line: threading.Barrier = line) -> None:
            line.wait(10)
            hand(two, click_of(asked, person, samples.TEAM))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(click, ("U0BENOKAFOR", "U0CAROLDIAZ")))

        assert (asked.now.state, len(asked.now.votes), asked.decided()) == (S.APPROVED, 2, 1)


# Critical changes


CRITICAL: dict[str, Any] = {
    "risk": Risk.CRITICAL,
    "word": "checkout",
    "requester": samples.CAROL,
    "quorum": 2,
}


def test_critical_change_takes_two_people_who_each_type_the_word(room: Room) -> None:
    asked = Asked(room, **CRITICAL)

    asked.click("ben")
    (view,) = eventually(lambda: asked.modal("ben"))
    assert "taskDefinition = checkout:41" in str(view)
    assert asked.now.votes == ()
    refused = asked.type("ben", "checkuot")
    assert "This is not checkout. Nothing was approved." in str(refused)
    assert asked.now.votes == ()
    asked.type("ben", " checkout ")
    assert asked.modal("ben") == []
    assert [(vote.person.id, vote.typed) for vote in asked.now.votes] == [("U0BENOKAFOR", "checkout")]
    assert asked.now.state is S.PENDING

    asked.click("alice")
    asked.type("alice", "checkout")

    assert asked.now.state is S.APPROVED
    eventually(lambda: asked.approval.id in asked.queue.queued("execute"))


def test_word_counts_for_nothing_of_whoever_may_not_approve_any_more(room: Room) -> None:
    asked = Asked(room, **CRITICAL)
    asked.click("ben")
    eventually(lambda: asked.modal("ben"))
    asked.click("alice", "reject")
    assert asked.now.state is S.REJECTED

    asked.type("ben", "checkout")

    room.told("This is rejected already.", "ben")
    assert len(asked.now.votes) == 1
    assert [r["decision"] for r in asked.refusals()] == ["approve"]


def test_bystander_is_not_asked_for_the_word(room: Room) -> None:
    asked = Asked(room, **CRITICAL)

    asked.click("carol")

    room.told("You asked for this investigation", "carol")
    assert asked.modal("carol") == []


def test_who_cannot_be_asked_for_the_word_is_told_to_click_again(room: Room, slack_line: Wire) -> None:
    asked = Asked(room, **CRITICAL)
    card = asked.card()
    slack_line.gate("/api/views.open", answer=(200, b'{"ok": false, "error": "expired_trigger_id"}'))

    assert room.press("approve", "ben", card["ts"], "decision")["acknowledged"]

    room.told("please click again", "ben")
    assert asked.now.votes == ()


# No changes now


def test_nothing_is_approved_while_all_changes_are_stopped(asked: Asked) -> None:
    said = asked.room.command("halt the region is on fire", "runbook", "carol")
    try:
        asked.click("ben")

        assert said["acknowledged"]
        why = "changes were stopped at "
        told = asked.room.told(why, "ben")
        assert "(the region is on fire), by <@U0CAROLDIAZ>. `/runbook resume` allows them again" in told
        asked.room.command("status", "runbook", "ben")
        assert why in str(asked.room.shown("ben")[-1]["blocks"])
        assert asked.now.state is S.PENDING
        asked.room.command("resume", "runbook", "carol")
        asked.room.told("Only approvers allow changes again", "carol")
        assert asked.ledger.stopped() is not None
    finally:
        asked.room.command("resume", "runbook", "ben")

    assert asked.ledger.stopped() is None
    asked.click("ben")
    assert asked.now.state is S.APPROVED


def test_halt_and_resume_are_said_to_everybody_in_the_channel(room: Room) -> None:
    room.command("halt <!channel> *fire*", "runbook")
    room.command("resume", "runbook", "ben")

    texts = [m["text"] for m in room.messages()]
    assert any("stopped all changes (" in text and "<!channel>" not in text for text in texts)
    assert any("allowed changes again" in text for text in texts)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (
            {"freezes": (Freeze(why="quarter end", days=frozenset(range(7))),)},
            "changes are frozen: quarter end",
        ),
        ({"per_hour": 0}, "0 changes were made within the last hour"),
    ],
    ids=["freeze", "limit"],
)
def test_approver_is_told_why_no_change_may_be_made_now_and_may_still_reject(
    app: App, desk: Desk, asked: Asked, rules: dict[str, Any], why: str
) -> None:
    strict = build(app.client, replace(desk, policy=desk.policy.model_copy(update=rules)))

    hand(strict, click_of(asked, "U0BENOKAFOR", samples.TEAM))

    assert asked.now.state is S.PENDING
    told = asked.refusals()[0]["why"]
    assert told.startswith(f"I cannot take an approval now: {why}")
    assert told.endswith("Nothing was changed.")
    hand(strict, click_of(asked, "U0BENOKAFOR", samples.TEAM, "reject"))
    assert asked.now.state is S.REJECTED


def test_one_no_is_enough(app: App, desk: Desk, room: Room) -> None:
    asked = Asked(room, quorum=2)
    two = build(app.client, with_approvers(desk, "U0BENOKAFOR", "U0CAROLDIAZ"))

    hand(two, click_of(asked, "U0BENOKAFOR", samples.TEAM))
    hand(two, click_of(asked, "U0CAROLDIAZ", samples.TEAM, "reject"))

    assert asked.now.state is S.REJECTED


def test_click_counts_while_redis_is_away(asked: Asked, office: Plant) -> None:
    card = asked.card()
    office.redis.kill()
    began = time.monotonic()
    try:
        answer = asked.room.press("approve", "ben", card["ts"], "decision")
    finally:
        office.redis.start()

    assert answer["acknowledged"]
    assert time.monotonic() - began < 3
    assert asked.now.state is S.APPROVED
    assert asked.approval.id in asked.ledger.unmade(time.time())


def test_click_that_cannot_be_written_down_is_not_acknowledged(asked: Asked, office: Plant) -> None:
    card = asked.card()
    office.sql("ALTER TABLE votes RENAME TO elsewhere")
    try:
        answer = asked.room.press("approve", "ben", card["ts"], "decision")
    finally:
        office.sql("ALTER TABLE elsewhere RENAME TO votes")

    assert not answer["acknowledged"]
    assert (asked.now.state, asked.now.votes) == (S.PENDING, ())
    asked.click("ben")
    assert asked.now.state is S.APPROVED


@pytest.mark.parametrize("fault", ["500", "timeout", "error"])
def test_person_who_cannot_be_looked_up_has_no_vote_yet(asked: Asked, fault: str) -> None:
    card = asked.card()
    asked.room.slack.act("faults", kind=fault, method="users.info", error="user_not_found")

    asked.room.press("approve", "ben", card["ts"], "decision")

    assert (asked.now.state, asked.now.votes) == (S.PENDING, ())
    asked.room.press("approve", "ben", card["ts"], "decision")
    assert asked.now.state is S.APPROVED
