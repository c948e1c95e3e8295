"""Places that are not there, not open to the app or closed: each method says so in Slack's words."""

from typing import Any

import pytest

from tests.bot.sandbox.kit import modal, section
from tests.bot.sandbox.local_slack import LocalSlack

NOWHERE, NEVER = "C0NOSUCHONE", "1234567890.123456"


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("chat.postMessage", {"text": "x"}),
        ("chat.update", {"ts": NEVER, "text": "x"}),
        ("chat.delete", {"ts": NEVER}),
        ("chat.postEphemeral", {"user": "U0ALICECHEN", "text": "x"}),
        ("chat.getPermalink", {"message_ts": NEVER}),
        ("chat.startStream", {"thread_ts": NEVER}),
        ("chat.appendStream", {"ts": NEVER, "markdown_text": "x"}),
        ("chat.stopStream", {"ts": NEVER}),
        ("conversations.info", {}),
        ("conversations.members", {}),
        ("conversations.history", {}),
        ("conversations.replies", {"ts": NEVER}),
        ("conversations.join", {}),
        ("conversations.invite", {"users": "U0ALICECHEN"}),
        ("conversations.rename", {"name": "x"}),
        ("conversations.leave", {}),
        ("conversations.archive", {}),
        ("conversations.setTopic", {"topic": "x"}),
        ("conversations.open", {}),
        ("reactions.add", {"timestamp": NEVER, "name": "eyes"}),
        ("reactions.remove", {"timestamp": NEVER, "name": "eyes"}),
        ("reactions.get", {"timestamp": NEVER}),
        ("pins.add", {"timestamp": NEVER}),
        ("bookmarks.add", {"channel_id": NOWHERE, "title": "x", "type": "link", "link": "https://e.org"}),
        ("assistant.threads.setStatus", {"channel_id": NOWHERE, "thread_ts": NEVER, "status": "x"}),
        ("assistant.threads.setTitle", {"channel_id": NOWHERE, "thread_ts": NEVER, "title": "x"}),
        ("assistant.threads.setSuggestedPrompts", {"channel_id": NOWHERE, "prompts": [{}]}),
        ("agents.sessions.setStatus", {"channel_id": NOWHERE, "thread_ts": NEVER, "status": "active"}),
    ],
)
def test_an_unknown_channel_is_not_found_by(method: str, args: dict[str, Any], shared: LocalSlack) -> None:
    assert shared.api(method, **{"channel": NOWHERE, **args})["error"] == "channel_not_found"


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"thread_ts": NEVER, "text": "x"}, "thread_not_found"),
        ("chat.postEphemeral", {"thread_ts": NEVER, "text": "x", "user": "U0BENOKAFOR"}, "thread_not_found"),
        ("chat.update", {"ts": NEVER, "text": "x"}, "message_not_found"),
        ("chat.delete", {"ts": NEVER}, "message_not_found"),
        ("chat.getPermalink", {"message_ts": NEVER}, "message_not_found"),
        ("chat.startStream", {"thread_ts": NEVER}, "invalid_thread_ts"),
        ("chat.appendStream", {"ts": NEVER, "markdown_text": "x"}, "message_not_found"),
        ("chat.stopStream", {"ts": NEVER}, "message_not_found"),
        ("conversations.replies", {"ts": NEVER}, "thread_not_found"),
        ("reactions.add", {"timestamp": NEVER, "name": "eyes"}, "message_not_found"),
        ("reactions.remove", {"timestamp": NEVER, "name": "eyes"}, "message_not_found"),
        ("pins.add", {"timestamp": NEVER}, "message_not_found"),
        ("assistant.threads.setStatus", {"thread_ts": NEVER, "status": "x"}, "invalid_thread_ts"),
    ],
)
def test_an_unknown_message_is_not_found_by(
    method: str, args: dict[str, Any], error: str, shared: LocalSlack
) -> None:
    place = dict.fromkeys(("channel", "channel_id"), shared.channels["incidents"])

    assert shared.api(method, **place, **args)["error"] == error


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("chat.postMessage", {"text": "x"}),
        ("chat.postEphemeral", {"user": "U0ALICECHEN", "text": "x"}),
        ("chat.update", {"ts": NEVER, "text": "x"}),
        ("conversations.history", {}),
        ("conversations.replies", {"ts": NEVER}),
        ("conversations.invite", {"users": "U0ALICECHEN"}),
        ("conversations.setTopic", {"topic": "x"}),
        ("conversations.archive", {}),
        ("reactions.add", {"timestamp": NEVER, "name": "eyes"}),
        ("pins.add", {"timestamp": NEVER}),
    ],
)
def test_the_app_must_be_in_the_channel_for(method: str, args: dict[str, Any], shared: LocalSlack) -> None:
    assert shared.api(method, channel=shared.channels["general"], **args)["error"] == "not_in_channel"


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"text": "x"}, "is_archived"),
        ("chat.postEphemeral", {"user": "U0ALICECHEN", "text": "x"}, "is_archived"),
        ("chat.update", {"text": "x"}, "is_inactive"),
        ("chat.startStream", {}, "is_archived"),
        ("conversations.join", {}, "is_archived"),
        ("conversations.invite", {"users": "U0ALICECHEN"}, "is_archived"),
        ("conversations.rename", {"name": "later"}, "is_archived"),
        ("conversations.leave", {}, "is_archived"),
        ("conversations.archive", {}, "already_archived"),
        ("conversations.setTopic", {"topic": "x"}, "is_archived"),
        ("reactions.add", {"name": "eyes"}, "is_archived"),
        ("reactions.remove", {"name": "eyes"}, "is_archived"),
    ],
)
def test_an_archived_channel_is_closed_for(
    method: str, args: dict[str, Any], error: str, slack: LocalSlack
) -> None:
    channel = slack.api("conversations.create", name="old-room")["channel"]["id"]
    ts = slack.api("chat.postMessage", channel=channel, text="x")["ts"]
    slack.api("conversations.archive", channel=channel)

    answer = slack.api(method, channel=channel, **{"ts": ts, "timestamp": ts, **args})

    assert answer["error"] == error


def test_an_archived_channel_can_still_be_read(slack: LocalSlack) -> None:
    slack.say("it was slow")
    slack.act("channels/archive", person="alice", channel="incidents")

    history = slack.api("conversations.history", channel=slack.channels["incidents"])

    assert "it was slow" in [m["text"] for m in history["messages"]]


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("users.info", {"user": "U0NOSUCHONE"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@e.org"}, "users_not_found"),
        ("conversations.open", {"users": "U0NOSUCHONE"}, "user_not_found"),
        ("conversations.invite", {"channel": "C0INCIDENTS", "users": "U0NOSUCHONE"}, "user_not_found"),
        ("conversations.invite", {"channel": "C0INCIDENTS", "users": "U0ALICECHEN"}, "already_in_channel"),
        ("conversations.invite", {"channel": "C0INCIDENTS", "users": "U0RUNBOOK01"}, "cant_invite_self"),
        ("usergroups.users.list", {"usergroup": "S0NOSUCH"}, "no_such_subteam"),
        ("views.update", {"view_id": "V0NOSUCH", "view": modal(section())}, "not_found"),
        ("views.publish", {"user_id": "U0NOSUCHONE", "view": modal(section())}, "user_not_found"),
        ("files.info", {"file": "F0NOSUCHONE"}, "file_not_found"),
        ("files.delete", {"file": "F0NOSUCHONE"}, "file_not_found"),
    ],
)
def test_nobody_and_nothing_is_not_found_by(
    method: str, args: dict[str, Any], error: str, shared: LocalSlack
) -> None:
    assert shared.api(method, **args)["error"] == error
