"""Incident channels, watched channels, and everything else that is said and is none of ours."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_bolt import App

from bot.app import build
from bot.desk import Desk
from tests.bot.listeners.conftest import Room, event_body, hand, without, without_redis
from tests.faults.plant import Plant
from tests.faults.waiting import eventually, never

OURS = "@Runbook"


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

    never(lambda: room.inside(), 0.5)


def test_joining_is_tried_again_when_slack_is_away_for_a_moment(
    office: Plant, open_room: Callable[..., Room]
) -> None:
    office.slack.act("faults", kind="500", method="conversations.join", times=1)
    room = open_room("inc-again-checkout")

    eventually(lambda: office.slack.advance(61) or room.inside())


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
    assert text == "p95 is 4 s\nALARM: checkout\nRegion: us-east-1"


def test_channel_and_message_of_another_workspace_are_dropped(
    app: App, open_room: Callable[..., Room], incident_room: Room
) -> None:
    room = open_room("plain-elsewhere")
    created = message(room, type="channel_created", channel={"id": room.id, "name": "inc-elsewhere"})
    said = message(incident_room, text="checkout is down")

    answers = [hand(app, body | {"team_id": "T0ELSEWHERE"}) for body in (created, said)]

    assert answers == [200, 200]
    assert not room.inside()
    assert incident_room.investigations() == []


def test_incident_channel_is_not_investigated_twice_however_much_later(
    app: App, incident_room: Room, office: Plant
) -> None:
    incident_room.alert("ALARM: checkout 5xx")
    incident_room.investigation()
    office.sql(
        "UPDATE investigations SET created_at = created_at - 200000 WHERE channel = :c", c=incident_room.id
    )

    assert hand(app, message(incident_room, text="that was quite a day")) == 200

    assert len(incident_room.investigations()) == 1


def changed(room: Room, before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """An edit as Slack sends it."""
    ts = message(room)["event"]["ts"]
    said = {"type": "message", "ts": ts, "bot_id": "B0CWALARMS1", "user": "U0CWALARMS1"}
    edited = {"message": said | now, "previous_message": said | before}
    return message(room, subtype="message_changed", hidden=True, text=None, user=None, **edited)


def test_alert_that_was_posted_empty_is_understood_when_it_is_filled_in(
    app: App, incident_room: Room
) -> None:
    alarm = [{"title": "ALARM: checkout 5xx", "text": "above 40"}]
    body = changed(incident_room, {"text": ""}, {"text": "", "attachments": alarm})

    assert [hand(app, body) for _ in range(2)] == [200, 200]

    incident = incident_room.reported().incident
    assert (incident.text, incident.source) == ("ALARM: checkout 5xx\nabove 40", "alert")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"text": "ALARM: checkout"}, {"text": "RESOLVED: checkout"}),
        (
            {"text": "see https://x.example"},
            {"text": "see https://x.example", "attachments": [{"title": "X"}]},
        ),
        ({"text": ""}, {"text": ""}),
        ({"text": ""}, {"text": "looking", "user": "U0RUNBOOK01"}),
        ({"text": ""}, {"text": "a reply", "thread_ts": "1.1"}),
        ({"text": ""}, {"text": "This message was deleted.", "subtype": "tombstone"}),
    ],
    ids=["alert resolved", "link unfurled", "still empty", "our own", "reply", "deleted"],
)
def test_other_edits_start_nothing(
    app: App, incident_room: Room, before: dict[str, Any], now: dict[str, Any]
) -> None:
    assert hand(app, changed(incident_room, before, now)) == 200

    assert incident_room.investigations() == []


def test_edit_of_an_alert_under_investigation_starts_no_other(app: App, desk: Desk, room: Room) -> None:
    watching = build(app.client, replace(desk, watched_channels=frozenset({room.id})))
    body = changed(room, {"text": ""}, {"text": "ALARM: checkout"})
    posted = message(room, **body["event"]["message"])
    again = changed(room, {"text": "ALARM: checkout"}, {"text": "OK: checkout", "ts": posted["event"]["ts"]})

    answers = [hand(watching, one) for one in (posted, body, again)]

    assert answers == [200] * 3
    assert room.reported().incident.text == "ALARM: checkout"


def test_filled_in_alert_of_a_watched_channel_is_investigated_in_its_thread(
    app: App, desk: Desk, room: Room
) -> None:
    watching = build(app.client, replace(desk, watched_channels=frozenset({room.id})))
    body = changed(room, {"text": ""}, {"text": "", "blocks": section("ALARM: filled in")})

    assert hand(watching, body) == 200

    incident = room.reported().incident
    assert (incident.text, incident.thread.ts) == ("ALARM: filled in", body["event"]["message"]["ts"])


def section(text: str) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def test_talk_after_a_request_in_an_incident_channel_starts_no_second_investigation(
    incident_room: Room,
) -> None:
    incident_room.command("checkout is slow")
    incident_room.investigation()

    incident_room.say("I am looking at it", person="carol")
    incident_room.alert("ALARM: checkout 5xx")

    never(lambda: len(incident_room.investigations()) > 1, 0.6)


@pytest.mark.parametrize("member", [False, True])
def test_channel_renamed_to_an_incident_is_joined_and_its_alert_investigated(
    open_room: Callable[..., Room], member: bool
) -> None:
    room = open_room().joined() if member else open_room()
    room.say("lunch?", person="carol")
    room.alert("ALARM: checkout 5xx")
    never(room.investigations, 0.4)

    room.rename(f"inc-{room.name}")

    incident = room.reported().incident
    assert incident.text.startswith("ALARM: checkout 5xx")
    assert (incident.source, incident.thread.ts) == ("alert", "")
    assert room.inside()


def test_renamed_channel_is_an_incident_from_then_on(room: Room) -> None:
    """Also where the bot knew it under its old name."""
    room.say("...")
    never(room.investigations, 0.3)

    room.rename(f"inc-{room.name}")
    never(room.investigations, 0.5)
    room.alert("ALARM: checkout 5xx")

    assert room.reported().incident.text.startswith("ALARM: checkout 5xx")


def test_own_words_in_a_renamed_channel_are_not_its_alert(room: Room) -> None:
    room.slack.api("chat.postMessage", channel=room.id, text="ALARM: I said this myself")

    room.rename(f"inc-{room.name}")

    never(room.investigations, 0.6)


def test_private_channel_renamed_to_an_incident_is_investigated(open_room: Callable[..., Room]) -> None:
    room = open_room(is_private=True)
    room.invite()
    room.say("checkout is down", person="ben")
    never(room.investigations, 0.4)

    room.rename(f"inc-{room.name}")

    assert room.reported().incident.text == "checkout is down"


def test_channel_renamed_to_anything_else_is_left_alone(open_room: Callable[..., Room]) -> None:
    room = open_room()
    room.alert("ALARM: checkout 5xx")

    room.rename(f"after-{room.name}")

    never(lambda: room.inside() or room.investigations(), 0.5)


def test_incident_channel_renamed_again_is_not_investigated_twice(incident_room: Room) -> None:
    incident_room.alert("ALARM: checkout 5xx")
    incident_room.investigation()

    incident_room.rename(f"{incident_room.name}-payments")
    incident_room.alert("ALARM: payments 5xx")

    never(lambda: len(incident_room.investigations()) > 1, 0.6)


def renamed(room: Room) -> dict[str, Any]:
    """A rename as Slack sends it."""
    return message(room, type="channel_rename", channel={"id": room.id, "name": f"inc-{room.name}"})


def test_rename_delivered_four_times_at_once_is_one_investigation(
    app: App, open_room: Callable[..., Room]
) -> None:
    room = open_room()
    room.alert("ALARM: checkout 5xx")
    body = renamed(room)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: hand(app, body), range(4)))

    assert answers == [200] * 4
    assert len(room.investigations()) == 1


def test_rename_of_another_workspace_is_dropped(app: App, open_room: Callable[..., Room]) -> None:
    room = open_room()
    room.alert("ALARM: checkout 5xx")

    assert hand(app, renamed(room) | {"team_id": "T0ELSEWHERE"}) == 200

    assert not room.inside()


def test_rename_while_the_ledger_is_away_is_not_acknowledged(
    app: App, open_room: Callable[..., Room], office: Plant
) -> None:
    room = open_room()
    room.alert("ALARM: checkout 5xx")

    with without(office, "requests"):
        assert hand(app, renamed(room)) == 500

    assert hand(app, renamed(room)) == 200
    room.investigation()


def test_rename_is_taken_while_redis_is_away(open_room: Callable[..., Room], office: Plant) -> None:
    room = open_room()
    room.alert("ALARM: checkout 5xx")

    with without_redis(office):
        room.rename(f"inc-{room.name}")
        room.investigation()


@pytest.mark.parametrize("refused", ["is_archived", "restricted_action", "channel_not_found"])
def test_channel_that_cannot_be_joined_is_left_alone(
    app: App, open_room: Callable[..., Room], office: Plant, refused: str
) -> None:
    room = open_room()
    office.slack.act("faults", kind="error", method="conversations.join", error=refused)

    assert hand(app, renamed(room)) == 200

    assert not room.inside()


@pytest.mark.parametrize("method", ["conversations.join", "conversations.history"])
@pytest.mark.parametrize("fault", [{"kind": "500", "status": 503}, {"kind": "ratelimited", "retry_after": 0}])
def test_rename_that_slack_cannot_be_asked_about_is_not_acknowledged(
    app: App, open_room: Callable[..., Room], office: Plant, fault: dict[str, Any], method: str
) -> None:
    room = open_room()
    office.slack.act("faults", method=method, times=3, **fault)

    assert hand(app, renamed(room)) == 500

    office.slack.act("faults", clear=True)


@dataclass(frozen=True)
class Later(Desk):
    """A desk whose clock is two hours past a message."""

    said: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.said, UTC) + timedelta(hours=2)


def test_what_was_said_long_ago_in_a_renamed_channel_is_not_the_incident(
    app: App, desk: Desk, open_room: Callable[..., Room]
) -> None:
    room = open_room()
    said = float(room.alert("ALARM: of last year"))
    later = build(app.client, Later(**vars(desk), said=said))

    assert hand(later, renamed(room)) == 200

    assert room.inside()
    assert room.investigations() == []


@pytest.mark.parametrize("kind", ["created", "renamed"])
def test_nothing_is_joined_where_that_is_switched_off(
    app: App, desk: Desk, open_room: Callable[..., Room], kind: str
) -> None:
    room = open_room()
    body = renamed(room)
    body["event"]["type"] = {"created": "channel_created", "renamed": "channel_rename"}[kind]

    assert hand(build(app.client, replace(desk, auto_join=False)), body) == 200

    assert not room.inside()


def test_a_question_in_an_incident_channel_does_not_stand_for_its_alert(incident_room: Room) -> None:
    incident_room.say("@Runbook which alarms are firing?")
    eventually(lambda: len(incident_room.investigations()) == 1)

    incident_room.alert("ALARM: checkout 5xx")

    assert eventually(lambda: len(incident_room.investigations()) == 2)
