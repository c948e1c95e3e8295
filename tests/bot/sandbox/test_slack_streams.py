"""Streamed messages: where they may start, how they grow, and when they are over."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.bot.sandbox.kit import section
from tests.bot.sandbox.local_slack import LocalSlack


def begin(slack: LocalSlack, **more: Any) -> dict[str, Any]:
    """Start a stream in a thread of #incidents, for Alice."""
    wish = {
        "channel": slack.channels["incidents"],
        "thread_ts": slack.say("please"),
        "recipient_team_id": slack.ready["team_id"],
        "recipient_user_id": slack.people["alice"],
        **more,
    }
    return slack.api("chat.startStream", **{key: value for key, value in wish.items() if value is not None})


def append(slack: LocalSlack, stream: dict[str, Any], **more: Any) -> dict[str, Any]:
    return slack.api("chat.appendStream", channel=stream["channel"], ts=stream["ts"], **more)


def stop(slack: LocalSlack, stream: dict[str, Any], **more: Any) -> dict[str, Any]:
    return slack.api("chat.stopStream", channel=stream["channel"], ts=stream["ts"], **more)


def task(status: str, **more: Any) -> dict[str, Any]:
    return {"type": "task_update", "id": "t1", "title": "Check the pool", "status": status, **more}


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ("thread_ts", "invalid_thread_ts"),
        ("recipient_user_id", "missing_recipient_user_id"),
        ("recipient_team_id", "missing_recipient_team_id"),
    ],
)
def test_a_stream_in_a_channel_needs(missing: str, error: str, shared: LocalSlack) -> None:
    assert begin(shared, **{missing: None})["error"] == error


def test_a_stream_in_a_direct_message_needs_no_recipient(shared: LocalSlack) -> None:
    channel = shared.act("home", person="ben", tab="messages")["channel"]
    root = shared.say("hello", person="ben", channel=channel)

    assert shared.api("chat.startStream", channel=channel, thread_ts=root)["ok"]


def test_text_grows_and_is_final_after_the_stop(shared: LocalSlack) -> None:
    stream = begin(shared, markdown_text="**Hello")
    append(shared, stream, markdown_text=" world**")

    answer = stop(shared, stream, blocks=[section("footer")])

    assert answer["message"]["text"] == "**Hello world**"
    assert [b["type"] for b in answer["message"]["blocks"]] == ["markdown", "section"]
    assert answer["message"]["streaming_state"] == "completed"


def test_tasks_are_updated_by_id_and_keep_what_they_said(shared: LocalSlack) -> None:
    stream = begin(shared, chunks=[task("in_progress", details="looking")])
    append(shared, stream, chunks=[task("complete", details="found", output="5 of 50")])

    card = stop(shared, stream)["message"]["blocks"][0]

    assert card["status"] == "complete"
    assert [e["elements"][0]["text"] for e in card["details"]["elements"]] == ["looking", "found"]


def test_in_plan_mode_tasks_stand_in_one_plan(shared: LocalSlack) -> None:
    stream = begin(shared, task_display_mode="plan", chunks=[{"type": "plan_update", "title": "Testing"}])
    append(shared, stream, chunks=[task("pending"), {"type": "markdown_text", "text": "so far"}])

    plan, text = stop(shared, stream)["message"]["blocks"]

    assert plan["title"] == "Testing"
    assert plan["tasks"][0]["task_id"] == "t1"
    assert text["text"] == "so far"


def test_a_stopped_stream_takes_no_more(shared: LocalSlack) -> None:
    stream = begin(shared, markdown_text="x")
    stop(shared, stream)

    assert append(shared, stream, markdown_text="y")["error"] == "message_not_in_streaming_state"
    assert stop(shared, stream)["error"] == "message_not_in_streaming_state"


def test_a_stream_dies_after_five_minutes(shared: LocalSlack) -> None:
    stream = begin(shared, markdown_text="x")
    shared.advance(299)
    assert append(shared, stream, markdown_text="y")["ok"]

    shared.advance(2)

    assert append(shared, stream, markdown_text="z")["error"] == "message_not_in_streaming_state"


def test_a_running_stream_cannot_be_updated_otherwise(shared: LocalSlack) -> None:
    stream = begin(shared, markdown_text="x")

    answer = shared.api("chat.update", channel=stream["channel"], ts=stream["ts"], text="y")

    assert answer["error"] == "streaming_state_conflict"


def test_only_messages_of_the_app_are_streams(shared: LocalSlack) -> None:
    ts = shared.say("mine")

    answer = shared.api("chat.appendStream", channel=shared.channels["incidents"], ts=ts, markdown_text="x")

    assert answer["error"] == "message_not_owned_by_app"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "markdown_text_or_chunks_required"),
        ({"markdown_text": "x", "chunks": [task("pending")]}, "cannot_provide_both_markdown_text_and_chunks"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"chunks": [task("pending")]}, "streaming_mode_mismatch"),
        ({"chunks": [task("completed")]}, "invalid_chunks"),
        ({"chunks": [{"type": "sparkle"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "task_update", "id": "t1"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "blocks", "blocks": [{"type": "sparkle"}]}]}, "invalid_blocks"),
    ],
)
def test_what_is_appended_has_a_form(args: dict[str, Any], error: str, shared: LocalSlack) -> None:
    stream = begin(shared, markdown_text="started with text")

    assert append(shared, stream, **args)["error"] == error


def test_other_readers_see_the_first_chunk_and_then_the_end(shared: LocalSlack) -> None:
    with shared.http.stream("GET", "_slack/stream?person=ben", timeout=5) as page:
        lines = page.iter_lines()
        next(lines)
        stream = begin(shared, markdown_text="first")
        append(shared, stream, markdown_text=" second")
        stop(shared, stream)
        seen: list[str] = []
        for line in lines:
            if stream["ts"] in line and '"kind": "message"' in line and '"streaming_state"' in line:
                seen.append(line)
            if '"completed"' in line:
                break

    assert len(seen) == 2
    assert "second" not in seen[0]
    assert "first second" in seen[1]


@pytest.mark.parametrize("buffer_size", [1, 10_000])
def test_the_sdks_own_helper_streams(buffer_size: int, shared: LocalSlack) -> None:
    client = WebClient(token=shared.ready["bot_token"], base_url=shared.ready["api"])
    writer = client.chat_stream(
        buffer_size=buffer_size,
        channel=shared.channels["incidents"],
        thread_ts=shared.say("please"),
        recipient_team_id=shared.ready["team_id"],
        recipient_user_id=shared.people["alice"],
    )
    writer.append(markdown_text="Hello")
    writer.append(markdown_text=" world")
    writer.append(chunks=[task("complete")])
    writer.stop()

    assert shared.messages()[-1]["text"] == "Hello world"


def test_a_status_is_gone_with_the_next_message(slack: LocalSlack) -> None:
    where = {"channel_id": slack.channels["incidents"], "thread_ts": slack.say("please")}
    assert slack.api("assistant.threads.setStatus", **where, status="is looking…")["ok"]
    assert slack.look("state")["statuses"][0]["text"] == "is looking…"

    slack.post(text="found it", thread_ts=where["thread_ts"])

    assert slack.look("state")["statuses"] == []


def test_a_status_is_gone_after_two_minutes(slack: LocalSlack) -> None:
    where = {"channel_id": slack.channels["incidents"], "thread_ts": slack.say("please")}
    slack.api("assistant.threads.setStatus", **where, status="is looking…")

    slack.advance(121)

    assert slack.look("state")["statuses"] == []


def test_a_status_needs_the_root_of_a_thread(shared: LocalSlack) -> None:
    root = shared.say("please")
    reply = shared.post(text="reply", thread_ts=root)

    answer = shared.api(
        "assistant.threads.setStatus",
        channel_id=reply["channel"],
        thread_ts=reply["ts"],
        status="is looking…",
    )

    assert answer["error"] == "invalid_thread_ts"


def test_there_are_ten_loading_messages_at_most(shared: LocalSlack) -> None:
    where = {"channel_id": shared.channels["incidents"], "thread_ts": shared.say("please")}
    answer = shared.api("assistant.threads.setStatus", **where, status="x", loading_messages=["x"] * 11)

    assert answer["error"] == "invalid_arguments"


def test_there_are_four_suggested_prompts_at_most(shared: LocalSlack) -> None:
    prompt = {"title": "Status", "message": "What is running?"}
    channel = shared.act("home", person="ben", tab="messages")["channel"]

    assert shared.api("assistant.threads.setSuggestedPrompts", channel_id=channel, prompts=[prompt] * 4)["ok"]
    answer = shared.api("assistant.threads.setSuggestedPrompts", channel_id=channel, prompts=[prompt] * 5)
    assert answer["error"] == "invalid_arguments"


def test_a_session_has_one_of_four_states(shared: LocalSlack) -> None:
    where = {"channel_id": shared.channels["incidents"], "thread_ts": shared.say("please")}

    wrong = shared.api("agents.sessions.setStatus", **where, status="thinking")
    right = shared.api("agents.sessions.setStatus", **where, status="processing")

    assert wrong["errors"] == ["must be a valid enum value [json-pointer:/status]"]
    assert right["ok"]


def test_a_session_takes_the_place_of_the_status_and_the_other_way_round(slack: LocalSlack) -> None:
    where = {"channel_id": slack.channels["incidents"], "thread_ts": slack.say("please")}
    slack.api("assistant.threads.setStatus", **where, status="is looking…")
    slack.api("agents.sessions.setStatus", **where, status="processing")
    session = [row["text"] for row in slack.look("state")["statuses"]]
    slack.api("assistant.threads.setStatus", **where, status="is weighing…")
    status = [row["text"] for row in slack.look("state")["statuses"]]

    assert session == ["is working…"]
    assert status == ["is weighing…"]
