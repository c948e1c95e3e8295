"""One measured figure: ours, beside what, and the limit that the ratio is held to."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """`ratio` is ours divided by what it is measured beside."""

    what: str
    ours: str
    beside: str
    ratio: float
    limit: float

    @property
    def kept(self) -> bool:
        return self.ratio <= self.limit


def row(what: str, ours: float, beside: str, theirs: float, limit: float = 1.0, unit: str = "s") -> Row:
    return Row(what, f"{ours:.2f} {unit}", f"{beside}: {theirs:.2f} {unit}", ours / theirs, limit)


def share(values: Sequence[float], part: float) -> float:
    """The value that this part of them stays under."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(part * 1000) - 1]
