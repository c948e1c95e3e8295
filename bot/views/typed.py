"""The modal in which somebody types the word that a critical change takes, or one of their own."""

import json
from typing import Any

from workers.domain.approval import Approval
from workers.domain.value import Value
from workers.thread.card import brief, exact
from workers.thread.fit import Part, fit, preformatted, section
from workers.thread.mrkdwn import clamp, said

CALLBACK = "approve_typed"
BLOCK, FIELD = "word", "typed"


class Asked(Value):
    """What the modal is about, and where an answer to its reader belongs."""

    approval: str
    channel: str
    thread: str


def typed(approval: Approval, word: str, asked: Asked) -> dict[str, Any]:
    """The view: the exact call, what it touches, and a field for the word that this reader types."""
    why = "is critical" if approval.word else "is your own request, which you approve alone"
    told = f"*{said(approval.title)}* {why}. {said(approval.blast_radius)}"
    ways = "It is made once, exactly as shown."
    if approval.rollback is not None:
        ways = f"{ways} Way back: {brief(approval.rollback)}"
    else:
        ways = f"{ways} Nothing can undo it: {said(approval.no_rollback)}"
    shown = [section(told), preformatted(exact(approval.call)), section(ways)]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps(asked.model_dump()),
        "title": {"type": "plain_text", "text": "Critical change" if approval.word else "Your own request"},
        "submit": {"type": "plain_text", "text": "Approve"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [*fit([Part(blocks=tuple(shown))]), word_field(word)],
    }


def word_field(word: str) -> dict[str, Any]:
    """Where somebody types the word."""
    return {
        "type": "input",
        "block_id": BLOCK,
        "label": {"type": "plain_text", "text": clamp(f"Type {word} to approve", 150)},
        "element": {"type": "plain_text_input", "action_id": FIELD, "max_length": 300},
    }


def wrong(word: str) -> dict[str, str]:
    """What the field says when something else was typed."""
    return {BLOCK: f"This is not {clamp(word, 100)}. Nothing was approved."}


def read(view: dict[str, Any]) -> tuple[Asked, str]:
    """What a submitted modal was about, and what was typed into it."""
    value = view["state"]["values"][BLOCK][FIELD].get("value") or ""
    return Asked.model_validate_json(view["private_metadata"]), str(value).strip()
