"""One measured figure: ours, beside what, and the limit that the ratio is held to."""

import statistics
from collections.abc import Sequence

Row = tuple[str, str, str, str, str]


def row(what: str, ours: float, beside: str, theirs: float, limit: str, unit: str = "s") -> Row:
    return (
        what,
        f"{ours:.2f} {unit}",
        f"{beside}: {theirs:.2f} {unit}",
        f"{ours / theirs:.2f}",
        f"≤ {limit}",
    )


def share(values: Sequence[float], part: float) -> float:
    """The value that this part of them stays under."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(part * 1000) - 1]
