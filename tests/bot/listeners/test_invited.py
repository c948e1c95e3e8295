"""Somebody invites Runbook: it says what it can do, once, and in an incident channel looks for the alert."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, event_body, hand, without, without_redis
from tests.faults.plant import Plant
from tests.faults.waiting import eventually, never

HELLO = "Hello, I am Runbook"


def invited(room: Room, **more: Any) -> dict[str, Any]:
    """An invitation as Slack sends it."""
    event = {
        "type": "member_joined_channel",
        "user": room.slack.ready["bot_user_id"],
        "inviter": room.slack.people["alice"],
        "channel_type": "C",
        "team": room.slack.ready["team_id"],
        **more,
    }
    return event_body(room, "", event=event)


@pytest.mark.parametrize("private", [False, True])
def test_whoever_invites_the_bot_is_told_what_it_can_do(
    open_room: Callable[..., Room], private: bool
) -> None:
    room = open_room(is_private=private)

    room.invite("ben")

    assert "`/runbook help`" in room.told(HELLO, "ben")
    assert room.whispers("alice") == []
    assert room.investigations() == []
    assert not [m for m in room.messages() if m.get("bot_id")]


def test_invitation_that_comes_twice_is_greeted_once(open_room: Callable[..., Room]) -> None:
    room = open_room()
    room.slack.act("faults", kind="duplicate", times=2)

    room.invite("ben")

    room.told(HELLO, "ben")
    never(lambda: len(room.whispers("ben")) > 1, 0.5)


def test_bot_that_joined_by_itself_greets_nobody(incident_room: Room, room: Room) -> None:
    room.command("checkout is slow")
    room.investigation()

    never(lambda: any(HELLO in text for one in (incident_room, room) for text in one.whispers()), 0.5)


def test_joining_by_itself_is_acknowledged(app: App, room: Room) -> None:
    body = invited(room)
    del body["event"]["inviter"]

    assert hand(app, body) == 200


def test_people_who_join_are_not_greeted(room: Room) -> None:
    room.slack.act("channels/leave", person="dan", channel=room.id)
    dan = room.slack.people["dan"]
    room.slack.act("channels/invite", person="ben", channel=room.id, user=dan)

    never(lambda: room.whispers("ben") + room.whispers("dan"), 0.5)


def test_alert_of_a_private_incident_channel_is_found_on_invitation(open_room: Callable[..., Room]) -> None:
    room = open_room("inc-private-checkout", is_private=True)
    room.say("what a day", person="carol")
    room.alert("ALARM: checkout 5xx")

    room.invite()

    assert room.reported().incident.text.startswith("ALARM: checkout 5xx")
    room.told(HELLO)
    room.alert("ALARM: again")
    never(lambda: len(room.investigations()) > 1, 0.4)


def test_invitation_into_a_room_that_is_investigated_starts_nothing(incident_room: Room) -> None:
    incident_room.alert("ALARM: checkout 5xx")
    incident_room.investigation()
    bot = incident_room.slack.ready["bot_user_id"]
    incident_room.slack.act("channels/remove", person="alice", channel=incident_room.id, user=bot)

    incident_room.invite("carol")

    incident_room.told(HELLO, "carol")
    assert len(incident_room.investigations()) == 1


def test_alerts_of_other_channels_are_left_alone_on_invitation(open_room: Callable[..., Room]) -> None:
    room = open_room()
    room.alert("ALARM: checkout 5xx")

    room.invite()

    room.told(HELLO)
    assert room.investigations() == []


def test_invitation_of_another_workspace_is_dropped(app: App, open_room: Callable[..., Room]) -> None:
    room = open_room("inc-strange-checkout", is_private=True)
    room.alert()

    assert hand(app, invited(room) | {"team_id": "T0ELSEWHERE"}) == 200

    assert room.whispers() == []
    assert room.investigations() == []


def test_invitation_while_the_ledger_is_away_is_not_acknowledged(
    open_room: Callable[..., Room], office: Plant
) -> None:
    room = open_room("inc-away-checkout", is_private=True)
    room.alert("ALARM: checkout 5xx")

    with without(office, "requests"):
        room.invite()
        never(room.whispers, 0.6)

    eventually(lambda: room.slack.advance(61) or room.investigations())
    room.told(HELLO)


def test_invitation_is_taken_while_redis_is_away(open_room: Callable[..., Room], office: Plant) -> None:
    room = open_room("inc-redisless-checkout", is_private=True)
    room.alert("ALARM: checkout 5xx")

    with without_redis(office):
        room.invite()
        room.investigation()
        room.told(HELLO)


def test_inviter_who_cannot_be_told_stops_nothing(app: App, room: Room) -> None:
    assert hand(app, invited(room, inviter="U0NOBODY")) == 200
