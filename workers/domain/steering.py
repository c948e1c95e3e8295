"""What people say to a running investigation, read: where to look, what to leave aside, what was done."""

import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from workers.domain.telemetry import ChangeKind
from workers.domain.value import Value

LONGEST = 300
"""Characters that are read; whoever writes more is not giving a direction."""
MOST_LEFT = 6
"""Words for what is to be left aside: what nobody looks at has to be named, not found in a long sentence."""
_PLEASE = r"(?:(?:please|pls|also|and|maybe|hey|ok|no|can you|could you)[, ]+)*"
_LOOK = re.compile(
    rf"{_PLEASE}(?:(?:take a |have a )?look (?:at|into|in)|check(?: on)?|what about|how about|consider"
    r"|suspect|focus on|concentrate on|i (?:suspect|think it(?:'s| is))|it (?:may|might|could) be)"
    r"\s+(?P<what>.+)"
)
_LEAVE = re.compile(
    rf"{_PLEASE}(?:ignore|drop|forget(?: about)?|leave (?:out|aside)|rule out|skip|disregard|exclude"
    r"|it(?:'s| is) not|not)\s+(?P<what>.+)"
)
_FINE = re.compile(r"(?P<what>.+?) (?:is|are) (?:fine|ok|healthy|expected|unrelated|a red herring|not it)")
_POINTED: tuple[tuple[Literal["look", "leave"], re.Pattern[str]], ...] = (
    ("leave", _LEAVE),
    ("look", _LOOK),
    ("leave", _FINE),
)
_DONE: dict[str, ChangeKind] = {
    # Taking something back is a remedy that was tried, and no suspect.
    r"rolled back|reverted|undid": "other",
    r"deployed|redeployed|rolled (?:out|forward)|released|shipped|merged": "deployment",
    r"restarted|rebooted|failed over|drained|killed|purged|flushed|replaced": "infrastructure",
    r"scaled(?: (?:up|down|in|out))?|resized|added|removed": "scaling",
    r"changed|disabled|enabled|turned (?:on|off)|switched (?:on|off)|increased|decreased|raised|lowered|set"
    r"|edited|rotated|blocked|unblocked": "configuration",
}
_WHO = r"(?:we|i|they|somebody|someone|i've|we've|they've)"
_DID = re.compile(
    rf"{_PLEASE}(?:{_WHO} )?(?:have |had |just |already )*(?P<verb>{'|'.join(_DONE)})\b(?P<what>.*)"
)
_CLOCK = re.compile(
    r"\b(?:at|around|about|since) (?P<hour>[01]?\d|2[0-3])[:.h](?P<minute>[0-5]\d)(?P<utc> ?(?:utc|z|gmt)\b)?"
)
_AGO = re.compile(
    r"\b(?:about |some )?(?P<count>\d{1,3}|a|an|half an) ?(?P<unit>m|min|mins|minutes?|h|hours?) ago"
)
_WHY = re.compile(
    r"(?:but )?why\b.*|how (?:do|can) you (?:know|tell|be so sure)\b.*|explain(?: (?:that|it|yourself))?"
)
_FRAME = re.compile(r"^(?:the|a|an|our|my|that|this|it|on|of|to|for|in|is)\s+|[\s.!?,;:]+$")
_TAIL = re.compile(r"\s+(?:instead|too|as well|please|again|now|first|it|for now)$")


class Direction(Value):
    """One direction. `what` is what it is about in the person's words, `at` when something was done."""

    kind: Literal["look", "leave", "did", "why"]
    what: str = ""
    change: ChangeKind = "other"
    at: AwareDatetime | None = None


def read(text: str, said_at: datetime, offset: int = 0) -> Direction | None:
    """The direction in what somebody said; `None` where there is none.

    `offset` is how many seconds the person's clock is ahead of UTC: "at 10:02" is on that clock.
    """
    words = " ".join(text.lower().replace("’", "'").split())
    if len(words) > LONGEST:
        return None
    bare = words.rstrip(".!? ")
    if _WHY.fullmatch(bare):
        return Direction(kind="why")
    if found := _DID.fullmatch(bare):
        change: ChangeKind = next(kind for verbs, kind in _DONE.items() if re.fullmatch(verbs, found["verb"]))
        rest = _AGO.sub("", _CLOCK.sub("", found["what"]))
        return Direction(kind="did", what=_named(rest), change=change, at=_moment(bare, said_at, offset))
    for kind, pattern in _POINTED:
        if (found := pattern.fullmatch(bare)) and (what := _named(found["what"])):
            if kind == "leave" and len(what.split()) > MOST_LEFT:
                return None
            return Direction(kind=kind, what=what)
    return None


def _named(words: str) -> str:
    """The thing alone, without what stands around it."""
    before = ""
    while words != before:
        before, words = words, _TAIL.sub("", _FRAME.sub("", words.strip()))
    return words


def _moment(words: str, said_at: datetime, offset: int) -> datetime:
    """When it was done, as it was said: at a time of the last day, some time ago, or just now."""
    if found := _AGO.search(words):
        count = {"a": 1.0, "an": 1.0, "half an": 0.5}.get(found["count"]) or float(found["count"])
        return said_at - timedelta(minutes=count * (60 if found["unit"].startswith("h") else 1))
    if found := _CLOCK.search(words):
        ahead = timedelta(seconds=0 if found["utc"] else offset)
        local = said_at + ahead
        then = local.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0, microsecond=0)
        return (then if then <= local else then - timedelta(days=1)) - ahead
    return said_at
