"""Posting, changing and deleting: what Slack refuses, and what a message looks like afterwards."""

from typing import Any

import pytest

from tests.bot.sandbox.kit import actions, button, section
from tests.bot.sandbox.local_slack import LocalSlack


def test_a_channel_nobody_knows_is_not_found(shared: LocalSlack) -> None:
    assert shared.post("C0NOSUCHONE", text="x")["error"] == "channel_not_found"


def test_a_channel_may_be_named_with_its_hash(shared: LocalSlack) -> None:
    assert shared.api("chat.postMessage", channel="#incidents", text="x")["ok"]


def test_posting_needs_membership(shared: LocalSlack) -> None:
    assert shared.post("general", text="x")["error"] == "not_in_channel"


def test_nothing_is_posted_to_an_archived_channel(slack: LocalSlack) -> None:
    slack.act("channels/archive", person="alice", channel="incidents")

    assert slack.post(text="x")["error"] == "is_archived"


def test_nothing_is_changed_in_an_archived_channel(slack: LocalSlack) -> None:
    posted = slack.post(text="x")
    slack.act("channels/archive", person="alice", channel="incidents")

    answer = slack.api("chat.update", channel=posted["channel"], ts=posted["ts"], text="y")

    assert answer["error"] == "is_inactive"


@pytest.mark.parametrize("args", [{}, {"text": ""}, {"text": "", "blocks": []}])
def test_a_message_says_something(args: dict[str, Any], shared: LocalSlack) -> None:
    assert shared.post(**args)["error"] == "no_text"


def test_long_texts_are_cut(shared: LocalSlack) -> None:
    assert len(shared.post(text="x" * 50_000)["message"]["text"]) == 40_000


@pytest.mark.parametrize("text", ["x" * 4001, "é" * 2001])
def test_long_texts_are_refused_in_updates(text: str, shared: LocalSlack) -> None:
    posted = shared.post(text="x")

    answer = shared.api("chat.update", channel=posted["channel"], ts=posted["ts"], text=text)

    assert answer["error"] == "msg_too_long"


def test_a_thread_needs_its_root(shared: LocalSlack) -> None:
    assert shared.post(text="x", thread_ts="1234567890.123456")["error"] == "thread_not_found"


def test_a_reply_to_a_reply_lands_in_the_same_thread(shared: LocalSlack) -> None:
    root = shared.post(text="root")["ts"]
    reply = shared.post(text="reply", thread_ts=root)["ts"]

    second = shared.post(text="reply to the reply", thread_ts=reply)

    assert second["message"]["thread_ts"] == root


def test_markdown_text_stands_alone(shared: LocalSlack) -> None:
    assert shared.post(text="x", markdown_text="y")["error"] == "markdown_text_conflict"
    assert shared.post(markdown_text="**y**")["ok"]


@pytest.mark.parametrize("attachments", ["not json", '{"text": "x"}', '["x"]'])
def test_attachments_are_an_array_of_objects(attachments: str, shared: LocalSlack) -> None:
    assert shared.post(text="x", attachments=attachments)["error"] == "invalid_attachments"


def test_there_is_a_limit_of_100_attachments(shared: LocalSlack) -> None:
    assert shared.post(text="x", attachments=[{"text": "x"}] * 101)["error"] == "too_many_attachments"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("nonsense", "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "x", "event_payload": "y"}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"y": "z" * 16_000}}, "metadata_too_large"),
    ],
)
def test_metadata_has_a_form(metadata: Any, error: str, shared: LocalSlack) -> None:
    assert shared.post(text="x", metadata=metadata)["error"] == error


def test_metadata_is_returned_only_when_asked_for(shared: LocalSlack) -> None:
    metadata = {"event_type": "run", "event_payload": {"id": "inv-1"}}
    posted = shared.post(text="x", metadata=metadata)
    where = {"channel": posted["channel"], "ts": posted["ts"]}

    plain = shared.api("conversations.replies", **where)["messages"][0]
    full = shared.api("conversations.replies", **where, include_all_metadata=True)["messages"][0]

    assert "metadata" not in plain
    assert full["metadata"] == metadata


def test_only_messages_that_exist_are_updated(shared: LocalSlack) -> None:
    channel = shared.channels["incidents"]

    assert shared.api("chat.update", channel=channel, ts="1.2", text="x")["error"] == "message_not_found"


def test_only_own_messages_are_updated(shared: LocalSlack) -> None:
    ts = shared.say("mine")

    answer = shared.api("chat.update", channel=shared.channels["incidents"], ts=ts, text="x")

    assert answer["error"] == "cant_update_message"


def test_only_own_messages_are_deleted(shared: LocalSlack) -> None:
    ts = shared.say("mine")

    answer = shared.api("chat.delete", channel=shared.channels["incidents"], ts=ts)

    assert answer["error"] == "cant_delete_message"


def test_an_update_with_text_alone_drops_the_blocks_and_is_marked(shared: LocalSlack) -> None:
    posted = shared.post(text="x", blocks=[section()])

    answer = shared.api("chat.update", channel=posted["channel"], ts=posted["ts"], text="y")

    assert "blocks" not in answer["message"]
    assert answer["message"]["edited"]["user"] == shared.ready["bot_user_id"]


def test_an_update_with_blocks_alone_keeps_the_text_and_is_not_marked(shared: LocalSlack) -> None:
    posted = shared.post(text="x", blocks=[section()])

    answer = shared.api("chat.update", channel=posted["channel"], ts=posted["ts"], blocks=[section("new")])

    assert answer["text"] == "x"
    assert answer["message"]["blocks"][0]["text"]["text"] == "new"
    assert "edited" not in answer["message"]


def test_an_update_keeps_the_attachments_it_does_not_name(shared: LocalSlack) -> None:
    posted = shared.post(text="x", attachments=[{"text": "kept"}])
    where = {"channel": posted["channel"], "ts": posted["ts"]}

    kept = shared.api("chat.update", **where, text="y")["message"]
    dropped = shared.api("chat.update", **where, text="y", attachments=[])["message"]

    assert kept["attachments"][0]["text"] == "kept"
    assert "attachments" not in dropped


def test_a_deleted_root_leaves_a_stone_and_its_replies(shared: LocalSlack) -> None:
    root = shared.say("root")
    reply = shared.post(text="reply", thread_ts=root)

    shared.act("messages/delete", person="alice", channel="incidents", ts=root)

    thread = shared.api("conversations.replies", channel=reply["channel"], ts=root)["messages"]
    assert [m.get("subtype") for m in thread] == ["tombstone", None]


def test_a_deleted_message_cannot_be_updated(shared: LocalSlack) -> None:
    posted = shared.post(text="x")
    shared.act("messages/delete", person="alice", channel="incidents", ts=posted["ts"])

    answer = shared.api("chat.update", channel=posted["channel"], ts=posted["ts"], text="y")

    assert answer["error"] == "message_not_found"


def test_a_direct_message_goes_to_a_person(shared: LocalSlack) -> None:
    posted = shared.api("chat.postMessage", channel=shared.people["alice"], text="hello")

    assert posted["channel"].startswith("D")
    assert (
        shared.api("conversations.info", channel=posted["channel"])["channel"]["user"]
        == shared.people["alice"]
    )


def test_history_is_newest_first_and_leaves_replies_out(slack: LocalSlack) -> None:
    first = slack.post(text="first")["ts"]
    slack.post(text="reply", thread_ts=first)
    slack.post(text="second")

    answer = slack.api("conversations.history", channel=slack.channels["incidents"])

    assert [m["text"] for m in answer["messages"]] == ["second", "first"]
    assert answer["messages"][1]["reply_count"] == 1


def test_history_comes_in_pages(slack: LocalSlack) -> None:
    for number in range(5):
        slack.say(f"message {number}")
    channel = slack.channels["incidents"]

    first = slack.api("conversations.history", channel=channel, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    second = slack.api("conversations.history", channel=channel, limit=2, cursor=cursor)

    assert first["has_more"]
    assert [m["text"] for m in second["messages"]] == ["message 2", "message 1"]
    assert slack.api("conversations.history", channel=channel, cursor="nonsense")["error"] == "invalid_cursor"


def test_a_permalink_opens_the_message(shared: LocalSlack) -> None:
    posted = shared.post(text="x")

    link = shared.api("chat.getPermalink", channel=posted["channel"], message_ts=posted["ts"])["permalink"]

    assert link.endswith(f"/archives/{posted['channel']}/p{posted['ts'].replace('.', '')}")
    assert shared.http.get(link).status_code == 200


def test_a_pressed_button_must_be_in_the_message_as_it_is_now(shared: LocalSlack) -> None:
    posted = shared.post(text="x", blocks=[actions(button("go", visible_to_user_ids=[shared.people["ben"]]))])

    answer = shared.act(
        "actions", person="carol", channel="incidents", message_ts=posted["ts"], action_id="go"
    )

    assert answer["error"] == "no_such_element"


def test_arguments_come_as_form_query_or_json(shared: LocalSlack) -> None:
    token = {"token": shared.ready["bot_token"]}
    args = {"channel": shared.channels["incidents"], "text": "x", "blocks": '[{"type": "divider"}]'}

    form = shared.http.post("api/chat.postMessage", data={**args, **token}).json()
    query = shared.http.get("api/chat.postMessage", params={**args, **token}).json()
    body = shared.post(text="x", blocks=[{"type": "divider"}])

    assert form["message"]["blocks"][0]["type"] == "divider"
    assert query["ok"]
    assert body["ok"]


@pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[1]", "json_not_object")])
def test_a_json_body_is_an_object(body: str, error: str, shared: LocalSlack) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {shared.ready['bot_token']}"}

    assert shared.http.post("api/auth.test", content=body, headers=headers).json()["error"] == error
