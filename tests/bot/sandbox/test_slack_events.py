"""Which happenings become events, and which do not reach the app at all."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.test_slack_access import MANIFEST

Heard = list[dict[str, Any]]


@pytest.fixture
def heard(slack: LocalSlack, bot: Bot) -> Heard:
    """Everything a connected app hears, in order."""
    return _listen(bot)


def _listen(bot: Bot) -> Heard:
    events: Heard = []

    @bot.app.event(re.compile(".+"))
    def hear(event: dict[str, Any]) -> None:
        events.append(event)

    bot.connect()
    return events


def _one(heard: Heard, **wanted: Any) -> dict[str, Any]:
    return eventually(lambda: [e for e in heard if wanted.items() <= e.items()])[0]


def test_a_channel_is_created_renamed_and_archived(slack: LocalSlack, heard: Heard) -> None:
    made = slack.act("channels", person="alice", name="inc-1")
    slack.act("channels/rename", person="alice", channel="inc-1", name="inc-2")
    slack.act("channels/archive", person="alice", channel="inc-2")

    assert _one(heard, type="channel_created")["channel"]["creator"] == slack.people["alice"]
    assert _one(heard, type="channel_rename")["channel"]["name"] == "inc-2"
    assert _one(heard, type="channel_archive")["channel"] == made["channel"]


def test_a_private_channel_is_created_in_silence(slack: LocalSlack, heard: Heard) -> None:
    slack.act("channels", person="alice", name="secret", is_private=True)
    slack.act("channels", person="alice", name="open")

    _one(heard, type="channel_created")
    assert [e["channel"]["name"] for e in heard if e["type"] == "channel_created"] == ["open"]


def test_an_invited_app_hears_that_it_joined(slack: LocalSlack, heard: Heard) -> None:
    slack.act("channels/invite", person="ben", channel="general", user="runbook")

    event = _one(heard, type="member_joined_channel")
    assert event["user"] == slack.ready["bot_user_id"]
    assert event["inviter"] == slack.people["ben"]


def test_a_mention_in_a_foreign_channel_is_heard_only_after_the_invitation(
    slack: LocalSlack, heard: Heard
) -> None:
    said = slack.act("messages", person="ben", channel="general", text="@Runbook hello")
    assert said["outsiders"] == [slack.ready["bot_user_id"]]
    slack.say("marker")
    _one(heard, type="message", text="marker")
    assert not [e for e in heard if e["type"] == "app_mention"]

    slack.act("channels/invite", person="ben", channel="general", user="runbook", message_ts=said["ts"])

    assert _one(heard, type="app_mention")["ts"] == said["ts"]


def test_a_direct_message_is_no_mention(slack: LocalSlack, heard: Heard) -> None:
    channel = slack.act("home", person="alice", tab="messages")["channel"]
    slack.say("@Runbook hello", channel=channel)

    assert _one(heard, type="message")["channel_type"] == "im"
    assert not [e for e in heard if e["type"] == "app_mention"]


def test_looking_at_the_app_is_an_event(slack: LocalSlack, heard: Heard) -> None:
    slack.act("home", person="carol", tab="home")

    assert _one(heard, type="app_home_opened", tab="home")["user"] == slack.people["carol"]


def test_a_reply_names_its_thread(slack: LocalSlack, heard: Heard) -> None:
    root = slack.say("root")
    slack.say("reply", person="ben", thread_ts=root)

    event = _one(heard, type="message", text="reply")
    assert event["thread_ts"] == root
    assert event["parent_user_id"] == slack.people["alice"]


def test_edits_and_deletions_are_hidden_messages(slack: LocalSlack, heard: Heard) -> None:
    ts = slack.say("first")
    slack.act("messages/edit", person="alice", channel="incidents", ts=ts, text="second")
    slack.act("messages/delete", person="alice", channel="incidents", ts=ts)

    changed = _one(heard, type="message", subtype="message_changed")
    assert changed["message"]["text"] == "second"
    assert changed["previous_message"]["text"] == "first"
    assert changed["message"]["edited"]
    assert _one(heard, type="message", subtype="message_deleted")["deleted_ts"] == ts


def test_an_alert_has_attachments_and_an_empty_text(slack: LocalSlack, heard: Heard) -> None:
    slack.act(
        "alerts", channel="incidents", title="p99 high", text="above 800 ms", fields={"Service": "checkout"}
    )

    event = _one(heard, type="message", subtype="bot_message")
    assert event["text"] == ""
    assert event["bot_id"] == "B0CWALARMS1"
    assert "user" not in event
    assert event["attachments"][0]["title"] == "p99 high"
    assert event["attachments"][0]["fields"] == [{"title": "Service", "value": "checkout", "short": True}]


def test_reactions_are_heard(slack: LocalSlack, heard: Heard) -> None:
    ts = slack.say("hello")
    slack.act("reactions", person="ben", channel="incidents", ts=ts, name="eyes")

    event = _one(heard, type="reaction_added")
    assert event["item"] == {"type": "message", "channel": slack.channels["incidents"], "ts": ts}
    assert event["item_user"] == slack.people["alice"]


def test_what_the_app_posts_comes_back_and_bolt_drops_it(slack: LocalSlack, heard: Heard) -> None:
    slack.post(text="from the app")
    slack.say("marker")

    _one(heard, text="marker")
    assert not [e for e in heard if e.get("text") == "from the app"]


def test_the_stop_button_of_a_session_is_an_event(slack: LocalSlack, heard: Heard) -> None:
    ts = slack.say("hello")
    slack.act("stop", person="alice", channel="incidents", thread_ts=ts)

    assert _one(heard, type="agent_session_stopped")["thread_ts"] == ts


@pytest.fixture
def deaf(start: Callable[..., LocalSlack], tmp_path: Path) -> Iterator[Bot]:
    path = tmp_path / "manifest.yml"
    path.write_text(yaml.safe_dump(MANIFEST))
    one = Bot(start("--manifest", str(path)))
    yield one
    one.close()


def test_an_app_hears_only_what_it_subscribed_to(deaf: Bot) -> None:
    heard = _listen(deaf)
    deaf.slack.act("channels", person="alice", name="inc-1")
    deaf.slack.say("hello")
    deaf.slack.say("@Runbook hello")

    _one(heard, type="app_mention")
    assert {e["type"] for e in heard} == {"app_mention"}
