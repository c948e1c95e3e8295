"""Modals and the Home tab: triggers, stacks, what is typed, and the limits of a view."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import pytest

from tests.bot.sandbox.kit import Block, actions, button, modal, plain, section, text_input
from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.wire import Wire

SUBMIT = {"submit": plain("Send")}
Opened = Callable[..., dict[str, Any]]


@pytest.fixture
def click(slack: LocalSlack, bot: Bot) -> Callable[[], str]:
    """Press a button as Ben; returns the trigger id the app got."""
    triggers: list[str] = []

    @bot.app.action("go")
    def go(ack: Any, body: dict[str, Any]) -> None:
        ack()
        triggers.append(body["trigger_id"])

    bot.connect()

    def press() -> str:
        posted = slack.post(text="x", blocks=[actions(button("go"))])
        slack.act("actions", person="ben", channel="incidents", message_ts=posted["ts"], action_id="go")
        return triggers[-1]

    return press


def modals(slack: LocalSlack) -> list[Block]:
    return slack.look("state")["modals"][slack.people["ben"]]


def test_a_trigger_opens_one_modal(slack: LocalSlack, click: Callable[[], str]) -> None:
    trigger = click()

    opened = slack.api("views.open", trigger_id=trigger, view=modal(section(), callback_id="why"))
    again = slack.api("views.open", trigger_id=trigger, view=modal(section()))

    assert opened["view"]["callback_id"] == "why"
    assert opened["view"]["root_view_id"] == opened["view"]["id"]
    assert again["error"] == "exchanged_trigger_id"
    assert [v["id"] for v in modals(slack)] == [opened["view"]["id"]]


def test_a_trigger_lives_three_seconds(slack: LocalSlack, click: Callable[[], str]) -> None:
    trigger = click()
    slack.advance(3.1)

    assert slack.api("views.open", trigger_id=trigger, view=modal(section()))["error"] == "expired_trigger_id"


def test_a_made_up_trigger_opens_nothing(shared: LocalSlack) -> None:
    assert (
        shared.api("views.open", trigger_id="1.2.x", view=modal(section()))["error"] == "invalid_trigger_id"
    )


def test_a_view_may_hold_100_blocks_and_an_alert(slack: LocalSlack, click: Callable[[], str]) -> None:
    alert = {"type": "alert", "level": "warning", "text": plain("x")}

    assert slack.api("views.open", trigger_id=click(), view=modal(alert, *[section()] * 99))["ok"]


def test_modals_stack_three_high(slack: LocalSlack, click: Callable[[], str]) -> None:
    slack.api("views.open", trigger_id=click(), view=modal(actions(button("go")), external_id="first"))
    for number in range(2):
        assert slack.api("views.push", trigger_id=click(), view=modal(section(str(number))))["ok"]

    answer = slack.api("views.push", trigger_id=click(), view=modal(section()))

    assert answer["error"] == "push_limit_reached"
    assert len(modals(slack)) == 3
    assert modals(slack)[2]["previous_view_id"] == modals(slack)[1]["id"]


def test_an_external_id_is_taken_once(slack: LocalSlack, click: Callable[[], str]) -> None:
    slack.api("views.open", trigger_id=click(), view=modal(section(), external_id="mine"))

    answer = slack.api("views.push", trigger_id=click(), view=modal(section(), external_id="mine"))

    assert answer["error"] == "duplicate_external_id"


def test_a_view_is_updated_by_id_while_its_hash_is_right(slack: LocalSlack, click: Callable[[], str]) -> None:
    view = slack.api("views.open", trigger_id=click(), view=modal(section(), external_id="mine"))["view"]

    first = slack.api("views.update", view_id=view["id"], hash=view["hash"], view=modal(section("new")))
    stale = slack.api("views.update", view_id=view["id"], hash=view["hash"], view=modal(section("newer")))
    unknown = slack.api("views.update", view_id="V0NOSUCH", view=modal(section()))

    assert first["view"]["id"] == view["id"]
    assert stale["error"] == "hash_conflict"
    assert unknown["error"] == "not_found"


async def ask(slack: LocalSlack) -> str:
    """Run a command as Ben, on a connection that lives no longer than this; returns the trigger id."""
    async with aiohttp.ClientSession() as session:
        wire = Wire(slack, session)
        await wire.open()
        where = {"person": "ben", "channel": "incidents", "command": "/runbook"}
        asked = asyncio.create_task(asyncio.to_thread(slack.act, "commands", **where))
        envelope = await wire.read()
        await wire.ack(envelope)
        await asked
        return envelope["payload"]["trigger_id"]


def test_a_modal_cannot_be_updated_after_a_day(slack: LocalSlack) -> None:
    trigger = asyncio.run(ask(slack))
    view = slack.api("views.open", trigger_id=trigger, view=modal(section(), external_id="mine"))["view"]
    slack.advance(24 * 3600 - 60)
    assert slack.api("views.update", view_id=view["id"], view=modal(section("in time")))["ok"]

    slack.advance(120)

    for name in ("view_id", "external_id"):
        late = slack.api(
            "views.update", **{name: view["id"] if name == "view_id" else "mine"}, view=modal(section())
        )
        assert late["error"] == "not_found"


def test_nothing_is_pushed_where_no_modal_is_open(slack: LocalSlack, click: Callable[[], str]) -> None:
    assert slack.api("views.push", trigger_id=click(), view=modal(section()))["error"] == "not_found"


def test_a_submission_nobody_answers_leaves_the_modal_open(
    slack: LocalSlack, bot: Bot, click: Callable[[], str]
) -> None:
    view = slack.api(
        "views.open", trigger_id=click(), view=modal(text_input(optional=True), callback_id="why", **SUBMIT)
    )["view"]

    with ThreadPoolExecutor() as pool:
        sent = pool.submit(
            lambda: slack.act("views/submit", person="ben", view_id=view["id"], values={"why": {"text": "x"}})
        )
        time.sleep(0.3)
        slack.advance(3)
        answer = sent.result(5)

    assert not answer["acknowledged"]
    assert [v["id"] for v in modals(slack)] == [view["id"]]


def test_a_submitted_modal_arrives_with_what_was_typed(
    slack: LocalSlack, bot: Bot, click: Callable[[], str]
) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.view("why")
    def submitted(ack: Any, body: dict[str, Any]) -> None:
        ack()
        heard.append(body)

    view = slack.api(
        "views.open",
        trigger_id=click(),
        view=modal(text_input(), callback_id="why", private_metadata="a1", **SUBMIT),
    )["view"]
    answer = slack.act(
        "views/submit", person="ben", view_id=view["id"], values={"why": {"text": "too risky"}}
    )

    assert answer["acknowledged"]
    body = eventually(lambda: heard)[0]
    assert body["user"]["id"] == slack.people["ben"]
    assert body["view"]["private_metadata"] == "a1"
    assert body["view"]["state"]["values"]["why"]["text"] == {
        "type": "plain_text_input",
        "value": "too risky",
    }
    assert modals(slack) == []


def test_empty_required_fields_never_reach_the_app(slack: LocalSlack, click: Callable[[], str]) -> None:
    view = slack.api("views.open", trigger_id=click(), view=modal(text_input(), **SUBMIT))["view"]

    answer = slack.act("views/submit", person="ben", view_id=view["id"], values={})

    assert set(answer["errors"]) == {"why"}
    assert len(modals(slack)) == 1


@pytest.mark.parametrize("reply", ["errors", "update", "push", "clear"])
def test_the_app_answers_a_submission_with(
    reply: str, slack: LocalSlack, bot: Bot, click: Callable[[], str]
) -> None:
    other = modal(section("other"), callback_id="other")
    replies: dict[str, dict[str, Any]] = {
        "errors": {"response_action": "errors", "errors": {"why": "Say more."}},
        "update": {"response_action": "update", "view": other},
        "push": {"response_action": "push", "view": other},
        "clear": {"response_action": "clear"},
    }

    @bot.app.view("why")
    def submitted(ack: Any) -> None:
        ack(**replies[reply])

    view = slack.api("views.open", trigger_id=click(), view=modal(text_input(), callback_id="why", **SUBMIT))[
        "view"
    ]
    answer = slack.act("views/submit", person="ben", view_id=view["id"], values={"why": {"text": "x"}})

    callbacks = [v["callback_id"] for v in modals(slack)]
    expected = {"errors": ["why"], "update": ["other"], "push": ["why", "other"], "clear": []}
    assert callbacks == expected[reply]
    assert answer["errors"] == ({"why": "Say more."} if reply == "errors" else {})


def test_a_view_slack_would_refuse_is_refused_in_an_answer_too(
    slack: LocalSlack, bot: Bot, click: Callable[[], str]
) -> None:
    @bot.app.view("why")
    def submitted(ack: Any) -> None:
        ack(response_action="update", view=modal(section("x" * 3001)))

    view = slack.api("views.open", trigger_id=click(), view=modal(section(), callback_id="why", **SUBMIT))[
        "view"
    ]
    answer = slack.act("views/submit", person="ben", view_id=view["id"], values={})

    assert answer["error"] == "invalid_view"
    assert "must be less than 3001 characters" in answer["message"]


def test_a_closed_modal_tells_the_app_that_asked(
    slack: LocalSlack, bot: Bot, click: Callable[[], str]
) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.view_closed("why")
    def closed(ack: Any, body: dict[str, Any]) -> None:
        ack()
        heard.append(body)

    view = slack.api(
        "views.open", trigger_id=click(), view=modal(section(), callback_id="why", notify_on_close=True)
    )["view"]
    slack.act("views/close", person="ben", view_id=view["id"])

    assert eventually(lambda: heard)[0]["is_cleared"] is False
    assert modals(slack) == []


def test_a_button_in_a_modal_names_its_view(slack: LocalSlack, bot: Bot, click: Callable[[], str]) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.action("inside")
    def inside(ack: Any, body: dict[str, Any]) -> None:
        ack()
        heard.append(body)

    view = slack.api("views.open", trigger_id=click(), view=modal(actions(button("inside"))))["view"]
    slack.act("actions", person="ben", view_id=view["id"], action_id="inside")

    body = eventually(lambda: heard)[0]
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert body["view"]["id"] == view["id"]
    assert "channel" not in body


@pytest.mark.parametrize(
    ("element", "choice", "field", "value"),
    [
        (
            {"type": "static_select", "options": [{"text": plain("One"), "value": "1"}]},
            "1",
            "selected_option",
            "1",
        ),
        (
            {"type": "overflow", "options": [{"text": plain("One"), "value": "1"}]},
            "1",
            "selected_option",
            "1",
        ),
        ({"type": "users_select"}, "U0BENOKAFOR", "selected_user", "U0BENOKAFOR"),
        ({"type": "datepicker"}, "2026-11-22", "selected_date", "2026-11-22"),
    ],
)
def test_a_choice_is_reported_in_its_own_field(
    element: Block, choice: str, field: str, value: str, slack: LocalSlack, bot: Bot
) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.action("pick")
    def pick(ack: Any, action: dict[str, Any]) -> None:
        ack()
        heard.append(action)

    bot.connect()
    posted = slack.post(text="x", blocks=[actions({**element, "action_id": "pick"})])
    slack.act(
        "actions", person="ben", channel="incidents", message_ts=posted["ts"], action_id="pick", choice=choice
    )

    got = eventually(lambda: heard)[0][field]
    assert (got["value"] if isinstance(got, dict) else got) == value


def test_feedback_reports_the_side_that_was_pressed(slack: LocalSlack, bot: Bot) -> None:
    heard: list[str] = []

    @bot.app.action("feedback")
    def feedback(ack: Any, action: dict[str, Any]) -> None:
        ack()
        heard.append(action["value"])

    bot.connect()
    sides = {
        "positive_button": {"text": plain("Good"), "value": "good"},
        "negative_button": {"text": plain("Bad"), "value": "bad"},
    }
    element = {"type": "feedback_buttons", "action_id": "feedback", **sides}
    posted = slack.post(text="x", blocks=[{"type": "context_actions", "elements": [element]}])
    where = {"person": "ben", "channel": "incidents", "message_ts": posted["ts"], "action_id": "feedback"}
    slack.act("actions", **where, choice="negative")

    assert eventually(lambda: heard) == ["bad"]
