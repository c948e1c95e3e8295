"""Turns what a person typed into what Slack stores: escaped text with mention codes, and rich text."""

import re
from typing import Any

from bot.sandbox import emoji
from bot.sandbox.workspace import Workspace

TOKEN = re.compile(
    r"```\n?(?P<pre>.+?)\n?```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<@(?P<user>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<#(?P<channel>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<!(?P<range>here|channel|everyone)>"
    r"|<?(?P<url>https?://[^\s<>|]+)(?:\|(?P<label>[^>]*))?>?"
    r"|(?<![\w:]):(?P<emoji>[a-z0-9_+'\-]+(?:::skin-tone-[2-6])?):(?!\w)"
    r"|(?<![\w*])\*(?P<bold>[^*\n]+)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^_\n]+)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^~\n]+)~(?![\w~])",
    re.DOTALL,
)
# A run of words after `@` may be a full name; the longest name that fits wins.
MENTION = re.compile(r"(?<![\w<])@([A-Za-z][\w.]*(?: [A-Z][\w.]*)*)")
CHANNEL = re.compile(r"(?<![\w<&])#([a-z0-9_\-]+)")


def encode(typed: str, workspace: Workspace) -> str:
    """`@Runbook` and `#incidents` become `<@U…>` and `<#C…|incidents>`; stray `&`, `<`, `>` are escaped."""
    named = MENTION.sub(lambda m: _mention(m[1], workspace) or m[0], typed)
    linked = CHANNEL.sub(lambda m: _channel(m[1], workspace) or m[0], named)
    return "".join(_escape(part) for part in re.split(r"(<[@#!][^<>]+>)", linked))


def rich(encoded: str) -> dict[str, Any]:
    """The `rich_text` block of an encoded message."""
    elements: list[dict[str, Any]] = []
    section: list[dict[str, Any]] = []
    at = 0
    for match in TOKEN.finditer(encoded):
        if match["emoji"] is not None and not emoji.known(match["emoji"]):
            continue
        _add_text(section, encoded[at : match.start()])
        at = match.end()
        if match["pre"] is not None:
            _close(elements, section)
            section = []
            text = [{"type": "text", "text": unescape(match["pre"])}]
            elements.append({"type": "rich_text_preformatted", "elements": text, "border": 0})
        else:
            section.append(_part(match))
    _add_text(section, encoded[at:])
    _close(elements, section)
    return {"type": "rich_text", "elements": elements}


def unescape(text: str) -> str:
    """The characters behind Slack's three escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def with_names(encoded: str, workspace: Workspace) -> str:
    """Mentions as `<@U…|name>`, which is how commands with `should_escape` arrive."""
    return re.sub(r"<@([A-Z0-9]+)>", lambda m: f"<@{m[1]}|{workspace.users[m[1]].name}>", encoded)


def _mention(words: str, workspace: Workspace) -> str:
    if words in ("here", "channel", "everyone"):
        return f"<!{words}>"
    for length in range(words.count(" ") + 1, 0, -1):
        head = " ".join(words.split(" ")[:length])
        for user in workspace.users.values():
            if head.lower() in (user.real_name.lower(), user.name):
                return f"<@{user.id}>{words[len(head) :]}"
    return ""


def _channel(name: str, workspace: Workspace) -> str:
    channel = workspace.named(name)
    return f"<#{channel.id}|{channel.name}>" if channel else ""


def _escape(part: str) -> str:
    if re.fullmatch(r"<[@#!][^<>]+>", part):
        return part
    loose = re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", part)
    return loose.replace("<", "&lt;").replace(">", "&gt;")


def _part(match: re.Match[str]) -> dict[str, Any]:
    kind = match.lastgroup or ""
    value = match[kind]
    if kind in ("url", "label"):
        link = {"type": "link", "url": unescape(match["url"])}
        return link | ({"text": unescape(match["label"])} if match["label"] else {})
    parts: dict[str, dict[str, Any]] = {
        "user": {"type": "user", "user_id": value},
        "channel": {"type": "channel", "channel_id": value},
        "range": {"type": "broadcast", "range": value},
        "emoji": {"type": "emoji", "name": value},
    }
    return parts.get(kind) or {"type": "text", "text": unescape(value), "style": {kind: True}}


def _add_text(section: list[dict[str, Any]], text: str) -> None:
    if text:
        section.append({"type": "text", "text": unescape(text)})


def _close(elements: list[dict[str, Any]], section: list[dict[str, Any]]) -> None:
    if section:
        elements.append({"type": "rich_text_section", "elements": section})
