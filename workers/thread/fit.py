"""Keeping a message inside Slack's limits: clamp every field, then drop the least important parts.

Limits: Slack's Block Kit reference; the total is what Slack was seen to refuse (about 13,000 characters),
with room to spare. Whatever goes in, something readable comes out.
"""

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from workers.domain.post import Block
from workers.domain.value import Value
from workers.thread.mrkdwn import clamp, escape, plain

SECTION, HEADER, TEXT, ELEMENTS, BLOCKS, TOTAL = 2900, 150, 3000, 10, 45, 9000
ALT = 1900
FIELDS = 1900


class Part(Value):
    """Blocks that stand or fall together; the highest `rank` is dropped first, 0 never."""

    blocks: tuple[Block, ...]
    rank: int = 0


def fit(parts: Iterable[Part]) -> tuple[Block, ...]:
    """The blocks of a message that Slack will take, in the order given."""
    kept = list(parts)
    while kept and not _fits(kept):
        worst = max(range(len(kept)), key=lambda i: (kept[i].rank, i))
        if kept[worst].rank == 0:
            return _cut([block for part in kept for block in part.blocks])
        del kept[worst]
    return tuple(block for part in kept for block in part.blocks)


def _fits(parts: Sequence[Part]) -> bool:
    blocks = [block for part in parts for block in part.blocks]
    return len(blocks) <= BLOCKS and sum(map(weight, blocks)) <= TOTAL


def _cut(blocks: list[Block]) -> tuple[Block, ...]:
    """What must be said and is still too long: as much from the top as there is room for."""
    room, kept = TOTAL, list[Block]()
    for block in blocks[:BLOCKS]:
        room -= weight(block)
        if room >= 0:
            kept.append(block)
    return tuple(kept)


def weight(value: JsonValue) -> int:
    """The characters of all texts in a block."""
    if isinstance(value, dict):
        return sum(
            _length(item) if key == "text" and isinstance(item, str) else weight(item)
            for key, item in value.items()
        )
    if isinstance(value, list):
        return sum(map(weight, value))
    return 0


def _length(text: str) -> int:
    """As Slack counts, with its three special characters written as entities."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


# -- blocks, each clamped to its own limits


def header(text: str) -> Block:
    shown = _shown(clamp(plain(text), HEADER), "Runbook")
    return {"type": "header", "text": {"type": "plain_text", "text": shown}}


def section(text: str, block_id: str = "") -> Block:
    block: Block = {"type": "section", "text": _mrkdwn(text, SECTION)}
    return block | {"block_id": block_id} if block_id else block


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Short labelled values side by side; at most ten."""
    texts: list[JsonValue] = [_mrkdwn(f"*{label}*\n{_shown(value)}", FIELDS) for label, value in pairs]
    return {"type": "section", "fields": texts[:ELEMENTS]}


def context(*texts: str) -> Block:
    elements: list[JsonValue] = [_mrkdwn(text, FIELDS) for text in texts if text]
    return {"type": "context", "elements": elements[:ELEMENTS] or [_mrkdwn("", FIELDS)]}


def preformatted(text: str) -> Block:
    """Exact text in a box, as it is."""
    body: JsonValue = [{"type": "text", "text": _shown(clamp(plain(text), SECTION))}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": body}]}


def button(
    action: str, label: str, value: str, *, style: str = "", confirm: Block | None = None, spoken: str = ""
) -> Block:
    """`spoken` is what a screen reader says instead of the label."""
    block: Block = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": clamp(label, 75)},
        "value": value[:2000],
    }
    if style:
        block["style"] = style
    if confirm is not None:
        block["confirm"] = confirm
    if spoken:
        block["accessibility_label"] = clamp(plain(spoken), 75)
    return block


def confirmation(title: str, text: str, yes: str) -> Block:
    return {
        "title": {"type": "plain_text", "text": clamp(plain(title), 100)},
        "text": {"type": "plain_text", "text": clamp(plain(text), 300)},
        "confirm": {"type": "plain_text", "text": clamp(yes, 30)},
        "deny": {"type": "plain_text", "text": "Not now"},
    }


def actions(block_id: str, *elements: Block) -> Block:
    return {"type": "actions", "block_id": block_id[:255], "elements": list[JsonValue](elements[:25])}


def picture(alt: str) -> Block:
    """Where the publisher puts the uploaded picture in."""
    return {"type": "image", "block_id": "picture", "alt_text": clamp(plain(alt), ALT), "image_url": ""}


def said_plainly(text: str) -> str:
    """The `text` of a message: what notifications and screen readers read. Slack counts its bytes.

    It is mrkdwn too, and all there is to see where Slack refuses the blocks: escaped like any data.
    """
    text = clamp(escape(text).strip(), TEXT)
    while len(text.encode()) > TEXT:
        text = clamp(text, len(text) * 3 // 4)
    return _shown(text, "Runbook")


def _mrkdwn(text: str, limit: int) -> Block:
    """`verbatim`: an address or a channel's name inside data becomes no link; links of ours stay links."""
    return {"type": "mrkdwn", "text": _shown(clamp(text, limit)), "verbatim": True}


def _shown(text: str, otherwise: str = "–") -> str:
    """Slack refuses what has nothing to see in it."""
    return text if text.strip() else otherwise
