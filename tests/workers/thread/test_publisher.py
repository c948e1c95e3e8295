"""The publisher against a local Slack that misbehaves on demand: each post once, the last word always."""

import threading
from itertools import pairwise
from typing import Any

from tests.bot.sandbox.local_slack import LocalSlack
from tests.faults.waiting import eventually, never
from tests.workers import making
from tests.workers.thread.conftest import Room, section
from workers.clock import Clock
from workers.domain.conclusion import Picture

PICTURE = {
    "type": "image",
    "block_id": "picture",
    "image_url": "https://nowhere.invalid/x.png",
    "alt_text": "errors",
}


def plan(room: Room, kind: str, method: str, **more: Any) -> None:
    room.slack.act("faults", kind=kind, method=method, **more)


def picture() -> Picture:
    return Picture(title="checkout errors", series=(making.series([1.0, 2.0, 9.0, 9.5]),))


def test_post_goes_out_once(room: Room) -> None:
    room.say("Looking into it.")

    for _ in range(3):
        room.deliver()

    assert room.texts() == ["Looking into it."]
    assert room.messages()[0]["thread_ts"] == room.root
    assert not room.unsaid()


def test_head_of_the_audit_is_one_message_of_its_own(unrooted: Room) -> None:
    room = unrooted
    plan(room, "timeout_after_effect", "chat.postMessage")
    Clock(room.ledger, room.plant.queue, room.channel).witnessed()
    head = room.ledger.audit_records()[-1].hash
    ((room.investigation,),) = room.plant.sql("SELECT investigation FROM requests WHERE key LIKE 'audit:%'")

    room.until(lambda: room.hurry() or not room.unsaid())

    said = [m for m in room.messages() if m["text"].startswith("Audit of ")]
    assert len(said) == 1
    assert f"whole. Head `{head}`" in str(said[0]["blocks"])
    assert said[0].get("thread_ts", said[0]["ts"]) == said[0]["ts"]


def test_no_message_is_unfurled(room: Room) -> None:
    room.say("See https://evil.example/?q=1 for more.")

    room.deliver()

    (call,) = room.calls("chat.postMessage")
    assert [str(call["args"][name]).lower() for name in ("unfurl_links", "unfurl_media")] == ["false"] * 2


def test_later_body_edits_the_message(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()

    room.say("Found it.")
    room.until(lambda: room.texts() == ["Found it."])

    assert len(room.calls("chat.postMessage")) == 1


def test_lost_answer_is_found_and_not_posted_again(room: Room) -> None:
    plan(room, "timeout_after_effect", "chat.postMessage")
    room.say("Looking into it.")
    room.deliver()
    assert room.texts() == ["Looking into it."]
    assert room.unsaid()

    room.say("Found it.")
    room.until(lambda: room.texts() == ["Found it."])

    assert not room.unsaid()
    assert len(room.calls("chat.postMessage")) == 1


def test_lost_answer_about_a_root_is_found_too(unrooted: Room) -> None:
    room = unrooted
    plan(room, "timeout_after_effect", "chat.postMessage")
    room.say("Looking into it.")
    room.say("The cause.", key="cause")

    room.until(lambda: not room.unsaid())

    assert room.texts() == ["Looking into it.", "The cause."]
    root, cause = room.messages()
    assert cause["thread_ts"] == root["ts"]


def test_lost_answer_far_down_a_long_thread_is_found(room: Room) -> None:
    for number in range(210):
        if number % 4 == 0:
            room.slack.advance(5)
        room.slack.say(f"noise {number}", channel=room.channel, thread_ts=room.root)
    plan(room, "timeout_after_effect", "chat.postMessage")
    room.say("Looking into it.")

    room.until(lambda: not room.unsaid())

    assert room.texts() == ["Looking into it."]


def test_call_that_never_arrived_is_made_again(room: Room) -> None:
    plan(room, "timeout", "chat.postMessage", seconds=0)
    room.say("Looking into it.")

    room.until(lambda: room.texts())

    assert room.texts() == ["Looking into it."]


def test_rate_limit_is_waited_for_as_long_as_slack_says(room: Room) -> None:
    plan(room, "ratelimited", "chat.postMessage", retry_after=2)
    room.say("Looking into it.")
    room.deliver()
    assert 1 < room.due() <= 2
    assert room.texts() == []

    room.until(lambda: room.texts())

    times = [call["at"] for call in room.calls("chat.postMessage")]
    assert len(times) == 2
    assert times[1] - times[0] >= 1.9


def test_rate_limit_on_progress_holds_up_no_cause(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()
    plan(room, "ratelimited", "chat.update", retry_after=25)
    room.say("Still looking.")
    room.deliver()

    room.say("The cause.", key="cause", urgent=True)
    room.until(lambda: "The cause." in room.texts(), patience=5)

    assert room.due() > 15


def test_server_errors_are_outlasted(room: Room) -> None:
    plan(room, "500", "chat.postMessage", times=2)
    room.say("Looking into it.")
    room.deliver()
    assert room.unsaid()
    room.hurry()
    room.deliver()
    room.hurry()
    room.deliver()

    assert room.texts() == ["Looking into it."]


def test_slack_that_is_away_for_long_loses_nothing(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()
    for method in ("chat.postMessage", "chat.update"):
        plan(room, "500", method, times=20, status=503)
    room.say("The cause.", key="cause", urgent=True)
    room.say("Found it.", urgent=True)

    for _ in range(12):
        room.deliver()
        assert room.unsaid()
        assert room.due() <= 61
        room.hurry()
    room.slack.act("faults", clear=True)

    room.until(lambda: room.texts() == ["Found it.", "The cause."])


def test_word_of_slack_that_nobody_knows_is_given_up_in_the_end(room: Room) -> None:
    plan(room, "error", "chat.postMessage", times=9, error="some_new_code")
    room.say("Looking into it.")

    for _ in range(9):
        room.deliver()
        room.hurry()

    assert room.error() == "some_new_code"
    assert len(room.calls("chat.postMessage")) == 7
    room.slack.act("faults", clear=True)


def test_deleted_message_is_replaced_once(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()
    (message,) = room.messages()
    room.slack.act("messages/delete", person="ben", channel=room.channel, ts=message["ts"])

    room.say("Found it.", urgent=True)
    room.until(lambda: room.texts() == ["Found it."])
    room.say("Verified.", urgent=True)
    room.until(lambda: room.texts() == ["Verified."])

    assert len(room.calls("chat.postMessage")) == 2


def test_lost_answer_to_a_replacement_neither_doubles_it_nor_breaks_the_publisher(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()
    (message,) = room.messages()
    room.slack.act("messages/delete", person="ben", channel=room.channel, ts=message["ts"])
    plan(room, "timeout_after_effect", "chat.postMessage")
    room.say("Found it.", urgent=True)

    room.until(lambda: not room.unsaid())

    assert room.texts() == ["Found it."]


def test_archived_channel_is_left_alone(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()
    room.slack.act("channels/archive", person="alice", channel=room.channel)
    room.say("Found it.", urgent=True)
    room.say("The cause.", key="cause", urgent=True)

    for _ in range(5):
        room.deliver()
        room.hurry()

    assert not room.unsaid()
    assert room.error() == "is_inactive; is_archived"
    assert len(room.calls("chat.update")) == 1
    assert len(room.calls("chat.postMessage")) == 2


def test_refused_blocks_leave_the_sentence(room: Room) -> None:
    room.say("The cause is a deployment.", blocks=(section("x" * 3001),))

    room.deliver()

    assert room.texts() == ["The cause is a deployment."]
    assert not room.unsaid()


def test_refused_blocks_of_an_edit_leave_the_sentence(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()

    room.say("The cause is a deployment.", blocks=(section("x" * 3001),), urgent=True)
    room.deliver()

    (message,) = room.messages()
    assert message["text"] == "The cause is a deployment."
    assert "Looking into it." not in str(message.get("blocks"))


def test_lost_answer_to_the_plain_sentence_breaks_nothing(room: Room) -> None:
    plan(room, "timeout_after_effect", "chat.postMessage", skip=1)
    room.say("The cause is a deployment.", blocks=(section("x" * 3001),))

    room.until(lambda: not room.unsaid())

    assert room.texts() == ["The cause is a deployment."]


def test_picture_is_shown_once_slack_has_looked_at_it(room: Room) -> None:
    room.say("The cause.", key="cause", blocks=(section("The cause."), PICTURE), picture=picture())

    room.deliver()

    (message,) = room.messages()
    assert [block["type"] for block in message["blocks"]] == ["section", "image"]
    assert message["blocks"][1]["slack_file"]["id"]
    assert len(room.calls("chat.postMessage")) > 1


def test_message_comes_without_a_picture_that_slack_refuses(room: Room) -> None:
    plan(room, "error", "files.completeUploadExternal", error="file_uploads_disabled")
    room.say("The cause.", key="cause", blocks=(section("The cause."), PICTURE), picture=picture())

    room.deliver()

    (message,) = room.messages()
    assert [block["type"] for block in message["blocks"]] == ["section"]


def test_picture_stays_when_the_answer_about_it_is_lost(room: Room) -> None:
    # Slack refuses the picture as long as it looks at it, so the second call or the third is the good one.
    plan(room, "timeout_after_effect", "chat.postMessage", skip=1, times=2)
    room.say("The cause.", key="cause", blocks=(section("The cause."), PICTURE), picture=picture())

    room.until(lambda: not room.unsaid())

    (message,) = room.messages()
    assert [block["type"] for block in message["blocks"]] == ["section", "image"]
    room.slack.act("faults", clear=True)


def test_live_edits_are_coalesced_and_the_last_word_is_delivered(room: Room) -> None:
    room.say("Step 0")
    room.deliver()

    for number in range(1, 20):
        room.say(f"Step {number}")
        never(lambda: room.deliver(), 0.2)
    room.until(lambda: room.texts() == ["Step 19"])

    times = [call["at"] for call in room.calls("chat.update")]
    assert 2 <= len(times) <= 4
    assert all(later - earlier >= 1.9 for earlier, later in pairwise(times))


def test_workspace_has_a_budget_of_edits_that_urgent_ones_are_free_of(room: Room) -> None:
    room.say("Looking into it.")
    room.say("Approval needed.", key="card", urgent=True)
    room.until(lambda: len(room.texts()) == 2)
    team = room.slack.ready["team_id"]
    for number in range(45):
        assert room.plant.queue.take(f"chat.update:{team}", 45, 60.0, f"others-{number}") == 0

    room.say("Still looking.")
    room.say("Approved.", key="card", urgent=True)
    room.deliver()

    assert sorted(room.texts()) == ["Approved.", "Looking into it."]
    assert room.due() > 50


def test_urgent_posts_are_sent_before_progress(room: Room) -> None:
    room.say("Looking into it.")
    room.say("Something else.", key="note")
    room.say("Approval needed.", key="card", urgent=True)

    room.deliver()

    assert [call["args"]["text"] for call in room.calls("chat.postMessage")] == [
        "Approval needed.",
        "Looking into it.",
        "Something else.",
    ]


def test_publishers_at_once_never_post_twice(room: Room) -> None:
    plan(room, "slow", "chat.postMessage", seconds=0.2, times=4)
    for number in range(4):
        room.say(f"Post {number}", key=f"post-{number}")
    publishers = [room.another() for _ in range(6)]
    stop = threading.Event()

    def run(number: int) -> None:
        while not stop.is_set():
            publishers[number].deliver(room.investigation)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    eventually(lambda: not room.unsaid())
    stop.set()
    for thread in threads:
        thread.join(20)

    assert sorted(room.texts()) == [f"Post {n}" for n in range(4)]
    assert len(room.calls("chat.postMessage")) == 4


def test_nothing_is_said_before_its_root(unrooted: Room) -> None:
    room = unrooted
    room.say("The cause.", key="cause", urgent=True)
    room.deliver()
    assert room.texts() == []

    room.say("Looking into it.")
    room.until(lambda: len(room.texts()) == 2)

    root, cause = room.messages()
    assert (root["text"], cause["thread_ts"]) == ("Looking into it.", root["ts"])


def test_word_to_one_person_is_seen_by_them_alone(room: Room, local_slack: LocalSlack) -> None:
    room.say("You are not an approver.", key="refusal", person=local_slack.people["carol"])

    room.deliver()

    def seen(person: str) -> str:
        return str(local_slack.look("state", person=person))

    assert "You are not an approver." in seen("carol")
    assert "You are not an approver." not in seen("alice")


def test_edits_go_on_while_redis_is_away(room: Room) -> None:
    room.say("Looking into it.")
    room.deliver()
    room.plant.redis.kill()
    room.say("Approved.", urgent=True)
    room.deliver()
    assert room.texts() == ["Approved."]

    room.say("Still looking.")
    room.deliver()
    assert room.unsaid()
    room.plant.redis.start()

    room.until(lambda: room.texts() == ["Still looking."])
