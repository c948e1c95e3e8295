"""Nonsense in any argument gets an answer in Slack's form; nothing breaks the stand-in."""

import random
from typing import Any

import pytest

from bot.sandbox.rules import RULES
from tests.bot.sandbox.kit import modal, section, text_input
from tests.bot.sandbox.local_slack import LocalSlack

NONSENSE: list[Any] = [
    "",
    "x" * 300,
    7,
    -1,
    True,
    [],
    [1],
    ["x"],
    {},
    {"type": 7},
    "[",
    "[null]",
    '{"a": 1}',
    "1.2",
]
# fmt: off
NAMES = [
    "attachments", "blocks", "bookmark", "bot", "channel", "channel_id", "channels", "chunks", "cursor",
    "email", "error", "external_id", "file", "filename", "files", "hash", "initial_comment", "latest",
    "length", "limit", "link", "loading_messages", "markdown_text", "message_ts", "metadata", "name",
    "oldest", "prompts", "recipient_team_id", "recipient_user_id", "status", "task_display_mode",
    "text", "thread_ts", "timestamp", "title", "topic", "trigger_id", "ts", "type", "types", "user",
    "user_id", "usergroup", "users", "view", "view_id",
]
# fmt: on


def sensible(slack: LocalSlack) -> dict[str, Any]:
    """Arguments most methods can do something with."""
    posted = slack.post(text="x")
    return {
        "channel": posted["channel"],
        "channel_id": posted["channel"],
        "ts": posted["ts"],
        "thread_ts": posted["ts"],
        "timestamp": posted["ts"],
        "message_ts": posted["ts"],
        "user": slack.people["alice"],
        "user_id": slack.people["alice"],
        "users": slack.people["alice"],
        "text": "x",
        "name": "eyes",
        "trigger_id": "1.2.x",
        "view": modal(section()),
    }


@pytest.mark.parametrize("method", [m for m in RULES if m != "apps.connections.open"])
def test_nonsense_is_answered_by(method: str, slack: LocalSlack) -> None:
    good = sensible(slack)
    dice = random.Random(method)
    for _ in range(15):
        slack.advance(61)
        nonsense = {name: dice.choice(NONSENSE) for name in dice.sample(NAMES, dice.choice((1, 1, 2, 5)))}
        answer = slack.raw(method, **{**good, **nonsense})
        assert answer.status_code == 200, nonsense
        assert isinstance(answer.json()["ok"], bool), nonsense


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_nonsense_anywhere_in_a_view_is_refused_or_taken(value: Any, slack: LocalSlack) -> None:
    whole = modal(section(accessory={"type": "button"}), text_input())
    for name in ("title", "blocks", "submit", "private_metadata", "callback_id"):
        answer = slack.raw("views.publish", user_id=slack.people["ben"], view={**whole, name: value})
        assert answer.status_code == 200
    for name in ("type", "block_id", "label", "element", "elements", "text", "fields", "accessory"):
        block = {**text_input(), name: value}
        answer = slack.raw(
            "views.publish", user_id=slack.people["ben"], view={"type": "home", "blocks": [block]}
        )
        assert answer.status_code == 200
