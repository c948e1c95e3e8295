"""How things are doing by their metrics: which of these left its usual, and whether for the worse."""

from collections.abc import Iterable

from workers.agent import statistics, words
from workers.domain.facts import Deviation
from workers.domain.signal import HEALTHY
from workers.domain.telemetry import Series

WORSE = {"low": "up", "high": "down"}
"""Which way it goes for the worse with what is healthy there."""


TOLD = 3
"""What is for the worse and said first."""


def told(series: tuple[Series, ...]) -> tuple[str, list[str]]:
    """How the things are doing whose metrics these are, what is for the worse first; and each metric."""
    found = off(series)
    bad = [shift for shift in found if worse(_of(shift, series), shift)]
    lines = [*map(words.moved, found), *map(_now, series)]
    if bad:
        return f"Not all is well: {'; '.join(map(words.moved, bad[:TOLD]))}.", lines[min(len(bad), TOLD) :]
    names = words.listed(list(dict.fromkeys(one.service for one in series)))
    well = "nothing got worse" if found else "as usual"
    return f"{names}: {well}, by {words.counted(len(series), 'metric')}.", lines


def off(series: Iterable[Series]) -> list[Deviation]:
    """What is not as usual now, worst first, and after that what may be harmless."""
    moved = ((one, shift) for one in series if (shift := statistics.deviation(one, None)) is not None)
    found = [(worse(one, shift), shift) for one, shift in moved if not shift.over]
    return [shift for _, shift in sorted(found, key=lambda pair: (not pair[0], -abs(pair[1].score)))]


def worse(one: Series, shift: Deviation) -> bool:
    """Whether a metric left its usual in the direction that is unhealthy."""
    return WORSE.get(one.healthy or HEALTHY[one.signal]) == shift.direction


def _of(shift: Deviation, series: tuple[Series, ...]) -> Series:
    of = shift.service, shift.signal, shift.metric
    return next(one for one in series if (one.service, one.signal, one.metric) == of)


def _now(one: Series) -> str:
    """A metric's newest value, with when it came where it comes no more."""
    last = next(value for value in reversed(one.values) if value is not None)
    late = f", at {words.clock(one.newest)} and none since" if one.newest and statistics.stopped(one) else ""
    return f"{one.service} {one.metric or words.signal(one.signal)}: {words.amount(last, one.unit)}{late}"
