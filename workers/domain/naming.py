"""Words that may mean several things: what they may mean, and what somebody said that they do."""

from pydantic import AwareDatetime

from workers.domain.value import Value


class Candidate(Value):
    """A thing that a word may mean; `place` tells it from others of its name."""

    name: str
    kind: str
    place: str = ""


class Meant(Value):
    """That a word means this thing, as somebody said in a channel."""

    word: str
    name: str
    channel: str
    person: str
    at: AwareDatetime
