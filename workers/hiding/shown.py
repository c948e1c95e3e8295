"""Text as it may be kept, shown to a model or said: nothing invisible in it, and no secret."""

import re

from workers.hiding.rules import redacted

# Characters that draw nothing or turn the direction of what follows.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u2800\u3164\uffa0"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\u206a-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)


LONGEST_SECRET = 2000
"""Characters that are read beyond a cut: half of a secret may not look like one."""


def shown(text: str, most: int) -> str:
    """At most `most` characters of a text, all of which can be seen."""
    read = redacted(text[: most + LONGEST_SECRET])
    plain = _INVISIBLE.sub("", read)
    # What stood between two halves of a secret is gone now.
    return (plain if plain == read else redacted(plain))[:most]
