"""Confidence with the factors that made it; never a bare number."""

from typing import Literal

from workers.domain.value import Value


class Factor(Value):
    """`effect` is what it multiplies or adds, as `how` says in words."""

    name: str
    effect: float
    how: str


class Confidence(Value):
    """0 to 1; `None` where we abstain. `where`, `what` and `why` are judged apart."""

    value: float
    where: float | None = None
    what: float | None = None
    why: float | None = None
    factors: tuple[Factor, ...] = ()

    @property
    def word(self) -> Literal["high", "medium", "low"]:
        return "high" if self.value >= 0.8 else "medium" if self.value >= 0.55 else "low"
