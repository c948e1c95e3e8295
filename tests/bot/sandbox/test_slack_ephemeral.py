"""Ephemeral messages: for one reader who is there, and out of reach afterwards."""

import pytest

from tests.bot.sandbox.local_slack import LocalSlack


def test_an_ephemeral_message_is_for_one_person_and_cannot_be_updated(shared: LocalSlack) -> None:
    channel = shared.channels["incidents"]
    posted = shared.api("chat.postEphemeral", channel=channel, user=shared.people["carol"], text="psst")

    answer = shared.api("chat.update", channel=channel, ts=posted["message_ts"], text="y")

    assert answer["error"] == "message_not_found"
    state = shared.look("state")
    assert [m["text"] for m in state["ephemerals"][shared.people["carol"]]] == ["psst"]
    assert shared.look("state", person="ben")["ephemerals"] == {shared.people["ben"]: []}


def test_an_ephemeral_message_needs_its_reader_in_the_channel(shared: LocalSlack) -> None:
    answer = shared.api(
        "chat.postEphemeral", channel=shared.channels["incidents"], user="U0NOSUCHONE", text="psst"
    )

    assert answer["error"] == "user_not_found"


def test_the_reader_of_an_ephemeral_message_must_be_a_member(slack: LocalSlack) -> None:
    slack.act("channels/leave", person="dan", channel="incidents")

    answer = slack.api(
        "chat.postEphemeral", channel=slack.channels["incidents"], user=slack.people["dan"], text="psst"
    )

    assert answer["error"] == "user_not_in_channel"


@pytest.mark.parametrize(
    ("method", "name", "more", "error"),
    [
        ("chat.delete", "ts", {}, "message_not_found"),
        ("chat.getPermalink", "message_ts", {}, "message_not_found"),
        ("reactions.add", "timestamp", {"name": "eyes"}, "message_not_found"),
        ("conversations.replies", "ts", {}, "thread_not_found"),
        ("chat.postMessage", "thread_ts", {"text": "below"}, "thread_not_found"),
    ],
)
def test_an_ephemeral_message_is_out_of_reach_of(
    method: str, name: str, more: dict[str, str], error: str, shared: LocalSlack
) -> None:
    channel = shared.channels["incidents"]
    posted = shared.api("chat.postEphemeral", channel=channel, user=shared.people["ben"], text="psst")

    answer = shared.api(method, channel=channel, **{name: posted["message_ts"]}, **more)

    assert answer["error"] == error


def test_an_ephemeral_message_is_not_in_the_history(slack: LocalSlack) -> None:
    channel = slack.channels["incidents"]
    slack.api("chat.postEphemeral", channel=channel, user=slack.people["ben"], text="psst")

    assert slack.api("conversations.history", channel=channel)["messages"] == []


def test_an_ephemeral_message_says_something(shared: LocalSlack) -> None:
    answer = shared.api("chat.postEphemeral", channel=shared.channels["incidents"], user=shared.people["ben"])

    assert answer["error"] == "no_text"
