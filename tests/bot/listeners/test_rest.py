"""Everything nobody listens to is acknowledged; and the bot goes as it came."""

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App

from tests.bot.listeners.conftest import Room, event_body, hand
from tests.faults.plant import Plant
from tests.faults.waiting import eventually

OURS = "@Runbook"


def test_button_that_nobody_listens_to_is_acknowledged(room: Room) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "?"}, "action_id": "unheard_of"}
    blocks = [{"type": "actions", "block_id": "b", "elements": [button]}]
    ts = room.slack.api("chat.postMessage", channel=room.id, text="hello", blocks=blocks)["ts"]

    assert room.press("unheard_of", "carol", ts, "b")["acknowledged"]


VIEW = {"type": "modal", "callback_id": "x"}
INTERACTIONS: dict[str, dict[str, Any]] = {
    "command": {"command": "/runbook", "text": "", "user_id": "U0CAROLDIAZ", "channel_id": "C0GENERAL01"},
    "shortcut": {"type": "shortcut", "callback_id": "unheard", "user": {"id": "U0CAROLDIAZ"}},
    "message shortcut": {"type": "message_action", "callback_id": "unheard", "user": {"id": "U0CAROLDIAZ"}},
    "modal": {"type": "view_submission", "view": VIEW, "user": {"id": "U0CAROLDIAZ"}},
    "closed modal": {"type": "view_closed", "view": VIEW, "user": {"id": "U0CAROLDIAZ"}},
    "options": {"type": "block_suggestion", "action_id": "x", "block_id": "b", "value": ""},
    "select": {
        "type": "block_actions",
        "actions": [{"type": "static_select", "action_id": "x", "block_id": "b"}],
    },
}


@pytest.mark.parametrize("what", INTERACTIONS)
def test_interaction_that_nobody_listens_to_is_acknowledged(app: App, what: str) -> None:
    body = {"team_id": "T0FERNHILL1", "team": {"id": "T0FERNHILL1"}, "api_app_id": "A0", **INTERACTIONS[what]}

    assert hand(app, body) == 200


@pytest.mark.parametrize("kind", ["reaction_added", "app_home_opened", "team_join", "never_heard_of"])
def test_event_that_nobody_listens_to_is_acknowledged(app: App, room: Room, kind: str) -> None:
    assert hand(app, event_body(room, "", event={"type": kind})) == 200


@pytest.mark.parametrize("reason", ["refresh_requested", "close", "cut"])
def test_mention_during_a_lost_connection_is_not_lost(room: Room, reason: str) -> None:
    room.slack.act("disconnect", reason=reason)

    room.say(f"{OURS} checkout is slow")

    eventually(lambda: room.slack.look("health")["connections"])  # within Slack's first minute of trying
    room.slack.advance(61)
    room.investigation()


def test_bot_told_to_stop_is_gone_soon_and_another_takes_over(
    office: Plant, open_room: Callable[..., Room]
) -> None:
    second = office.start("bot")
    first = office.bot
    eventually(lambda: office.slack.look("health")["connections"] == 2)

    began = time.monotonic()
    first.send_signal(signal.SIGTERM)
    code = first.wait(15)
    took = time.monotonic() - began

    assert code == 0
    assert took < 10
    office.bot = second
    room = open_room().joined()
    room.say(f"{OURS} checkout is slow")
    room.investigation()


def test_bot_finishes_what_it_is_writing_when_it_is_told_to_stop(
    office: Plant, open_room: Callable[..., Room]
) -> None:
    rooms = [open_room().joined() for _ in range(4)]
    for room in rooms:
        for number in range(4):
            room.say(f"{OURS} service {number} is slow")
    office.bot.send_signal(signal.SIGTERM)
    assert office.bot.wait(15) == 0
    office.bot = office.start("bot")

    def all_there() -> bool:
        office.slack.advance(61)
        return sum(len(room.investigations()) for room in rooms) == 16

    eventually(all_there)
