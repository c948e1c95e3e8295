"""The way requests take through a place: errors that are new, steps that no longer follow, calls that stop.

Inside a place some steps always come in fixed proportion, whatever the load: one line each request, two
calls each order. Such proportions are mined from better days and the time before (Lou et al., Mining
Invariants from Console Logs, 2010); one that no longer holds shows where requests leave their way, even
where nobody logs why.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from workers.agent import statistics, words
from workers.agent.leads import Lead, series_move, sustained
from workers.agent.sight import Sight
from workers.agent.statistics import Floats
from workers.domain.telemetry import Activity, Signal
from workers.domain.window import Window

OFTEN = 5
"""The least count a minute at which a step is known."""
MOST = 150
"""Steps of one place that are compared, the most frequent ones: pairs grow with the square."""
HOLDS = 0.5
"""The share of earlier minutes in which a proportion has to hold: incidents before this one broke it too."""
EXACT = 0.03
"""How far, as a share, steps may be out of proportion where one minute ends and the next begins."""
BROKEN = 2.5
"""Missing steps, in roots of those expected, from which a proportion is broken."""
GONE = 0.1
"""The share of what was to be expected below which a step is gone."""
LOST = 0.5
"""The share of the usual below which requests are lost."""
CHANCE = 0.01
"""How likely, at most, lost requests may be by chance, as the time before has it."""
RARE = 0.1
"""The most that such runs may be of the time before, which may hold an earlier incident or two."""
RUN = 3
"""Points in a row that lost requests take."""
FEW = 8.0
"""Counts of this many are half a proof."""
LAST = 0.2
"""How likely it is of a callee still asked, beside the caller itself, that requests end there."""
WRONG = ("error", "fatal", "exception", "fail")


@dataclass(frozen=True)
class Steps:
    """What one place does, as counts: a row a step, a column a period, of better days, before and now."""

    place: str
    rows: tuple[Activity, ...]
    usual: Floats
    before: Floats
    now: Floats

    @property
    def level(self) -> Floats:
        """What is usual of each step: of better days where there are any."""
        known = self.usual if self.usual.shape[1] else self.before
        return np.mean(np.nan_to_num(known), axis=1) if known.shape[1] else np.zeros(len(self.rows))


def steps(sight: Sight, now: Window) -> list[Steps]:
    """The steps of each place, on the periods that all its records have."""
    by: dict[str, list[Activity]] = defaultdict(list)
    for one in sight.activity:
        if one.times and all(count is not None for count in one.counts):
            by[one.service].append(one)
    return [found for place, rows in by.items() if (found := _steps(place, rows, now)) is not None]


def _steps(place: str, rows: list[Activity], now: Window) -> Steps | None:
    times = sorted(set(rows[0].times).intersection(*(one.times for one in rows[1:])))
    inside = np.array([now.holds(at) for at in times], dtype=np.bool_)
    if not inside.any():
        return None
    by = [dict(zip(one.times, one.counts, strict=False)) for one in rows]
    counts = np.array([[row.get(at) or 0.0 for at in times] for row in by], dtype=np.float64)
    width = max(len(one.usual) for one in rows)
    usual = np.full((len(rows), width), np.nan)
    for index, one in enumerate(rows):
        usual[index, : len(one.usual)] = [count for count, _, _ in one.usual]
    return Steps(place, tuple(rows), usual, counts[:, ~inside], counts[:, inside])


# -- errors


def errors(sight: Sight, all_steps: list[Steps]) -> list[Lead]:
    """Places that log errors of a kind that they do not log on better days.

    An error is passed on by whoever called: it counts for less where a callee has new ones too.
    """
    found: dict[str, tuple[float, Activity]] = {}
    for one in all_steps:
        for row, level, now in zip(one.rows, one.level, one.now, strict=True):
            count = sustained(now)
            if row.kind == "line" and row.level in ("error", "fatal") and level == 0 and count >= 1:
                found[one.place] = max(found.get(one.place, (0.0, row)), (count, row), key=lambda p: p[0])
    leads: list[Lead] = []
    for place, (count, row) in found.items():
        passed = any(callee in found for callee in sight.topology.callees(place))
        share = count / (count + FEW) * (0.5 if passed else 1.0)
        text = f"{place} logs “{row.name[:120]}” ({count:.0f} times a minute, never on better days)"
        leads.append(Lead(place, "errors", share, text, row.times[-1]))
    return leads


# -- steps out of proportion, steps that are gone


def broken(sight: Sight, all_steps: list[Steps]) -> list[Lead]:
    """Places inside which requests leave their way."""
    worst = [lead for one in all_steps for lead in (_disproportion(one), _gone(one)) if lead is not None]
    places = {lead.place for lead in worst}
    return [_passed_on(lead, places, sight) for lead in worst]


def _passed_on(lead: Lead, places: set[str], sight: Sight) -> Lead:
    if not any(callee in places for callee in sight.topology.callees(lead.place)):
        return lead
    return replace(lead, share=lead.share / 2)


def _disproportion(one: Steps) -> Lead | None:
    """The proportion that is broken worst."""
    known = np.flatnonzero(one.level >= OFTEN)
    known = known[np.argsort(-one.level[known], kind="stable")][:MOST]
    if len(known) < 2:
        return None
    level = one.level[known]
    first, second = np.triu_indices(len(known), 1)  # the first is the more frequent one
    ratio = level[first] / level[second]
    simple = np.abs(2 * ratio - np.round(2 * ratio)) < 0.01
    first, second, ratio = first[simple], second[simple], ratio[simple]
    earlier = np.concatenate([one.usual, one.before], axis=1)[known]
    a, b = earlier[first], earlier[second] * ratio[:, None]
    told = np.fmax(a, b) >= OFTEN
    off = np.abs(a - b)
    agrees = told & (off <= np.maximum(1, EXACT * np.fmax(a, b)))
    count, of = agrees.sum(axis=1), told.sum(axis=1)
    held = count / np.maximum(of, 1)
    often = (count >= 2) & (held >= HOLDS)
    sure = often | ((of == 1) & (count == 1) & (ratio == 1))  # one minute shows equality at most
    now = one.now[known]
    c, d = now[first], now[second] * ratio[:, None]
    most = np.maximum(c, d)
    missing = np.maximum(np.abs(c - d) - np.maximum(1, EXACT * most), 0) / np.sqrt(most + 1)
    score = np.where(sure, np.sqrt(np.sum(missing**2, axis=1)), 0.0) * held
    if not len(score) or score.max() < BROKEN:
        return None
    best = int(np.argmax(score))
    worst = int(np.argmax(missing[best]))
    share = float(np.abs(c - d)[best, worst] / most[best, worst])
    share *= float(held[best] * score[best] / (score[best] + BROKEN))
    names = [one.rows[int(known[int(index[best])])].name[:80] for index in (first, second)]
    seen = f"{c[best, worst]:.0f} times a minute, “{names[1]}” {now[int(second[best]), worst]:.0f}"
    text = f"{one.place}: “{names[0]}” {seen}, which always were {ratio[best]:g} to 1"
    return Lead(one.place, "flow", share, text)


def _gone(one: Steps) -> Lead | None:
    """The most frequent step that came no more while the place went on; errors that stop are no trouble."""
    known = one.level >= OFTEN
    if known.sum() < 2:
        return None
    pace = np.median(one.now[known] / one.level[known][:, None], axis=0)
    expected = one.level[:, None] * pace
    silent = (expected >= OFTEN / 2) & (one.now <= GONE * expected)
    least = min(2, one.now.shape[1])
    found: list[tuple[float, Activity]] = []
    for index in np.flatnonzero(known & (silent.sum(axis=1) >= least)):
        row = one.rows[int(index)]
        if not any(word in f"{row.level} {row.name}".lower() for word in WRONG):
            found.append((float(expected[index][silent[index]].sum()), row))
    if not found:
        return None
    count, row = max(found, key=lambda pair: pair[0])
    text = f"{one.place}: “{row.name[:120]}” came no more, {count:.0f} times were to be expected"
    return Lead(one.place, "flow", count / (count + 2 * FEW), text)


# -- calls that stop


def lost(sight: Sight, now: Window) -> list[Lead]:
    """Places that are asked as before and no longer ask others, by the requests of those.

    Requests may end at such a place, or at one that it asks and that is still asked as often as they fail.
    """
    fallen = {one.place: one for one in _fallen(sight, now)}
    found: dict[str, Lead] = {}
    for callee, fall in fallen.items():
        callers = [c for c in sight.topology.callers(callee) if c not in fallen]
        for caller in callers:
            share = fall.share / len(callers)
            text = f"{caller} is asked as before, but there are {fall.said}"
            if caller not in found or share > found[caller].share:
                found[caller] = Lead(caller, "flow", share, text)
    return [one for lead in found.values() for one in _ended(lead, fallen, sight, now)]


@dataclass(frozen=True)
class Fall:
    """Requests a minute to a place, now and usually."""

    place: str
    now: float
    usual: float

    @property
    def share(self) -> float:
        return 1 - self.now / self.usual

    @property
    def said(self) -> str:
        now, usual = words.amount(self.now, "count"), words.amount(self.usual, "count")
        return f"{now} requests a minute to {self.place} (usually {usual})"


def _ended(lead: Lead, fallen: dict[str, Fall], sight: Sight, now: Window) -> list[Lead]:
    """A lead against a place, shared with the callee at which its requests may have ended."""
    errors = sight.series.get((lead.place, Signal.ERRORS))
    failed = series_move(errors, now) if errors is not None else None
    below = [
        callee for callee in sight.topology.callees(lead.place) if (callee, Signal.REQUESTS) in sight.series
    ]
    if failed is None or failed.score < statistics.FAR:
        text = f"{lead.place} no longer asks others, but asks"
        asked = [callee for callee in below if callee not in fallen]
        return [lead, *(Lead(c, "flow", lead.share * LAST, f"{text} {c} as before") for c in asked)]
    able = [fallen[callee] for callee in below if callee in fallen and fallen[callee].now >= failed.now]
    if not able:
        return [lead]
    last = max(able, key=lambda fall: fall.share)
    text = f"{lead.place} fails {failed.now:.0f} times a minute, and there are still {last.said}"
    return [replace(lead, share=lead.share / 2), Lead(last.place, "flow", lead.share, text)]


def _fallen(sight: Sight, now: Window) -> Iterator[Fall]:
    for (place, signal), one in sight.series.items():
        if signal is not Signal.REQUESTS:
            continue
        values = statistics.numbers(one)
        inside = np.array([now.holds(one.time(i)) for i in range(len(values))], dtype=np.bool_)
        before, later = values[~inside], values[inside]
        before, later = before[~np.isnan(before)], later[~np.isnan(later)]
        if min(len(before), len(later)) < RUN:
            continue
        usual = float(np.median(before))
        runs = _runs(later)
        low = float(runs.min())
        # Points in a row are no independent draws, so such runs have to be rare in the time before as well.
        likely = float(np.mean(before <= low)) ** RUN * len(runs)
        earlier = float(np.mean(_runs(before) <= low))
        if usual >= OFTEN and low <= LOST * usual and likely <= CHANCE and earlier <= RARE:
            yield Fall(place, low, usual)


def _runs(values: Floats) -> Floats:
    """The highest value of each run of points."""
    return np.max(np.asarray(sliding_window_view(values, RUN), dtype=np.float64), axis=1)
