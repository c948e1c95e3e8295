"""How an investigation ends."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from workers.domain.call import Gap
from workers.domain.confidence import Confidence
from workers.domain.telemetry import Change, Passage, Series, Signal
from workers.domain.value import Value


class Outcome(StrEnum):
    """ "Inconclusive" is a result, and says what is missing."""

    CAUSED = "caused"
    SEVERAL_CAUSES = "several_causes"
    RECOVERED = "recovered_by_itself"
    NOT_AN_INCIDENT = "not_an_incident"
    INCONCLUSIVE = "inconclusive"


NAMES_A_CAUSE = frozenset({Outcome.CAUSED, Outcome.SEVERAL_CAUSES})
WORDS = {
    Outcome.CAUSED: "Root cause found",
    Outcome.SEVERAL_CAUSES: "Several root causes found",
    Outcome.RECOVERED: "Recovered by itself",
    Outcome.NOT_AN_INCIDENT: "Not an incident",
    Outcome.INCONCLUSIVE: "Inconclusive",
}
PROVEN = 0.7
"""Confidence from which nine in ten named causes were right where nobody had looked; docs/evaluation.md."""


class Cause(Value):
    """`revision` is the culprit (`checkout:42`) where a revision is to blame, else empty."""

    role: Literal["trigger", "contributing"] = "trigger"
    service: str
    mode: str
    statement: str
    revision: str = ""
    change: Change | None = None
    hypothesis: str
    evidence: tuple[str, ...]


class RuledOut(Value):
    """A claim that was tested and struck out, and the finding that did it."""

    hypothesis: str
    statement: str
    by: str


class Hop(Value):
    """One step of the path from symptom to cause, with what was measured there."""

    service: str
    finding: str
    at: AwareDatetime | None = None


class Suspect(Value):
    """A place where the cause may be. `share` is how much speaks against it beside the likeliest, up to 1.

    What is not `measured` itself is suspected for what its callers lose.
    """

    service: str
    signal: Signal
    share: float
    path: tuple[Hop, ...]
    measured: bool = True


class Match(Value):
    """What in a change fits what was seen: words of the change, and of the telemetry that `source` kept."""

    changed: str
    seen: str
    because: str
    source: str


class Accused(Value):
    """A change that may have caused it. `belief` from 0 to 1; all of them and `blameless` make 1."""

    change: Change
    service: str
    belief: float
    matches: tuple[Match, ...]


class Picture(Value):
    """The decisive series with what has to be marked on it; the card draws it."""

    title: str
    series: tuple[Series, ...]
    onset: AwareDatetime | None = None
    marks: tuple[tuple[AwareDatetime, str], ...] = ()


class Watch(Value):
    """Healthy means: `signal` of `service` on the good side of `bound` (the baseline with its scatter)."""

    service: str
    signal: Signal
    unit: str
    stat: str
    healthy: Literal["below", "above"]
    bound: float
    baseline: float
    worst: float


class Conclusion(Value):
    """`watch` is the signal whose return to its baseline will mean recovery.

    `suspects` say where, likeliest first, whether or not the evidence tells what it was. `accused` are the
    changes that may have done it; `blameless` is the belief that none of those on record did. `account` is
    the course of events in a model's words; it decides nothing.
    """

    outcome: Outcome
    headline: str
    summary: str
    causes: tuple[Cause, ...] = ()
    confidence: Confidence
    path: tuple[Hop, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    accused: tuple[Accused, ...] = ()
    blameless: float | None = None
    ruled_out: tuple[RuledOut, ...] = ()
    gaps: tuple[Gap, ...] = ()
    next_steps: tuple[str, ...] = ()
    citations: tuple[Passage, ...] = ()
    picture: Picture | None = None
    watch: Watch | None = None
    account: str = ""

    @property
    def proven(self) -> bool:
        """Whether a cause is named that may be called the root cause; what is less sure is a lead."""
        return self.outcome in NAMES_A_CAUSE and self.confidence.value >= PROVEN

    @property
    def word(self) -> str:
        """How it ended, in a few words."""
        return "Leads, no proof" if self.outcome in NAMES_A_CAUSE and not self.proven else WORDS[self.outcome]
