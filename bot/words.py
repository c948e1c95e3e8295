"""What people say to Runbook, read; and what it says back when there is nothing to investigate."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

USAGE = (
    "Tell me what is wrong and I look into it: `@Runbook checkout is slow`. "
    "In a thread of mine, `@Runbook stop` ends the investigation. "
    "I only look, until somebody who may approves a change."
)
WRITTEN_DOWN = (
    "I have written your request down, but my queue does not answer at the moment. "
    "I start as soon as it is back; you need not ask again."
)
RUNNING = "I am on it already, in this thread."


def without_mention(text: str, bot_user: str) -> str:
    """The words of a mention without the mention itself."""
    return re.sub(rf"<@{re.escape(bot_user)}(\|[^>]*)?>", " ", text).strip()


def is_stop(text: str) -> bool:
    return text.strip().lower().rstrip("!.") in ("stop", "cancel", "stop it")


def flattened(message: Mapping[str, Any]) -> str:
    """The text of a message, wherever its author put it: alert bots use attachments or blocks and no text."""
    return "\n".join(dict.fromkeys(part.strip() for part in _parts(message) if part and part.strip()))[:4000]


def _parts(message: Mapping[str, Any]) -> Iterator[str]:
    yield str(message.get("text") or "")
    for attachment in message.get("attachments") or ():
        yield str(attachment.get("title") or "")
        yield str(attachment.get("text") or attachment.get("fallback") or "")
        for field in attachment.get("fields") or ():
            yield f"{field.get('title', '')}: {field.get('value', '')}"
        yield from _texts(attachment.get("blocks") or ())
    yield from _texts(message.get("blocks") or ())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        if isinstance(fields.get("text"), str):
            yield fields["text"]
        for inner in fields.values():
            if isinstance(inner, dict | list):
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _texts(inner)
