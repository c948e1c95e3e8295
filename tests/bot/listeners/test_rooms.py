"""Incident channels, watched channels, and everything else that is said and is none of ours."""

import signal
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, event_body, hand
from tests.faults.plant import Plant
from tests.faults.waiting import eventually, never

OURS = "@Runbook"


def in_it(room: Room) -> bool:
    return room.slack.ready["bot_user_id"] in room.members()


def test_incident_channel_is_joined_and_its_alert_investigated(incident_room: Room) -> None:
    incident_room.alert("ALARM: shop-storefront-5xx")

    incident = incident_room.reported().incident

    assert incident.text.startswith("ALARM: shop-storefront-5xx")
    assert (incident.source, incident.requester, incident.thread.ts) == ("alert", None, "")


def test_alert_from_before_the_bot_joined_is_found(office: Plant, open_room: Callable[..., Room]) -> None:
    office.bot.send_signal(signal.SIGSTOP)
    room = open_room("inc-early-checkout")
    room.alert("ALARM: before")
    office.bot.send_signal(signal.SIGCONT)

    assert room.reported().incident.text.startswith("ALARM: before")
    room.alert("ALARM: after")
    never(lambda: len(room.investigations()) > 1, 0.5)


def test_several_alerts_in_one_incident_channel_are_one_investigation(incident_room: Room) -> None:
    for number in range(4):
        incident_room.alert(f"ALARM: {number}")
    incident_room.say("I am looking at it", person="carol")

    incident_room.investigation()
    never(lambda: len(incident_room.investigations()) > 1, 0.5)


def test_what_a_person_says_first_in_an_incident_channel_is_the_report(incident_room: Room) -> None:
    incident_room.say("checkout is down for everybody", person="carol")

    incident = incident_room.reported().incident

    assert incident.source == "channel"
    assert incident.requester is not None
    assert incident.requester.id == incident_room.slack.people["carol"]


def test_mention_in_an_incident_channel_is_one_request(incident_room: Room) -> None:
    """Slack sends it twice: as a message of the channel and as a mention."""
    ts = incident_room.say(f"{OURS} checkout is slow")

    assert incident_room.reported().incident.thread.ts == ts
    never(lambda: len(incident_room.investigations()) > 1, 0.5)


def test_other_channels_are_not_joined(open_room: Callable[..., Room]) -> None:
    room = open_room("lunch-incident-free")

    never(lambda: in_it(room), 0.5)


def test_joining_is_tried_again_when_slack_is_away_for_a_moment(
    office: Plant, open_room: Callable[..., Room]
) -> None:
    office.slack.act("faults", kind="500", method="conversations.join", times=1)
    room = open_room("inc-again-checkout")

    eventually(lambda: office.slack.advance(61) or in_it(room))


def test_history_is_asked_for_again_when_slack_is_away_for_a_moment(
    office: Plant, open_room: Callable[..., Room]
) -> None:
    office.slack.act("faults", kind="ratelimited", method="conversations.history", times=4, retry_after=0)
    office.bot.send_signal(signal.SIGSTOP)
    room = open_room("inc-history-checkout")
    room.alert("ALARM: before")
    office.bot.send_signal(signal.SIGCONT)

    eventually(lambda: office.slack.advance(61) or room.investigations())
    office.slack.act("faults", clear=True)


def test_chatter_of_bots_elsewhere_is_none_of_ours(room: Room) -> None:
    room.alert()
    room.say("lunch?")

    never(room.investigations, 0.6)


def test_own_messages_start_nothing(incident_room: Room) -> None:
    incident_room.slack.api("chat.postMessage", channel=incident_room.id, text="ALARM: I said this myself")

    never(incident_room.investigations, 0.6)


def test_replies_edits_and_joins_in_an_incident_channel_start_nothing(
    incident_room: Room, office: Plant
) -> None:
    root = incident_room.slack.api("chat.postMessage", channel=incident_room.id, text="Looking.")["ts"]
    incident_room.say("thanks", thread_ts=root)
    office.slack.act("channels/topic", person="alice", channel=incident_room.id, topic="checkout is down")
    office.slack.act("channels/leave", person="dan", channel=incident_room.id)
    office.slack.act("channels/join", person="dan", channel=incident_room.id)

    never(incident_room.investigations, 0.6)


def watched(office: Plant) -> Room:
    room = object.__new__(Room)
    room.plant, room.slack, room.ledger, room.name = office, office.slack, office.ledger, "incidents"
    room.id = office.slack.channels["incidents"]
    return room


def test_alerts_in_a_watched_channel_are_investigated_in_their_own_threads(office: Plant, room: Room) -> None:
    place = watched(office)
    before = set(place.investigations())

    alerts = [place.alert(f"ALARM: {n}") for n in range(2)]
    place.say("is that us?", person="carol")

    def fresh() -> set[str]:
        return set(place.investigations()) - before

    eventually(lambda: len(fresh()) == 2)
    roots = {place.ledger.load(one).incident.thread.ts for one in fresh()}
    assert roots == set(alerts)
    never(lambda: len(fresh()) > 2, 0.5)


def test_alert_that_comes_twice_is_one_investigation(office: Plant, room: Room) -> None:
    place = watched(office)
    before = set(place.investigations())
    office.slack.act("faults", kind="duplicate", times=1)

    place.alert("ALARM: twice")

    eventually(lambda: set(place.investigations()) - before)
    never(lambda: len(set(place.investigations()) - before) > 1, 0.5)


def message(room: Room, **more: Any) -> dict[str, Any]:
    body = event_body(room, "", event={"type": "message", "channel_type": "channel", **more})
    body["event"] = {k: v for k, v in body["event"].items() if v is not None}
    return body


@pytest.mark.parametrize(
    "said",
    [
        {"subtype": "channel_topic", "text": "checkout is down"},
        {"subtype": "message_changed", "text": None, "user": None, "message": {"text": "checkout is down"}},
        {"subtype": "message_deleted", "text": None, "user": None},
        {"text": "", "blocks": []},
        {"text": "a reply", "thread_ts": "1.1"},
    ],
)
def test_message_that_reports_nothing_starts_nothing(
    app: App, incident_room: Room, said: dict[str, Any]
) -> None:
    assert hand(app, message(incident_room, **said)) == 200

    assert incident_room.investigations() == []


def test_alert_without_text_is_read_from_its_attachments_and_blocks(app: App, incident_room: Room) -> None:
    attachments = [{"title": "ALARM: checkout", "fields": [{"title": "Region", "value": "us-east-1"}]}]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "p95 is 4 s"}}]
    said = {"bot_id": "B0CWALARMS1", "subtype": "bot_message", "text": "", "user": None}

    assert hand(app, message(incident_room, **said, attachments=attachments, blocks=blocks)) == 200

    text = incident_room.reported().incident.text
    assert text == "ALARM: checkout\nRegion: us-east-1\np95 is 4 s"


def test_channel_and_message_of_another_workspace_are_dropped(
    app: App, open_room: Callable[..., Room]
) -> None:
    room = open_room("plain-elsewhere")
    created = message(room, type="channel_created", channel={"id": room.id, "name": "inc-elsewhere"})
    created["team_id"] = "T0ELSEWHERE"
    said = message(room, text="checkout is down")
    said["team_id"] = "T0ELSEWHERE"

    assert [hand(app, created), hand(app, said)] == [200, 200]

    assert not in_it(room)
    assert room.investigations() == []
