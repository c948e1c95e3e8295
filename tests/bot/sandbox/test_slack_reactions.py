"""Emoji on messages: each once a person, so many a message, only those there are."""

import json

import pytest

from bot.sandbox.emoji import FILE
from tests.bot.sandbox.local_slack import LocalSlack


def test_reactions_are_counted_once_per_person(shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    where = {"channel": posted["channel"], "timestamp": posted["ts"]}

    assert shared.api("reactions.add", **where, name="eyes")["ok"]
    assert shared.api("reactions.add", **where, name="eyes")["error"] == "already_reacted"
    shared.act("reactions", person="ben", channel="incidents", ts=posted["ts"], name="eyes")

    row = shared.api("reactions.get", **where)["message"]["reactions"][0]
    assert row == {"name": "eyes", "users": [shared.ready["bot_user_id"], shared.people["ben"]], "count": 2}


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"timestamp": ""}, "no_item_specified"),
        ({"timestamp": "yesterday"}, "bad_timestamp"),
        ({"timestamp": "1234567890.123456"}, "message_not_found"),
        ({"name": "Not A Name!"}, "invalid_name"),
        ({"name": "no_such_emoji"}, "invalid_name"),
        ({"name": "wave::skin-tone-9"}, "invalid_name"),
    ],
)
def test_reactions_name_a_message_and_an_emoji(args: dict[str, str], error: str, shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    wish = {"channel": posted["channel"], "timestamp": posted["ts"], "name": "eyes", **args}

    assert shared.api("reactions.add", **wish)["error"] == error


def test_a_reaction_is_taken_off_once(shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    where = {"channel": posted["channel"], "timestamp": posted["ts"], "name": "eyes"}
    shared.api("reactions.add", **where)

    assert shared.api("reactions.remove", **where)["ok"]
    assert shared.api("reactions.remove", **where)["error"] == "no_reaction"


def test_a_reaction_of_somebody_else_is_not_taken_off(shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    shared.act("reactions", person="ben", channel="incidents", ts=posted["ts"], name="eyes")

    answer = shared.api("reactions.remove", channel=posted["channel"], timestamp=posted["ts"], name="eyes")

    assert answer["error"] == "no_reaction"


def test_one_person_reacts_to_a_message_in_23_ways_at_most(shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    names = list(json.loads(FILE.read_text(encoding="utf-8")))
    where = {"channel": posted["channel"], "timestamp": posted["ts"]}

    answers = [shared.api("reactions.add", **where, name=name) for name in names[:24]]

    assert all(answer["ok"] for answer in answers[:23])
    assert answers[23]["error"] == "too_many_reactions"


def test_a_message_has_50_kinds_of_reactions_at_most(shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    names = list(json.loads(FILE.read_text(encoding="utf-8")))
    where = {"channel": posted["channel"], "timestamp": posted["ts"]}
    for number, name in enumerate(names[:50]):
        person = ("alice", "ben", "carol")[number % 3]
        assert shared.act("reactions", person=person, channel="incidents", ts=posted["ts"], name=name)["ok"]

    assert shared.api("reactions.add", **where, name=names[50])["error"] == "too_many_emoji"
    assert shared.api("reactions.add", **where, name=names[0])["ok"]
