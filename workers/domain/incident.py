"""What we were asked, as it was asked."""

from typing import Literal

from pydantic import AwareDatetime

from workers.domain.question import Question
from workers.domain.telemetry import Signal
from workers.domain.value import Value


class Thread(Value):
    """Where the conversation is. `ts` is the root message; empty until it has been posted."""

    team: str
    channel: str
    ts: str = ""


class Person(Value):
    """A human by immutable ids; names are for reading and never decide anything."""

    id: str
    team: str


class Incident(Value):
    """`text` is the words of `requester` (or of an alert); `service` and `signal` only if they said so."""

    text: str
    service: str = ""
    signal: Signal | None = None
    environment: str = ""
    severity: str = ""
    requester: Person | None = None
    source: Literal["mention", "channel", "alert", "command", "shortcut", "terminal"]
    thread: Thread
    at: AwareDatetime
    question: Question | None = None
    """What was asked, where it was a question and nothing is said to be wrong."""
