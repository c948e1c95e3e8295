"""Conditions of the simulation over time: what a fault turns, and what it was before."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Turned:
    """A figure of a part took another value."""

    at: float
    part: str
    figure: str
    value: float


class Conditions:
    """Figures of parts, each with all the values it ever took."""

    def __init__(self) -> None:
        """Nothing is out of the ordinary."""
        self._turned: list[Turned] = []
        self.now: dict[tuple[str, str], float] = {}

    def turn(self, at: float, part: str, figure: str, value: float) -> None:
        """A figure takes another value from here on."""
        self.now[(part, figure)] = value
        self._turned.append(Turned(at, part, figure, value))

    def at(self, part: str, figure: str, at: float, otherwise: float = 0.0) -> float:
        """What a figure was at some time."""
        values = [t.value for t in self._turned if (t.part, t.figure) == (part, figure) and t.at <= at]
        return values[-1] if values else otherwise

    def of(self, part: str, figures: tuple[str, ...]) -> list[Turned]:
        """What was turned of a part, oldest first."""
        return sorted((t for t in self._turned if t.part == part and t.figure in figures), key=lambda t: t.at)

    def since(self, part: str, figure: str) -> float | None:
        """When a figure took its present value; None when it never changed."""
        times = [t.at for t in self._turned if (t.part, t.figure) == (part, figure)]
        return times[-1] if times else None
