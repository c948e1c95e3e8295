"""Questions that are no incident, read: those that the rules can answer, and any other in plain words."""

import re
from typing import Literal

from workers.domain.value import Value

Topic = Literal[
    "running", "changed", "alarms", "health", "needs", "runbook", "estate", "watch", "cost", "open"
]
"""What the rules know an answer to; `open` is any other question, which takes a model."""

LONGEST = 200
"""Characters of a question; what is longer reports something."""
HOUR = 60
DAY = 24 * HOUR
_UNITS = {"mo": 30 * DAY, "w": 7 * DAY, "d": DAY, "h": HOUR, "m": 1}
_SINCE = re.compile(
    r"\b(?:in|over|during|within) the (?:last|past) (?P<count>\d{1,3} )?(?P<unit>mo|m|h|d|w)\w*$|\btoday$"
)
_PATTERNS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    (
        "running",
        re.compile(
            r"what(?:'s| is| do we have)? ?(?:running|deployed)(?: (?:in|on) (?P<what>.+))?"
            r"|(?:list|show)(?: me)?(?: all)?(?: the| our)? (?:services|resources)"
        ),
    ),
    ("changed", re.compile(r"what (?:has )?changed(?: (?:in|on|with|at) (?P<what>.+))?")),
    (
        "changed",
        re.compile(r"(?P<who>who) (?:has )?(?:changed|altered|edited|touched|modified|deleted) (?P<what>.+)"),
    ),
    (
        "changed",
        re.compile(
            r"(?:any|what|show(?: me)?|list)(?: the)?(?: recent| latest| last)*"
            r" (?:changes|deployments|deploys)(?: (?:in|of|on|to) (?P<what>.+))?"
        ),
    ),
    (
        "alarms",
        re.compile(
            r"(?:which|what|any|show(?: me)?|list)(?: the)? (?:alarms?|alerts?)"
            r"(?: (?:are|is))?(?: firing| ringing| on)?"
        ),
    ),
    (
        "cost",
        re.compile(
            r"(?:what|how much) (?:did|do|have) we (?:spend|spent|pay|paid)"
            r"(?: (?:on|for|in) (?:aws|the cloud))?"
            r"|why (?:did|has|have|is|are) (?:the |our )?(?:aws |cloud )?(?:costs?|bill|spend(?:ing)?)"
            r" (?:go(?:ne|ing)? up|ris(?:e|en|ing)|increas(?:e|ed|ing)|jump(?:ed)?|grow\w*|higher|so high)"
            r"|(?:what(?:'s| is| are)|how (?:much|high) (?:is|are)|show(?: me)?)"
            r" (?:the |our )?(?:aws |cloud )?(?:costs?|bill|spend(?:ing)?)"
            r"|(?:what|how much) (?:does|did|do) (?:aws|the cloud|it all|all this) cost(?: us)?"
        ),
    ),
    ("health", re.compile(r"(?:is|are) (?P<what>.+?) (?:ok|okay|up|healthy|well|fine|alive|working)")),
    ("health", re.compile(r"how (?:is|are) (?P<what>.+?)(?: doing)?")),
    ("needs", re.compile(r"what does (?P<what>.+?) (?:depend on|need|use|call)")),
    ("needs", re.compile(r"(?:who|what) (?:calls|uses|needs|depends on) (?P<what>.+)")),
    (
        "runbook",
        re.compile(
            r"(?:is there|do we have|find|show me)(?: a| the)? runbooks? (?:for|about|on) (?P<what>.+)"
            r"|how (?:do|can|should) (?:i|we) (?P<task>.+)"
        ),
    ),
    (
        "estate",
        re.compile(
            r"(?:show|list|give)(?: me)?(?: all)?(?: of)?(?: the| our| my)? (?P<what>.+)"
            r"|(?:which|what|how many) (?P<have>.+?) (?:do we have|have we|are there|exist)(?: in aws)?"
        ),
    ),
)
# What asks for a fact, whatever it is about; what asks about anything but trouble; and about days gone by.
_FACT = re.compile(r"(?:which|who|whose|when|where|how (?:many|much|often|long|old|big|large|far))\b.+")
_OTHER = re.compile(
    r"(?:what(?:'s)?|how(?! (?:do|can) you)|did|does|do|has|have|had"
    r"|(?:is|are|was|were) (?:there|any\w*|some\w*))\b.+"
)
_PAST = re.compile(
    r"(?:why|what|how|is|are|was|were)\b.+"
    r"\b(?:yesterday|last (?:night|week|month|\w+day)|\d+ (?:days|weeks) ago)\b.*"
)
# Kinds of things that are measured where they are kept; one kind alone, in the singular, is a place of ours.
_KIND = (
    r"(?:table|bucket|queue|function|lambda|topic|stream|database|db|cache|instance|volume|load balancer"
    r"|balancer|target group|distribution|state machine|broker|file system|log group|canary)"
)
_THING = re.compile(rf"(?:.+ )?{_KIND}s|.+ {_KIND}|{_KIND} .+")
_AND = re.compile(r"^(?:and|but|so|ok|okay|then)[, ]+")
_TROUBLE = re.compile(
    r"\b(?:wrong|going on|happen\w*|caus\w*|matter|weird|odd|slow\w*|down|fail\w*|broke\w*|break\w*|crash\w*"
    r"|err\w*|[45]xx|50\d|times? ?out\w*|timed ?out|timing out|unavailable|unreachable|stuck|hang\w*|hung"
    r"|degrad\w*|restart\w*|trouble|problem\w*|issue\w*|outage|incident|alert\w*|works?|working"
    r"|lose|losing|lost|drop\w*|spik\w*)\b"
)
_FRAME = re.compile(r"^(?:the|our|my|a|an)\s+|\s+(?:service|now|right now|currently|at the moment)$")


class Question(Value):
    """`what` is what it is about in the person's words, empty for all; `minutes` how far back it goes."""

    topic: Topic
    what: str = ""
    minutes: int = HOUR


class Exchange(Value):
    """What was asked in a thread before, and what came of it; an answer that rests on it cites `id`."""

    id: str
    asked: str
    told: tuple[str, ...]


def read(text: str, *, follows: bool = False, sure: bool = False) -> Question | None:
    """The question in what somebody said; `None` for a report of something wrong.

    What `follows` an answer of ours is a question if it ends like one and names no trouble; where somebody is
    `sure` to ask, it need not end like one.
    """
    said = " ".join(text.lower().replace("’", "'").split())
    words = said.rstrip("?!. ")
    if len(words) > LONGEST and not sure:
        return None
    since = _SINCE.search(words)
    bare = words[: since.start()].strip() if since else words
    for topic, pattern in _PATTERNS:
        if found := pattern.fullmatch(bare):
            parts = found.groupdict()
            what = parts.get("what") or parts.get("have") or ""
            if topic == "estate" and _TROUBLE.search(what):
                continue
            if topic == "health" and _THING.fullmatch(_named(what)):
                topic = "watch"
            usual = 7 * DAY if topic == "cost" else DAY if parts.get("who") else HOUR
            return Question(topic=topic, what=_named(what), minutes=_minutes(since, usual))
    asks = bool(words) and (sure or said.rstrip("!. ").endswith("?"))
    return Question(topic="open") if asks and _open(_AND.sub("", words), follows or sure) else None


def _open(words: str, expected: bool) -> bool:
    """Whether it plainly asks, and does not report: who asks why something is slow wants that looked into."""
    if _FACT.fullmatch(words) or _PAST.fullmatch(words):
        return True
    return (expected or _OTHER.fullmatch(words) is not None) and not _TROUBLE.search(words)


def _named(words: str) -> str:
    before = ""
    while words != before:
        before, words = words, _FRAME.sub("", words.strip())
    return words


def _minutes(since: "re.Match[str] | None", usual: int) -> int:
    if since is None:
        return usual
    if not since["unit"]:
        return DAY
    return int(since["count"] or 1) * _UNITS[since["unit"]]
