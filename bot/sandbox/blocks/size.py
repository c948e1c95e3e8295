"""How long a message is in Slack's undocumented counting: escaped text, plus a toll per block.

Measured by several teams against the live service: about 13,200 characters are accepted, a header costs
about 100 beyond its text, and Markdown counts as the blocks it is rendered into.
"""

import json
import re
from typing import Any

from bot.sandbox.blocks.specs import walk

LIMIT = 13_200
TOLLS = {"header": 100, "markdown": 0, "rich_text": 0}
BLOCK_TOLL = 50
# Fields whose strings people read. Ids, values and addresses do not count.
READ = ("text", "title", "fallback", "caption")

FENCE = re.compile(r"^ {0,3}(`{3,})")
HEADING = re.compile(r"^ {0,3}#{1,6}(\s|$)")
RULE = re.compile(r"^ {0,3}([-*_])([ \t]*\1){2,}[ \t]*$")


def of(blocks: list[dict[str, Any]]) -> int:
    """The length Slack would count."""
    total = 0
    for block in blocks:
        total += TOLLS.get(block["type"], BLOCK_TOLL)
        if block["type"] == "markdown":
            total += 100 * sum(bool(HEADING.match(line)) for line in block["text"].split("\n"))
        for _, node in walk(block, ""):
            total += sum(escaped(node[name]) for name in READ if isinstance(node.get(name), str))
    return total


def escaped(text: str) -> int:
    """Characters once `&`, `<` and `>` are written as entities."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def in_bytes(tree: Any) -> int:
    """The size of the JSON."""
    return len(json.dumps(tree, ensure_ascii=False).encode())


def rendered_blocks(blocks: list[dict[str, Any]]) -> int:
    """How many blocks Slack makes of these: Markdown is cut at headings, tables and rules."""
    return sum(_pieces(block["text"]) if block["type"] == "markdown" else 1 for block in blocks)


def _pieces(markdown: str) -> int:
    count, run, fence, table = 0, False, "", False
    for line in markdown.split("\n"):
        marker = FENCE.match(line)
        if fence:
            fence = "" if marker and len(marker[1]) >= len(fence) else fence
        elif HEADING.match(line) or RULE.match(line):
            count, run, table = count + 1, False, False
        elif line.lstrip().startswith("|"):
            count, run, table = count + (not table), False, True
        elif line.strip():
            # Prose and code between headings, rules and tables is one run of rich text.
            count, run, table = count + (not run), True, False
            fence = marker[1] if marker else ""
    return max(count, 1)
