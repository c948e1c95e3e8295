"""The protocol that every mind speaks: five verbs, domain types in and out."""

from typing import Literal, Protocol

from workers.domain.conclusion import Conclusion
from workers.domain.evidence import CausalQuery, Evidence
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation
from workers.domain.value import Value


class Weighing(Value):
    """What the evidence says of one hypothesis so far.

    `open` asks for more queries; `branched` comes with narrower `children`; `reason` is one sentence; a claim
    that is pruned without `seen` was given up for want of answers.
    """

    evidence: tuple[Evidence, ...] = ()
    verdict: Literal["open", "confirmed", "pruned", "branched"]
    reason: str = ""
    seen: bool = True
    children: tuple[Hypothesis, ...] = ()


class Reasoner(Protocol):
    """Pure: everything it knows stands in the investigation, so a resumed run thinks the same thoughts."""

    name: str

    def triage(self, case: Investigation) -> Facts | tuple[CausalQuery, ...]:
        """The facts, or the queries that are still needed to state them."""
        ...

    def hypothesise(self, case: Investigation) -> tuple[Hypothesis, ...]:
        """Claims worth testing that have not been made yet; none when out of ideas."""
        ...

    def plan(self, case: Investigation, hypothesis: Hypothesis) -> tuple[CausalQuery, ...]:
        """What to ask to confirm or refute a claim, beyond what has been asked."""
        ...

    def weigh(self, case: Investigation, hypothesis: Hypothesis) -> Weighing:
        """What the answers so far say about a claim."""
        ...

    def conclude(self, case: Investigation) -> Conclusion:
        """The best answer that the evidence carries, which may be that there is none."""
        ...
