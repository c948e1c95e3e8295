"""Statistics over one series: its baseline, whether it left it, since when, and is it coming back.

Robust throughout (medians and median absolute deviations), with a floor on the scale: a series that
never moved would otherwise call its first small move an incident.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from workers.domain.facts import Deviation, Trend
from workers.domain.telemetry import Series, Signal

Floats = NDArray[np.float64]

FAR = 5.0
"""Scales from the baseline at which a point counts as anomalous."""
NEAR = 2.5
"""Scales at which an excursion that later goes far is taken to have begun."""
FEWEST = 15
"""Points below which nothing is said about a baseline."""
RUN = 3
"""Anomalous points in a row that make a deviation; a single spike is none."""
FINEST = 60
"""Seconds a point for which `RUN` is meant."""
PAUSE = 3
"""Ordinary points inside a run that do not end it."""
CHANCE = 0.02
"""The share of better days that may look as bad as an excursion; what is no rarer is taken for chance."""
KNOWN = 20
"""How many times as long as an excursion better days have to be known for, to judge it by them."""

# The least scale of each signal, in its own unit: smaller moves are nothing to wake anybody for.
FLOOR: dict[Signal, float] = {
    Signal.REQUESTS: 3.0,
    Signal.ERRORS: 1.5,
    Signal.ERROR_RATE: 0.004,
    Signal.CLIENT_ERRORS: 3.0,
    Signal.BALANCER_ERRORS: 1.5,
    Signal.LATENCY: 0.015,
    Signal.CPU: 3.0,
    Signal.MEMORY: 2.0,
    Signal.RUNNING: 0.2,
    Signal.CONNECTIONS: 3.0,
    Signal.READS: 5.0,
    Signal.WRITES: 5.0,
    Signal.READ_LATENCY: 0.002,
    Signal.WRITE_LATENCY: 0.002,
    Signal.DISK_QUEUE: 1.0,
    Signal.FREE_STORAGE: 5e7,
    Signal.HITS: 5.0,
    Signal.MISSES: 5.0,
    Signal.HIT_RATIO: 0.01,
    Signal.EVICTIONS: 10.0,
    Signal.QUEUE_DEPTH: 10.0,
    Signal.QUEUE_AGE: 10.0,
    Signal.LAG: 5.0,
    Signal.SENT: 3.0,
    Signal.RECEIVED: 3.0,
    Signal.PROCESSED: 3.0,
    Signal.UNHEALTHY: 0.2,
    Signal.THROTTLES: 1.0,
    Signal.CONCURRENCY: 3.0,
    Signal.SUCCESS: 8.0,
    Signal.OTHER: 1e-9,
}
RELATIVE_FLOOR = 0.07
"""The least scale as a share of the baseline: a day's traffic drifts by a few percent within hours."""
STEADY = {Signal.HIT_RATIO: 0.02, Signal.FREE_STORAGE: 0.01, Signal.MEMORY: 0.03}
"""The same for signals that do not follow the traffic."""
OWN_FLOOR = 0.02
"""The same as a share of the largest point, for what has a name of its own and no known unit."""


@dataclass(frozen=True)
class Baseline:
    """What is usual: the middle, and how far from it is ordinary."""

    middle: float
    scale: float

    def score(self, values: Floats) -> Floats:
        return (values - self.middle) / self.scale


def numbers(series: Series) -> Floats:
    """The series' values, NaN where no point came."""
    return np.array([np.nan if v is None else v for v in series.values], dtype=np.float64)


def _baseline(series: Series) -> Baseline | None:
    """What was usual in better days or, without any, in the first part of the window.

    `None` when too few points came to say.
    """
    values = numbers(series)
    usual = (
        np.asarray(series.reference) if series.reference else values[: max(FEWEST, int(len(values) * 0.6))]
    )
    usual = usual[~np.isnan(usual)]
    if len(usual) < FEWEST:
        return None
    middle = float(np.median(usual))
    spread = 1.4826 * float(np.median(np.abs(usual - middle)))
    counting = float(np.sqrt(max(middle, 0.0))) if series.unit == "count" else 0.0
    floor = FLOOR[series.signal]
    if series.signal is Signal.OTHER:  # in a unit that nobody knows: what is small tells its largest point
        counting = 0.0
        floor = max(floor, OWN_FLOOR * float(np.nanmax(np.abs(values), initial=0.0)))
    return Baseline(
        middle, max(spread, STEADY.get(series.signal, RELATIVE_FLOOR) * abs(middle), counting, floor)
    )


def _deviation(series: Series, requests: Series | None = None) -> Deviation | None:
    """The last excursion of a series from its baseline, or `None` when there is none.

    `requests` are those that an error rate is a share of: with few of them, a few failures are chance.
    """
    usual = baseline(series)
    if usual is None:
        return None
    scores = usual.score(numbers(series))
    # A point of several minutes is a run by itself, and no spike that its neighbours have to vouch for.
    least = max(1, min(RUN, round(RUN * FINEST / series.period)))
    calmed = _calmed(scores) if least > 1 else scores
    runs = [
        run
        for run in _runs(calmed, scores, least)
        if _weighty(run, series, requests, calmed) and _rare(run, series, scores)
    ]
    if not runs:
        return None
    first, last = runs[-1]
    inside = numbers(series)[first : last + 1]
    inside = inside[~np.isnan(inside)]
    up = bool(calmed[first] > 0)
    began = _began(scores, first, up)
    newest = int(np.flatnonzero(~np.isnan(scores))[-1])
    return Deviation(
        service=series.service,
        signal=series.signal,
        unit=series.unit,
        stat=series.stat,
        direction="up" if up else "down",
        baseline=usual.middle,
        now=float(np.median(inside[-5:])),
        peak=float(inside.max() if up else inside.min()),
        score=round(float(np.nanmedian(scores[first : last + 1])), 1),
        onset=series.time(began),
        slack=series.period * max(first - began + 1, began - _before(scores, began)),
        over=newest - last > least,
        metric=series.metric,
        source=series.source,
        link=series.link,
    )


# The same series is judged by many looks. (Frozen models have a hash, which type checkers cannot see.)
baseline = cast("Callable[[Series], Baseline | None]", lru_cache(maxsize=1024)(_baseline))
deviation = cast("Callable[[Series, Series | None], Deviation | None]", lru_cache(maxsize=1024)(_deviation))


def _calmed(scores: Floats) -> Floats:
    """Each point as the median of itself and its neighbours, so that one spike makes no run."""
    padded = np.concatenate([scores[:1], scores, scores[-1:]])
    three = np.sort(np.stack([padded[:-2], scores, padded[2:]]), axis=0)  # what never came goes last
    known = np.count_nonzero(~np.isnan(three), axis=0)
    return np.select([known == 3, known == 2], [three[1], (three[0] + three[1]) / 2], three[0])


def _runs(calmed: Floats, scores: Floats, least: int) -> list[tuple[int, int]]:
    """First and last index of each stretch of anomalous points on one side, with so many that came."""
    runs: list[tuple[int, int]] = []
    for index in map(int, np.flatnonzero(np.abs(np.nan_to_num(calmed)) >= FAR)):
        first, last = runs[-1] if runs else (index, index)
        between = np.count_nonzero(~np.isnan(calmed[last + 1 : index]))
        if runs and between <= PAUSE and calmed[last] * calmed[index] > 0:
            runs[-1] = (first, index)
        else:
            runs.append((index, index))
    return [run for run in runs if np.count_nonzero(~np.isnan(scores[run[0] : run[1] + 1])) >= least]


def _weighty(run: tuple[int, int], series: Series, requests: Series | None, calmed: Floats) -> bool:
    """Whether more requests failed in a run than would by chance: counts scatter by their root."""
    if requests is None or (requests.window, requests.period) != (series.window, series.period):
        return True
    counts = numbers(requests)
    failed = numbers(series) * counts
    ordinary = (np.abs(calmed) < FAR) & ~np.isnan(failed)
    usually = float(failed[ordinary].sum() / max(counts[ordinary].sum(), 1.0))
    part = slice(run[0], run[1] + 1)
    expected = usually * float(np.nansum(counts[part]))
    return abs(float(np.nansum(failed[part])) - expected) >= FAR * np.sqrt(expected + 1)


def _rare(run: tuple[int, int], series: Series, scores: Floats) -> bool:
    inside = np.zeros(len(scores), np.bool_)
    inside[run[0] : run[1] + 1] = True
    share = as_far(series, inside, up=bool(scores[run[0]] > 0))
    return share is None or share <= CHANCE


def as_far(series: Series, inside: NDArray[np.bool_], up: bool = True) -> float | None:
    """The share of better days on which the series was as far off, on average, for as long as `inside`.

    `None` where too little of better days is known, or no point came.
    """
    values = numbers(series)[inside]
    length = len(values)
    if not length or np.isnan(values).all() or len(series.reference) < KNOWN * length:
        return None
    usual = sliding_window_view(np.asarray(series.reference), length).mean(axis=1)
    now = float(np.nanmean(values))
    return np.count_nonzero(usual >= now if up else usual <= now) / len(usual)


def _before(scores: Floats, began: int) -> int:
    """The last point that came before an excursion; where points are missing it may have begun in the gap."""
    known = np.flatnonzero(~np.isnan(scores[:began]))
    return int(known[-1]) if len(known) else -1


def _began(scores: Floats, first: int, up: bool) -> int:
    """Where the excursion that is far at `first` left the ordinary band."""
    sign = 1.0 if up else -1.0
    began = first
    while began > 0 and sign * scores[began - 1] >= NEAR:
        began -= 1
    return began


def trend(series: Series, since: Deviation) -> Trend:
    """Whether an excursion grows, holds or shrinks, by its first and its latest part."""
    if since.over:
        return "over"
    usual = baseline(series)
    if usual is None:
        return "unknown"
    scores = np.abs(usual.score(numbers(series)))
    began = max(0, int((since.onset - series.window.start) / timedelta(seconds=series.period)))
    inside = scores[began:]
    inside = inside[~np.isnan(inside)]
    if len(inside) < 2 * RUN:
        return "steady"
    early, late = float(np.median(inside[: len(inside) // 2])), float(np.median(inside[-RUN:]))
    if late > 1.35 * early:
        return "worsening"
    return "healing" if late < 0.65 * early else "steady"


def bound(usual: Baseline, healthy: Literal["below", "above"]) -> float:
    """The value beyond which a signal is no longer ordinary."""
    return usual.middle + (1 if healthy == "below" else -1) * 4.0 * usual.scale


def stopped(series: Series) -> bool:
    """Whether points came once and come no more: neither zero nor healthy."""
    newest = series.newest
    return (
        newest is not None and (series.window.end - newest).total_seconds() > series.lag + 5 * series.period
    )


def rate(errors: Series, requests: Series) -> Series | None:
    """The share of failed requests; `None` unless both are on one grid."""
    if errors.window != requests.window or errors.period != requests.period:
        return None
    values = tuple(
        None if e is None or r is None or r <= 0 else min(1.0, e / r)
        for e, r in zip(errors.values, requests.values, strict=True)
    )
    paired = len(errors.reference) == len(requests.reference)
    usual = zip(errors.reference, requests.reference, strict=True) if paired else ()
    return errors.model_copy(
        update={
            "signal": Signal.ERROR_RATE,
            "unit": "ratio",
            "stat": "share",
            "values": values,
            "reference": tuple(min(1.0, e / r) for e, r in usual if r > 0),
        }
    )


def sawtooth(series: Series, since_share: float = 0.4) -> int:
    """How many times the later part of a series climbed and fell sharply (memory before and after a kill)."""
    values = numbers(series)
    later = values[int(len(values) * since_share) :]
    later = later[~np.isnan(later)]
    usual = baseline(series)
    if usual is None or len(later) < FEWEST:
        return 0
    falls = np.flatnonzero(-np.diff(later) >= max(4 * usual.scale, 0.15 * float(np.max(later))))
    return sum(
        1 for fall in falls if later[fall] - np.min(later[max(0, fall - 20) : fall + 1]) >= 3 * usual.scale
    )


def climb(series: Series) -> float:
    """How many scales a series climbed over its last hour, judged by a line through it; 0 without points."""
    values = numbers(series)[-max(FEWEST, 3600 // series.period) :]
    known = np.flatnonzero(~np.isnan(values))
    usual = baseline(series)
    if usual is None or len(known) < FEWEST:
        return 0.0
    slope = float(np.polyfit(known, values[known], 1)[0])
    return slope * len(values) / usual.scale


def plateau(series: Series) -> bool:
    """Whether the newest stretch sits flat on the highest level of the window, as a full pool does."""
    values = numbers(series)
    known = values[~np.isnan(values)]
    usual = baseline(series)
    if usual is None or len(known) < FEWEST:
        return False
    latest = known[-8:]
    top = float(np.max(known))
    flat = float(np.max(latest) - np.min(latest)) <= max(0.05 * top, usual.scale)
    return flat and float(np.median(latest)) >= 0.95 * top and top >= usual.middle + FAR * usual.scale
