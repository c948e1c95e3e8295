"""The line every other test stands on: somebody mentions the app, it answers, somebody presses its button."""

from typing import Any

from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go", "value": "42"}


def test_a_mention_reaches_the_app_and_its_answer_the_thread(slack: LocalSlack, bot: Bot) -> None:
    @bot.app.event("app_mention")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(text="On it.", thread_ts=event["ts"])

    bot.connect()
    asked = slack.say("@Runbook what is wrong with checkout?")

    reply = eventually(lambda: [m for m in slack.messages() if m["text"] == "On it."])[0]
    assert reply["thread_ts"] == asked
    assert slack.messages()[0]["reply_count"] == 1


def test_a_pressed_button_reaches_the_app_with_message_and_value(slack: LocalSlack, bot: Bot) -> None:
    pressed: list[dict[str, Any]] = []

    @bot.app.action("go")
    def press(ack: Any, body: dict[str, Any], respond: Any) -> None:
        ack()
        pressed.append(body)
        respond(text="Done.", replace_original=True)

    bot.connect()
    posted = slack.api(
        "chat.postMessage",
        channel=slack.channels["incidents"],
        text="Shall I?",
        blocks=[{"type": "actions", "block_id": "row", "elements": [BUTTON]}],
    )
    answer = slack.act("actions", person="ben", channel="incidents", message_ts=posted["ts"], action_id="go")

    assert answer["acknowledged"]
    eventually(lambda: slack.messages()[-1]["text"] == "Done.")
    body = pressed[0]
    assert body["user"]["id"] == slack.people["ben"]
    assert body["actions"][0]["value"] == "42"
    assert body["actions"][0]["block_id"] == "row"
    assert body["container"]["message_ts"] == posted["ts"]
    assert body["message"]["ts"] == posted["ts"]


def test_a_button_that_is_gone_cannot_be_pressed(slack: LocalSlack) -> None:
    channel = slack.channels["incidents"]
    blocks = [{"type": "actions", "elements": [BUTTON]}]
    posted = slack.api("chat.postMessage", channel=channel, text="Shall I?", blocks=blocks)
    slack.api("chat.update", channel=channel, ts=posted["ts"], text="Decided.", blocks=[])

    answer = slack.act("actions", person="ben", channel="incidents", message_ts=posted["ts"], action_id="go")

    assert answer["error"] == "no_such_element"


def test_the_app_hears_of_a_new_channel_and_joins_it(slack: LocalSlack, bot: Bot) -> None:
    @bot.app.event("channel_created")
    def join(event: dict[str, Any], client: Any) -> None:
        client.conversations_join(channel=event["channel"]["id"])

    bot.connect()
    slack.act("channels", person="alice", name="inc-20261122-1-checkout")

    bot_user = slack.ready["bot_user_id"]
    eventually(lambda: bot_user in slack.channel("inc-20261122-1-checkout")["members"])
