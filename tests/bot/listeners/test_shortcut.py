"""*Investigate this*: what a message says is investigated in its thread, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, hand, without, without_redis
from tests.faults.plant import Plant
from tests.faults.waiting import eventually, never
from workers import wiring
from workers.domain.event import Stopped
from workers.domain.incident import Person


def shortcut_body(room: Room, ts: str, **message: Any) -> dict[str, Any]:
    """A message shortcut as Slack sends it."""
    team = room.slack.ready["team_id"]
    said = {
        "type": "message",
        "user": room.slack.people["ben"],
        "text": "checkout is slow",
        "ts": ts,
        **message,
    }
    return {
        "type": "message_action",
        "callback_id": "investigate_message",
        "team": {"id": team, "domain": "fernhill"},
        "user": {"id": room.slack.people["carol"], "team_id": team},
        "channel": {"id": room.id, "name": room.name},
        "message": said,
        "message_ts": ts,
        "trigger_id": "17.1",
        "response_url": f"{room.slack.ready['url']}/respond/nothing",
        "api_app_id": "A0RUNBOOK01",
    }


def test_message_is_investigated_in_its_thread(room: Room, office: Plant) -> None:
    ts = room.say("checkout is slow since *noon*")

    assert room.shortcut(ts, "carol")["acknowledged"]

    incident = room.reported().incident
    assert (incident.text, incident.source) == ("checkout is slow since *noon*", "shortcut")
    assert incident.requester == Person(id=room.slack.people["carol"], team=room.slack.ready["team_id"])
    assert (incident.thread.channel, incident.thread.ts) == (room.id, ts)
    eventually(lambda: room.investigation() in office.queue.queued("investigate"))
    assert room.whispers("carol") == []


def test_reply_is_investigated_in_the_thread_it_stands_in(room: Room) -> None:
    root = room.say("anybody else?")
    reply = room.say("payments returns 500", thread_ts=root)

    room.shortcut(reply)

    incident = room.reported().incident
    assert (incident.text, incident.thread.ts) == ("payments returns 500", root)


def test_alert_without_text_is_read_from_its_attachments(room: Room) -> None:
    ts = room.alert("ALARM: checkout 5xx")

    room.shortcut(ts)

    assert room.reported().incident.text == "ALARM: checkout 5xx\n5xx above 40"


def test_message_under_investigation_is_answered_with_a_link(room: Room) -> None:
    ts = room.say("checkout is slow")
    room.shortcut(ts, "carol")
    room.investigation()

    room.shortcut(ts, "ben")

    assert room.link(ts) in room.told("investigated already", "ben")
    assert len(room.investigations()) == 1


def test_message_that_was_investigated_is_answered_with_a_link(room: Room) -> None:
    ts = room.say("checkout is slow")
    room.shortcut(ts)
    room.ledger.record(room.investigation(), Stopped(at=wiring.now()))

    room.shortcut(ts)

    assert room.link(ts) in room.told("investigated already", "carol")
    never(lambda: len(room.investigations()) > 1, 0.3)


def test_alert_of_an_incident_channel_is_answered_with_a_link_to_its_thread(incident_room: Room) -> None:
    ts = incident_room.alert()
    incident_room.investigation()
    incident_room.deliver()
    (root,) = [
        m
        for m in incident_room.messages()
        if m.get("user") == incident_room.slack.ready["bot_user_id"] and "blocks" in m
    ]

    incident_room.shortcut(ts)

    assert incident_room.link(root["ts"]) in incident_room.told("investigated already", "carol")
    assert len(incident_room.investigations()) == 1


def test_later_alert_of_an_incident_channel_is_investigated_when_somebody_asks(incident_room: Room) -> None:
    incident_room.alert("ALARM: checkout 5xx")
    incident_room.investigation()
    later = incident_room.alert("ALARM: payments 5xx")
    never(lambda: len(incident_room.investigations()) > 1, 0.4)

    incident_room.shortcut(later)

    _, asked = eventually(lambda: incident_room.investigations()[1:] and incident_room.investigations())
    assert incident_room.ledger.load(asked).incident.thread.ts == later


def test_other_message_of_a_running_thread_is_answered_with_a_link(room: Room) -> None:
    root = room.say("checkout is slow")
    room.shortcut(root)
    room.investigation()
    reply = room.say("and payments too", thread_ts=root)

    room.shortcut(reply)

    told = eventually(lambda: [m for m in room.shown("carol") if "investigated already" in m["text"]])
    assert room.link(root) in told[0]["text"]
    assert told[0]["thread_ts"] == root
    assert len(room.investigations()) == 1


def test_other_message_of_a_thread_that_is_over_starts_another(room: Room) -> None:
    root = room.say("checkout is slow")
    room.shortcut(root)
    room.ledger.record(room.investigation(), Stopped(at=wiring.now()))

    room.shortcut(room.say("and payments too", thread_ts=root))

    eventually(lambda: len(room.investigations()) == 2)


def test_own_message_is_no_report(room: Room) -> None:
    """Neither one that stands alone, nor the card of an investigation that is over."""
    alone = room.slack.api("chat.postMessage", channel=room.id, text="ALARM: I said this")["ts"]
    room.shortcut(alone, "ben")
    room.told("message of mine", "ben")
    assert room.investigations() == []

    room.command("checkout is slow")
    investigation = room.investigation()
    room.deliver()
    card = room.messages()[-1]["ts"]
    room.ledger.record(investigation, Stopped(at=wiring.now()))
    room.shortcut(card, "carol")

    assert room.link(card) in room.told("investigated already", "carol")
    assert room.investigations() == [investigation]


@pytest.mark.parametrize(
    "empty",
    [
        {"text": ""},
        {"text": "  "},
        {"text": None, "blocks": [{"type": "divider"}], "attachments": [{"color": "#f00"}]},
        {"text": "<@U0RUNBOOK01>"},
        {"text": "", "files": [{"id": "F1", "name": "graph.png"}], "subtype": "file_share"},
    ],
)
def test_message_without_words_starts_nothing(app: App, room: Room, empty: dict[str, Any]) -> None:
    assert hand(app, shortcut_body(room, room.say("x"), **empty)) == 200

    assert room.investigations() == []


def test_whoever_uses_it_on_a_picture_is_told(room: Room) -> None:
    ts = room.slack.act("alerts", channel=room.id, title="", text="")["ts"]

    room.shortcut(ts)

    room.told("no words in this message", "carol")


def test_public_channel_is_joined_and_a_private_one_asks_for_an_invitation(
    open_room: Callable[..., Room],
) -> None:
    public, private = open_room(), open_room(is_private=True)

    public.shortcut(public.say("checkout is slow"))
    private.shortcut(private.say("checkout is slow"))

    public.investigation()
    assert public.inside()
    assert "/invite @Runbook" in private.told("not a member", "carol")
    assert private.investigations() == []


def test_redelivered_shortcut_starts_one_investigation(app: App, room: Room) -> None:
    body = shortcut_body(room, room.say("checkout is slow"))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: hand(app, body), range(4)))

    assert answers == [200] * 4
    assert len(room.investigations()) == 1


@pytest.mark.parametrize("place", ["team", "user"])
def test_shortcut_of_another_workspace_is_dropped(app: App, room: Room, place: str) -> None:
    body = shortcut_body(room, room.say("checkout is slow"))
    body[place] = {"id": "T0ELSEWHERE"} if place == "team" else {**body["user"], "team_id": "T0ELSEWHERE"}

    assert hand(app, body) == 200

    assert room.investigations() == []


def test_shortcut_while_the_ledger_is_away_is_said_and_not_taken(room: Room, office: Plant) -> None:
    ts = room.say("checkout is slow")

    with without(office, "requests"):
        assert room.shortcut(ts)["acknowledged"]

    assert "try again" in room.told("I cannot write your request down", "carol")
    assert room.investigations() == []
    room.shortcut(ts)
    room.investigation()


def test_shortcut_is_taken_while_redis_is_away(room: Room, office: Plant) -> None:
    ts = room.say("checkout is slow")

    with without_redis(office):
        assert room.shortcut(ts)["acknowledged"]
        room.investigation()

    room.told("I have written your request down", "carol")


@pytest.mark.parametrize("callback", ["investigate", "unheard_of"])
def test_other_shortcuts_are_acknowledged_and_do_nothing(app: App, room: Room, callback: str) -> None:
    body = shortcut_body(room, room.say("checkout is slow")) | {"callback_id": callback}

    assert hand(app, body) == 200

    assert room.investigations() == []
