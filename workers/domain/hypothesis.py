"""Claims about the cause, and the tree they form."""

from typing import Literal

from workers.domain.telemetry import Change, Passage
from workers.domain.value import Value

Status = Literal["open", "testing", "branched", "pruned", "confirmed"]

MAX_DEPTH = 4


class Hypothesis(Value):
    """One claim: where, which failure mode, and what triggered it.

    `statement` is the claim as a sentence; `confirms` and `refutes` say beforehand what would be seen.
    `prior` (0 to 1) orders the testing; it is no part of the confidence. `seen` is false for a claim that was
    given up because what would have decided it could not be read. `by` names the model that thought of it;
    empty for the rules.
    """

    id: str
    parent: str = ""
    depth: int = 1
    where: str
    mode: str
    trigger: Change | None = None
    statement: str
    confirms: tuple[str, ...] = ()
    refutes: tuple[str, ...] = ()
    prior: float = 0.5
    passages: tuple[Passage, ...] = ()
    status: Status = "open"
    reason: str = ""
    seen: bool = True
    by: str = ""


class HypothesisTree(Value):
    """All hypotheses in the order they were formed."""

    nodes: tuple[Hypothesis, ...] = ()

    def get(self, hypothesis_id: str) -> Hypothesis:
        return next(h for h in self.nodes if h.id == hypothesis_id)

    def open(self) -> tuple[Hypothesis, ...]:
        """What still has to be tested, most promising first."""
        waiting = [h for h in self.nodes if h.status in ("open", "testing")]
        return tuple(sorted(waiting, key=lambda h: -h.prior))

    def children(self, hypothesis_id: str) -> tuple[Hypothesis, ...]:
        return tuple(h for h in self.nodes if h.parent == hypothesis_id)

    def with_status(self, status: Status) -> tuple[Hypothesis, ...]:
        return tuple(h for h in self.nodes if h.status == status)

    def grown(self, hypothesis: Hypothesis) -> "HypothesisTree":
        return HypothesisTree(nodes=(*self.nodes, hypothesis))

    def marked(
        self, hypothesis_id: str, status: Status, reason: str = "", *, seen: bool = True
    ) -> "HypothesisTree":
        return HypothesisTree(
            nodes=tuple(
                h.model_copy(update={"status": status, "reason": reason or h.reason, "seen": seen})
                if h.id == hypothesis_id
                else h
                for h in self.nodes
            )
        )
