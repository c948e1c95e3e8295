"""The protocol that every mind speaks: five verbs for an incident, and one for a question."""

from typing import Literal, Protocol

from workers.domain.call import Tool
from workers.domain.conclusion import Conclusion
from workers.domain.event import Answered, LimitReached, ModelAnswered, ModelAsked, ReasonerSwitched
from workers.domain.evidence import CausalQuery, Evidence
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation
from workers.domain.question import Question
from workers.domain.value import Value

Remark = ModelAsked | ModelAnswered | ReasonerSwitched | LimitReached
"""What a mind wants written down before it answers."""


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
    """Everything it knows stands in the investigation, so a resumed run thinks the same thoughts.

    A verb that must first have something written down (what a model said, that it gave way) answers with
    that remark, and is asked again.
    """

    name: str

    def answer(
        self, case: Investigation, question: Question, tools: tuple[Tool, ...]
    ) -> Answered | tuple[CausalQuery, ...] | Remark:
        """The answer to a question that is no incident, or what is still to be asked of `tools`."""
        ...

    def triage(self, case: Investigation) -> Facts | tuple[CausalQuery, ...] | Remark:
        """The facts, or the queries that are still needed to state them."""
        ...

    def hypothesise(self, case: Investigation) -> tuple[Hypothesis, ...] | Remark:
        """Claims worth testing that have not been made yet; none when out of ideas."""
        ...

    def plan(self, case: Investigation, hypothesis: Hypothesis) -> tuple[CausalQuery, ...] | Remark:
        """What to ask to confirm or refute a claim, beyond what has been asked."""
        ...

    def weigh(self, case: Investigation, hypothesis: Hypothesis) -> Weighing | Remark:
        """What the answers so far say about a claim."""
        ...

    def conclude(self, case: Investigation) -> Conclusion | Remark:
        """The best answer that the evidence carries, which may be that there is none."""
        ...
