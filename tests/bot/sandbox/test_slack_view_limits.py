"""What a modal may hold: every rule is broken once, and Slack's words come back."""

from typing import Any

import pytest

from tests.bot.sandbox.kit import Block, modal, plain, section, text_input
from tests.bot.sandbox.local_slack import LocalSlack

SUBMIT = {"submit": plain("Send")}


def typed(**more: Any) -> Block:
    """A text input with settings of its own."""
    block = text_input()
    return {**block, "element": {**block["element"], **more}}


VIEWS: dict[str, tuple[Any, str]] = {
    "title over 24": (
        modal(section(), title=plain("x" * 25)),
        "must be less than 25 characters [json-pointer:/view/title/text]",
    ),
    "submit over 24": (
        modal(section(), submit=plain("x" * 25)),
        "must be less than 25 characters [json-pointer:/view/submit/text]",
    ),
    "private metadata over 3000": (
        modal(section(), private_metadata="x" * 3001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
    ),
    "close over 24": (
        modal(section(), close=plain("x" * 25)),
        "must be less than 25 characters [json-pointer:/view/close/text]",
    ),
    "title in mrkdwn": (
        modal(section(), title={"type": "mrkdwn", "text": "x"}),
        "unsupported type: mrkdwn [json-pointer:/view/title/type]",
    ),
    "callback id over 255": (
        modal(section(), callback_id="x" * 256),
        "must be less than 256 characters [json-pointer:/view/callback_id]",
    ),
    "external id over 255": (
        modal(section(), external_id="x" * 256),
        "must be less than 256 characters [json-pointer:/view/external_id]",
    ),
    "the same block id twice": (
        modal(section(block_id="a"), section(block_id="a")),
        '`block_id` "a" already exists [json-pointer:/view/blocks/1/block_id]',
    ),
    "alert over 200": (
        modal({"type": "alert", "text": plain("x" * 201)}),
        "must be less than 201 characters [json-pointer:/view/blocks/0/text/text]",
    ),
    "what may be typed at most over 3000": (
        modal(typed(max_length=3001), **SUBMIT),
        "must be less than or equal to 3000 [json-pointer:/view/blocks/0/element/max_length]",
    ),
    "what is typed already over 3000": (
        modal(typed(initial_value="x" * 3001), **SUBMIT),
        "must be less than 3001 characters [json-pointer:/view/blocks/0/element/initial_value]",
    ),
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
    "more than 100 blocks": (
        modal(*[section()] * 101),
        "no more than 100 items allowed [json-pointer:/view/blocks]",
    ),
    "input without submit": (
        modal(section(), text_input()),
        "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/1/input]",
    ),
    "a block modals do not take": (
        modal({"type": "markdown", "text": "x"}),
        "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
    ),
    "an unknown property": (
        modal(section(), color="red"),
        "invalid additional property: color [json-pointer:/view]",
    ),
    "not a modal": ({"type": "dialog", "blocks": []}, "unsupported type: dialog [json-pointer:/view/type]"),
}


@pytest.mark.parametrize("rule", VIEWS)
def test_views_are_refused_for(rule: str, shared: LocalSlack) -> None:
    view, problem = VIEWS[rule]

    answer = shared.api("views.open", trigger_id="1.2.x", view=view)

    assert answer["error"] == "invalid_arguments"
    assert problem in answer["errors"]


def test_a_view_over_250_kilobytes_is_too_large(shared: LocalSlack) -> None:
    blocks = [section("é" * 3000)] * 45

    assert shared.api("views.open", trigger_id="1.2.x", view=modal(*blocks))["error"] == "view_too_large"
