"""Emoji by the short names Slack knows them by (`page/emoji.json`, which the page draws them with too)."""

import functools
import json
import re
from pathlib import Path

FILE = Path(__file__).parent / "page" / "emoji.json"
SKIN_TONE = re.compile(r"::skin-tone-[2-6]$")


def known(name: str) -> bool:
    """Whether Slack has an emoji of that short name, perhaps in a skin tone."""
    return SKIN_TONE.sub("", name) in _names()


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(json.loads(FILE.read_text(encoding="utf-8")))
