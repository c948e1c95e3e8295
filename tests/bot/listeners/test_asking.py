"""Who may ask, where and how often: refused in words that help, on record, and nothing is begun."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.conftest import Room, event_body, hand, without_redis
from tests.bot.listeners.test_command import command_body
from tests.bot.listeners.test_shortcut import shortcut_body
from tests.faults.plant import Plant
from tests.faults.waiting import eventually, never
from workers import wiring
from workers.domain.errors import Unreachable
from workers.safety.access import Access, Area, Grant

OURS = "@Runbook"
MEMBERS_ONLY = "I work for full members of this workspace"
SHARED = "People of another workspace are in this channel"
NO_SCOPE = "You may not ask me about our systems here"

Ask = Callable[[Room, str], Any]
_numbers = count(1)


def mention(room: Room, person: str) -> None:
    room.say(f"{OURS} checkout is slow", person=person)


def command(room: Room, person: str) -> None:
    room.command("checkout is slow", person=person)


def question(room: Room, person: str) -> None:
    room.command("ask what changed in the last hour?", "runbook", person=person)


def shortcut(room: Room, person: str) -> None:
    room.shortcut(room.say("checkout is slow", person="ben"), person)


WAYS: tuple[Ask, ...] = (mention, command, question, shortcut)


def refused(room: Room, person: str) -> list[dict[str, Any]]:
    """What the audit has on this person's questions in this room."""
    records = room.ledger.audited("AskRefused")
    return [r for r in records if (r["actor"], r["channel"]) == (room.slack.people[person], room.id)]


@pytest.mark.parametrize("way", WAYS)
def test_guest_may_not_ask(room: Room, way: Ask) -> None:
    way(room, "dan")

    room.told(MEMBERS_ONLY, "dan")
    assert not any("thread_ts" in message for message in room.shown("dan")), "nobody looks there"
    assert room.investigations() == []
    assert MEMBERS_ONLY in refused(room, "dan")[0]["why"]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_said_where_people_of_other_workspaces_are(
    open_room: Callable[..., Room], way: Ask
) -> None:
    room = open_room(is_ext_shared=True).joined()

    way(room, "carol")

    room.told(SHARED, "carol")
    assert room.investigations() == []
    assert SHARED in refused(room, "carol")[0]["why"]


def test_guest_neither_steers_nor_stops(room: Room) -> None:
    root = room.say(f"{OURS} checkout is slow")
    investigation = room.investigation()
    room.deliver()

    room.say("look at redis", person="dan", thread_ts=root)
    room.say(f"{OURS} stop", person="dan", thread_ts=root)
    live = next(m for m in room.messages() if m.get("bot_id"))
    controls = next(b["block_id"] for b in live["blocks"] if b["type"] == "actions")
    room.press("stop", "dan", live["ts"], controls)

    room.told(MEMBERS_ONLY, "dan")
    never(lambda: room.steered() or room.ledger.load(investigation).phase == "stopped", 0.5)
    eventually(lambda: len(refused(room, "dan")) == 3)


def test_incident_channel_with_people_of_other_workspaces_is_left_alone(
    open_room: Callable[..., Room],
) -> None:
    room = open_room(f"inc-shared-{next(_numbers)}", is_ext_shared=True)
    room.alert("ALARM: checkout 5xx")

    never(lambda: room.inside() or room.investigations(), 0.6)


def test_guest_who_speaks_first_in_an_incident_channel_is_no_report(incident_room: Room) -> None:
    incident_room.say("checkout is down", person="dan")
    never(incident_room.investigations, 0.4)

    incident_room.say("checkout is down", person="carol")

    assert incident_room.reported().incident.text == "checkout is down"


# With rules of an install's own


@pytest.fixture
def with_rules(desk: Desk, app: App, office: Plant) -> Callable[..., App]:
    """The app with other rules for questions; nobody has asked anything in the last hour."""

    def ruled(**rules: Any) -> App:
        forget(office)
        return build(app.client, replace(desk, access=Access(**rules)))

    return ruled


def forget(office: Plant) -> None:
    """Nobody has asked anything yet, as far as Redis knows, which answers again by now."""
    office.redis.wipe()

    def answers() -> bool:
        try:
            office.queue.ping()
        except Unreachable:
            return False
        return True

    eventually(answers)


def mentioned(
    app: App, room: Room, person: str = "alice", text: str = "checkout is slow", **more: Any
) -> int:
    event = {"user": room.slack.people[person], **more}
    return hand(app, event_body(room, text, event=event))


def test_who_has_no_scope_may_not_ask_and_who_has_one_may(
    with_rules: Callable[..., App], room: Room, office: Plant
) -> None:
    alice = room.slack.people["alice"]
    app = with_rules(grants=(Grant(people=frozenset({alice}), area=Area(services=("shop-*",))),))

    assert mentioned(app, room, "carol") == 200
    assert hand(app, command_body(room, "checkout is slow", user_id=room.slack.people["carol"])) == 200
    assert hand(app, shortcut_body(room, room.say("checkout is slow"))) == 200  # by Carol
    assert room.investigations() == []
    assert [record["why"][: len(NO_SCOPE)] for record in refused(room, "carol")] == [NO_SCOPE] * 3

    assert mentioned(app, room, "alice") == 200
    assert len(room.investigations()) == 1


def test_scope_may_be_that_of_a_group_as_long_as_its_people_are_known(
    with_rules: Callable[..., App], room: Room
) -> None:
    app = with_rules(grants=(Grant(groups=frozenset({"S0NOBODY99"}), area=Area()),))
    mentioned(app, room, "carol")
    assert room.investigations() == []

    room.ledger.enrol("S0NOBODY99", frozenset({room.slack.people["carol"]}), wiring.now())
    mentioned(app, room, "carol")

    assert len(room.investigations()) == 1


def test_person_may_ask_so_much_an_hour(with_rules: Callable[..., App], room: Room, office: Plant) -> None:
    app = with_rules(per_person=2)
    for number in range(4):
        assert mentioned(app, room, "carol", f"checkout is slow {number}") == 200

    (record,) = refused(room, "carol")  # who does not stop asking does not fill the audit
    assert record["why"].startswith("You have asked me 2 things within an hour")
    assert "Ask me again after <!date^" in record["why"]
    assert len(room.investigations()) == 2

    mentioned(app, room, "ben", "and payments?")
    assert len(room.investigations()) == 3


def test_question_that_slack_brings_again_is_counted_once(
    with_rules: Callable[..., App], room: Room, office: Plant
) -> None:
    app = with_rules(per_person=2)
    body = event_body(room, "checkout is slow")
    for _ in range(4):
        assert hand(app, body) == 200

    mentioned(app, room, "alice", "is payments ok?")

    assert len(room.investigations()) == 2
    assert room.whispers("alice") == []


def test_command_beyond_the_limit_is_answered_with_when_to_come_back(
    with_rules: Callable[..., App], room: Room, office: Plant
) -> None:
    app = with_rules(per_channel=1)
    assert hand(app, command_body(room, "checkout is slow")) == 200

    def beyond() -> bool:
        """A Slack that is slow for a second is told instead."""
        assert hand(app, command_body(room, f"payments is slow {next(_numbers)}")) == 200
        return any("one channel may" in record["why"] for record in refused(room, "alice"))

    eventually(beyond)
    assert len(room.investigations()) == 1


def test_day_has_an_end_of_questions(with_rules: Callable[..., App], room: Room, office: Plant) -> None:
    app = with_rules(per_day=1)
    mentioned(app, room, "alice")
    mentioned(app, room, "carol")

    assert "within a day" in refused(room, "carol")[0]["why"]
    assert len(room.investigations()) == 1


def test_questions_are_taken_while_nobody_can_count_them(
    with_rules: Callable[..., App], room: Room, office: Plant
) -> None:
    app = with_rules(per_person=1)
    with without_redis(office):
        for number in range(2):
            assert mentioned(app, room, "alice", f"checkout is slow {number}") == 200

    assert len(room.investigations()) == 2


# Alerts


def watched(with_rules: Callable[..., App], desk: Desk, room: Room, **rules: Any) -> App:
    here = frozenset({room.id})
    return build(with_rules().client, replace(desk, access=Access(**rules), watched_channels=here))


def alert(room: Room, title: str, text: str = "") -> dict[str, Any]:
    """An alert as Slack sends it."""
    body = event_body(room, title)
    attachments = [{"title": title, "text": text}]
    event = {"type": "message", "subtype": "bot_message", "bot_id": "B0CWALARMS1", "text": ""}
    return body | {"event": {**body["event"], **event, "user": None, "attachments": attachments}}


def test_storm_of_one_alert_is_one_investigation(
    with_rules: Callable[..., App], desk: Desk, room: Room, office: Plant
) -> None:
    app = watched(with_rules, desk, room)
    for minute in range(10):
        text = f"5xx is {40 + minute}.{minute} since 2026-11-26T10:{minute:02}:00Z ({41 + minute} of 90)"
        assert hand(app, alert(room, f"ALARM: shop-storefront-5xx at 10:{minute:02}", text)) == 200

    assert len(room.investigations()) == 1

    hand(app, alert(room, "ALARM: shop-storefront-latency at 10:01"))
    hand(app, alert(room, "ALARM: host-2 is down"))
    hand(app, alert(room, "ALARM: host-3 is down"))
    assert len(room.investigations()) == 4


def test_alert_that_slack_brings_again_after_a_failure_is_not_taken_for_a_storm(
    with_rules: Callable[..., App], desk: Desk, room: Room, office: Plant
) -> None:
    app = watched(with_rules, desk, room)
    body = alert(room, "ALARM: shop-storefront-5xx")
    office.sql("ALTER TABLE requests RENAME TO elsewhere")
    assert hand(app, body) == 500
    office.sql("ALTER TABLE elsewhere RENAME TO requests")

    assert hand(app, body) == 200

    assert len(room.investigations()) == 1


def test_channel_with_too_many_alerts_is_told_once(
    with_rules: Callable[..., App], desk: Desk, room: Room, office: Plant
) -> None:
    app = watched(with_rules, desk, room, per_channel=2)
    for name in ("one", "two", "three", "four", "five"):
        assert hand(app, alert(room, f"ALARM: {name} is down")) == 200

    taken = [one for one in room.investigations() if room.ledger.journal(one)]
    assert len(taken) == 2
    room.deliver()
    told = [m["text"] for m in room.messages() if "I leave alerts here alone for now" in m["text"]]
    assert len(told) == 1


def test_alert_starts_nothing_where_no_scope_is_for_alerts(
    with_rules: Callable[..., App], desk: Desk, room: Room, office: Plant
) -> None:
    forget(office)
    alice = frozenset({room.slack.people["alice"]})
    app = watched(with_rules, desk, room, grants=(Grant(people=alice, area=Area()),))
    assert hand(app, alert(room, "ALARM: shop-storefront-5xx")) == 200
    assert room.investigations() == []

    app = watched(with_rules, desk, room, grants=(Grant(people=alice, alerts=True, area=Area()),))
    assert hand(app, alert(room, "ALARM: shop-storefront-latency")) == 200
    assert len(room.investigations()) == 1
