"""Commands, shortcuts and response URLs: what the app is told, and how it answers."""

from typing import Any

import pytest

from tests.bot.sandbox.kit import actions, button, section
from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually


@pytest.fixture
def url(slack: LocalSlack, bot: Bot) -> str:
    """The response URL of a button Ben pressed."""
    urls: list[str] = []

    @bot.app.action("go")
    def go(ack: Any, body: dict[str, Any]) -> None:
        ack()
        urls.append(body["response_url"])

    bot.connect()
    posted = slack.post(text="original", blocks=[actions(button("go"))])
    slack.act("actions", person="ben", channel="incidents", message_ts=posted["ts"], action_id="go")
    return eventually(lambda: urls)[0]


def answer(slack: LocalSlack, url: str, **body: Any) -> tuple[int, str]:
    response = slack.http.post(url, json=body)
    return response.status_code, response.text


def whispers(slack: LocalSlack, person: str = "ben") -> list[dict[str, Any]]:
    return slack.look("state")["ephemerals"][slack.people[person]]


def test_an_answer_is_for_the_person_alone(slack: LocalSlack, url: str) -> None:
    assert answer(slack, url, text="only you") == (200, "ok")

    assert [m["text"] for m in whispers(slack)] == ["only you"]
    assert len(slack.messages()) == 1


def test_an_answer_may_be_for_the_channel(slack: LocalSlack, url: str) -> None:
    answer(slack, url, text="for all", response_type="in_channel")

    assert slack.messages()[-1]["text"] == "for all"


def test_an_answer_may_replace_or_delete_the_original(slack: LocalSlack, url: str) -> None:
    answer(slack, url, text="decided", replace_original=True)
    assert slack.messages()[0]["text"] == "decided"
    assert "blocks" not in slack.messages()[0]

    answer(slack, url, delete_original=True)
    assert slack.messages() == []


def test_a_response_url_serves_five_times(slack: LocalSlack, url: str) -> None:
    for _ in range(5):
        assert answer(slack, url, text="x")[0] == 200

    assert answer(slack, url, text="x") == (404, '{"ok": false, "error": "used_url"}')


def test_a_response_url_serves_for_thirty_minutes(slack: LocalSlack, url: str) -> None:
    slack.advance(1801)

    assert answer(slack, url, text="x") == (404, '{"ok": false, "error": "expired_url"}')


def test_a_made_up_response_url_serves_nobody(slack: LocalSlack) -> None:
    made_up = f"{slack.ready['url']}respond/nosuchkey"

    assert answer(slack, made_up, text="x") == (404, '{"ok": false, "error": "invalid_url"}')


def test_answers_are_judged_like_messages(slack: LocalSlack, url: str) -> None:
    status, text = answer(slack, url, blocks=[{"type": "sparkle"}])

    assert status == 404
    assert "invalid_blocks" in text
    assert answer(slack, url)[1] == '{"ok": false, "error": "no_text"}'


def test_an_ephemeral_message_is_replaced_through_its_own_url(slack: LocalSlack, bot: Bot) -> None:
    @bot.app.action("go")
    def go(ack: Any, respond: Any, body: dict[str, Any]) -> None:
        ack()
        assert body["container"]["is_ephemeral"]
        assert "message" not in body
        respond(text="changed", replace_original=True)

    bot.connect()
    channel = slack.channels["incidents"]
    posted = slack.api(
        "chat.postEphemeral",
        channel=channel,
        user=slack.people["ben"],
        text="x",
        blocks=[actions(button("go"))],
    )
    slack.act("actions", person="ben", channel="incidents", message_ts=posted["message_ts"], action_id="go")

    eventually(lambda: [m["text"] for m in whispers(slack)] == ["changed"])


def test_nobody_else_presses_the_button_of_an_ephemeral_message(slack: LocalSlack) -> None:
    channel = slack.channels["incidents"]
    posted = slack.api(
        "chat.postEphemeral",
        channel=channel,
        user=slack.people["ben"],
        text="x",
        blocks=[actions(button("go"))],
    )

    clicked = slack.act(
        "actions", person="carol", channel="incidents", message_ts=posted["message_ts"], action_id="go"
    )

    assert clicked["error"] == "no_such_message"


def test_a_command_is_complete_and_answered_with_its_acknowledgement(slack: LocalSlack, bot: Bot) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.command("/runbook")
    def command(ack: Any, body: dict[str, Any]) -> None:
        heard.append(body)
        ack(text="Nothing is running.")

    bot.connect()
    done = slack.act(
        "commands", person="alice", channel="incidents", command="/runbook", text="status of @Ben Okafor"
    )

    assert done["acknowledged"]
    assert [m["text"] for m in whispers(slack, "alice")] == ["Nothing is running."]
    body = heard[0]
    assert body["command"] == "/runbook"
    assert body["text"] == f"status of <@{slack.people['ben']}|ben.okafor>"
    assert body["channel_name"] == "incidents"
    assert body["user_id"] == slack.people["alice"]
    assert body["trigger_id"]
    assert "thread_ts" not in body


def test_commands_do_not_run_in_threads(shared: LocalSlack) -> None:
    answer = shared.act("commands", person="alice", channel="incidents", command="/runbook", thread_ts="1.2")

    assert answer["error"] == "not_in_threads"


def test_a_message_shortcut_brings_its_message(slack: LocalSlack, bot: Bot) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.shortcut("investigate_message")
    def shortcut(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        heard.append(body)
        view = {"type": "modal", "title": {"type": "plain_text", "text": "Why"}, "blocks": [section()]}
        client.views_open(trigger_id=body["trigger_id"], view=view)

    bot.connect()
    root = slack.say("checkout is slow")
    reply = slack.say("and payments too", thread_ts=root)
    done = slack.act(
        "shortcuts", person="carol", channel="incidents", message_ts=reply, callback_id="investigate_message"
    )

    assert done["acknowledged"]
    body = eventually(lambda: heard)[0]
    assert body["type"] == "message_action"
    assert body["message"]["thread_ts"] == root
    assert body["channel"]["name"] == "incidents"
    eventually(lambda: slack.look("state")["modals"][slack.people["carol"]])


def test_a_shortcut_the_app_does_not_have_is_refused(shared: LocalSlack) -> None:
    assert shared.act("shortcuts", person="carol", callback_id="x")["error"] == "unknown_shortcut"
