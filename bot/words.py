"""What people say to Runbook, read; and what it says back when there is nothing to investigate."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

USAGE = (
    "Tell me what is wrong and I look into it: `@Runbook checkout is slow`. "
    "In a thread of mine, `@Runbook stop` ends the investigation. "
    "I only look, until somebody who may approves a change. `/runbook help` says more."
)
COMMAND_USAGE = "Tell me what is wrong and I look into it, for example: `/investigate checkout is slow`."
HELLO = (
    "Hello, I am Runbook: mention me with what is wrong (`@Runbook checkout is slow`) and I investigate it "
    "in its thread; I change nothing until somebody who may approves it. `/runbook help` says more."
)
TAKEN = "I am on it. My answer is a thread in this channel."
WRITTEN_DOWN = (
    "I have written your request down, but my queue does not answer at the moment. "
    "I start as soon as it is back; you need not ask again."
)
ASKED_BEFORE = "You asked for this a moment ago, and I took it on then."
LOOKED_INTO = "This is being investigated already, or has been."
NO_WORDS = "I find no words in this message that say what is wrong. Mention me with them instead."
MY_OWN = (
    "This is a message of mine. Tell me in your own words what is wrong: `/investigate checkout is slow`."
)
NOT_WRITTEN = "I cannot write your request down: {error}. Nothing was started; please try again in a minute."

DIRECT = (
    "I answer in channels, not in direct messages, so that others can follow and approve. "
    "Ask me again in a channel."
)
ARCHIVED = "This channel is archived, so I could not answer in it. Ask me again in another channel."
OUTSIDE = (
    "I am not a member of this conversation and cannot join it by myself. "
    "Invite me with `/invite @Runbook` and ask again."
)
NOT_TOLD = "Slack does not tell me whether I may answer here ({why}). Please try again in a minute."

NO_MEMBER = "I work for full members of this workspace. Ask one of them to ask me."
SHARED = (
    "People of another workspace are in this channel, so I say nothing about our systems in it. "
    "Ask me again in a channel of ours."
)
NO_SCOPE = (
    "You may not ask me about our systems here: nothing in my settings says so (access.scopes). "
    "Whoever runs me can change that."
)
ENOUGH_PERSON = "You have asked me {most} things within an hour, and that is what one person may."
ENOUGH_CHANNEL = "I was asked {most} things in this channel within an hour, and that is what one channel may."
ENOUGH_DAY = "I was asked {most} things within a day, and that is what I may take on."

LONGEST = 4000
# Slack's markup: <@U1|alice>, <#C1|incidents>, <!here>, <https://…|label>.
_MARKUP = re.compile(r"<([@#!]?)([^\s<>|][^<>|]*)(?:\|([^<>]*))?>")
# What is pressed or picked, not read.
_CONTROLS = re.compile(r"actions|context_actions|button|.*_buttons?|.*_select|overflow|.*picker|checkboxes")
_RUNS = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")


def without_mention(text: str, bot_user: str) -> str:
    """The words of a mention without the mention itself."""
    return readable(re.sub(rf"<@{re.escape(bot_user)}(\|[^>]*)?>", " ", text)) if bot_user else readable(text)


def linked(sentence: str, url: str) -> str:
    """A sentence, and where to read on."""
    return f"{sentence} <{url}|Open the thread>" if url else sentence


def is_stop(text: str) -> bool:
    return text.strip().lower().rstrip("!.") in ("stop", "cancel", "stop it")


def readable(text: str) -> str:
    """Slack's markup as people see it: names and labels for ids and links, no entities; not too long."""
    shown = _MARKUP.sub(_seen, text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()[:LONGEST]


def _seen(markup: re.Match[str]) -> str:
    sign, target, label = markup.groups()
    if label and sign in ("", "!"):
        return label
    return sign.replace("!", "@") + (label or target)


def flattened(message: Mapping[str, Any], bot_user: str = "") -> str:
    """The text of a message, wherever its author put it: alert bots use attachments or blocks and no text.

    Mentions of `bot_user` are left out. Empty where there is no word in it.
    """
    lines = (without_mention(part, bot_user) for part in _parts(message))
    text = "\n".join(dict.fromkeys(line for line in lines if line))[:LONGEST]
    return text if re.search(r"\w", text) else ""


def _parts(message: Mapping[str, Any]) -> Iterator[str]:
    text = str(message.get("text") or "")
    yield text
    for block in message.get("blocks") or ():
        # What a person writes comes twice: as text, and as rich text.
        if not (text.strip() and block.get("type") == "rich_text"):
            yield from _texts(block)
    for attachment in message.get("attachments") or ():
        yield from _attached(attachment)


def _attached(attachment: Mapping[str, Any]) -> Iterator[str]:
    parts = [str(attachment.get(key) or "") for key in ("pretext", "title", "text")]
    for field in attachment.get("fields") or ():
        parts.append(": ".join(str(field[key]) for key in ("title", "value") if field.get(key)))
    parts += _texts(attachment.get("blocks") or ())
    # The fallback repeats the rest, or says that there is no preview.
    yield from parts if any(parts) else [str(attachment.get("fallback") or "")]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _texts(inner)
    if not isinstance(value, dict):
        return
    fields = cast(dict[str, Any], value)
    kind = str(fields.get("type", ""))
    if _CONTROLS.fullmatch(kind):
        return
    if kind in _RUNS:
        yield "".join(map(_run, fields.get("elements") or ()))
        return
    if isinstance(fields.get("text"), str):
        yield fields["text"]
    for inner in fields.values():
        if isinstance(inner, dict | list):
            yield from _texts(inner)


def _run(element: Mapping[str, Any]) -> str:
    """A piece of a line of rich text, which, unlike other text, comes without entities."""
    said = str(element.get("text") or element.get("url") or element.get("fallback") or "")
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
