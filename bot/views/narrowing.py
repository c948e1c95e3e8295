"""The modal in which an approver asks for less than the card does, and approves that."""

import json
from typing import Any, NamedTuple

from bot.views.typed import BLOCK, FIELD, Asked, word_field
from workers.domain.approval import Approval
from workers.domain.narrowing import room
from workers.thread.card import exact
from workers.thread.fit import Part, fit, preformatted, section
from workers.thread.mrkdwn import clamp, said

CALLBACK = "approve_less"
LESS, VALUE = "less", "value"


class Sent(NamedTuple):
    """What was sent off; `value` is `None` where it is no whole number."""

    asked: Asked
    value: int | None
    word: str


def narrowing(approval: Approval, word: str, asked: Asked) -> dict[str, Any]:
    """The view: the exact call, a field for the value, and one for the word where this reader types one."""
    values = room(approval)
    argument = approval.narrow.argument if approval.narrow else ""
    told = (
        f"*{said(approval.title)}* is asked for. Less of it has a card and a hash of its own;"
        " sending this off is your approval of it."
    )
    field: dict[str, Any] = {
        "type": "input",
        "block_id": LESS,
        "label": {"type": "plain_text", "text": clamp(f"{argument}, {_span(values)}", 150)},
        "element": {
            "type": "number_input",
            "action_id": VALUE,
            "is_decimal_allowed": False,
            "min_value": str(values[0]),
            "max_value": str(values[-1]),
        },
    }
    shown = [section(told), preformatted(exact(approval.call))]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps(asked.model_dump()),
        "title": {"type": "plain_text", "text": "Approve less"},
        "submit": {"type": "plain_text", "text": "Approve"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [*fit([Part(blocks=tuple(shown))]), field, *([word_field(word)] if word else [])],
    }


def too_much(approval: Approval) -> dict[str, str]:
    """What the field says to a value that is not less."""
    return {LESS: f"Write a whole number {_span(room(approval))}. Nothing was approved."}


def read(view: dict[str, Any]) -> Sent:
    """What a submitted modal was about, and what stands in it."""
    values = view["state"]["values"]
    number = str(values.get(LESS, {}).get(VALUE, {}).get("value") or "").strip()
    word = str(values.get(BLOCK, {}).get(FIELD, {}).get("value") or "").strip()
    whole = number.isascii() and number.isdigit() and len(number) < 10
    return Sent(Asked.model_validate_json(view["private_metadata"]), int(number) if whole else None, word)


def _span(values: range) -> str:
    return f"from {values[0]} to {values[-1]}" if values else "that is less"
