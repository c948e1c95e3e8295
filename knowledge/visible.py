"""Text as a person sees it: characters that show nothing are dropped while a document is read.

What a reviewer of a runbook cannot see (bidirectional overrides, tag characters, zero-width text)
must not reach a model either.
"""

import re

# Controls except tab and newline, format characters, fillers, variation selectors, lone surrogates.
# The visible ones of category Cf (Arabic and Kaithi number signs, hieroglyph joiners) stay.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def visible(text: str) -> str:
    """`text` without invisible characters, with one kind of newline and one kind of space."""
    return _SPACE.sub(" ", _INVISIBLE.sub("", _NEWLINE.sub("\n", text)))
