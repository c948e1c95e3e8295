"""One long story with the real SDK, in which nothing the SDK does is refused."""

from typing import Any

from tests.bot.sandbox.kit import actions, button, modal, plain, section, text_input
from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.test_slack_files import picture


def _listeners(bot: Bot, team: str) -> None:
    @bot.app.event("app_mention")
    def mention(event: dict[str, Any], client: Any, set_status: Any, say: Any) -> None:
        set_status("is looking…")
        client.reactions_add(channel=event["channel"], timestamp=event["ts"], name="eyes")
        posted = say(text="Looking.", blocks=[section("Looking.")], thread_ts=event["ts"])
        row = actions(button("reject", "Reject", style="danger"))
        client.chat_update(
            channel=event["channel"], ts=posted["ts"], text="Found it.", blocks=[section(), row]
        )

    @bot.app.action("reject")
    def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        view = modal(
            text_input(), callback_id="reason", submit=plain("Reject"), private_metadata=body["message"]["ts"]
        )
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @bot.app.view("reason")
    def reason(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        channel, root = (
            "C0INCIDENTS",
            client.chat_getPermalink(channel="C0INCIDENTS", message_ts=body["view"]["private_metadata"])[
                "permalink"
            ]
            .partition("thread_ts=")[2]
            .partition("&")[0],
        )
        upload = client.files_upload_v2(
            content=picture(), filename="chart.png", title="Chart", alt_txt="a chart"
        )
        client.files_info(file=upload["file"]["id"])
        stream = client.chat_stream(
            channel=channel, thread_ts=root, recipient_team_id=team, recipient_user_id=body["user"]["id"]
        )
        stream.append(markdown_text="Rejected, because: ")
        stream.append(markdown_text=body["view"]["state"]["values"]["why"]["text"]["value"])
        stream.stop()

    @bot.app.event("message")
    def other() -> None:
        pass


def test_mention_to_modal_to_stream_across_a_refresh(slack: LocalSlack, bot: Bot) -> None:
    _listeners(bot, slack.ready["team_id"])
    bot.connect()

    root = slack.say("@Runbook checkout is slow")
    card = eventually(lambda: [m for m in slack.messages() if m["text"] == "Found it."])[0]
    slack.act("disconnect")
    eventually(lambda: slack.look("health")["connections"] == 1)
    slack.act("actions", person="ben", channel="incidents", message_ts=card["ts"], action_id="reject")
    view = eventually(lambda: slack.look("state")["modals"][slack.people["ben"]])[0]
    slack.act("views/submit", person="ben", view_id=view["id"], values={"why": {"text": "too risky"}})

    last = eventually(lambda: [m for m in slack.messages() if m.get("streaming_state") == "completed"])[0]
    assert last["text"] == "Rejected, because: too risky"
    assert last["thread_ts"] == root
    refused = [(c["method"], c["answer"]) for c in slack.look("calls")["calls"] if not c["answer"]["ok"]]
    assert refused == []
