"""Where the cause is, by what users lose there: the excess of each place, followed down to its callees.

The excess of a place is what its signal was above its usual, times its requests: seconds waited or requests
failed. It compares along a call, whatever the scale of either side, and a deviation alone does not.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workers.agent import statistics, words
from workers.agent.sight import Sight
from workers.domain.conclusion import Hop, Suspect
from workers.domain.facts import Deviation
from workers.domain.telemetry import Series, Signal
from workers.domain.window import Window

EXPLAINS = 0.5
"""The share of a place's excess that one callee has to account for, for the cause to be looked for there."""
LOST = (Signal.ERROR_RATE, Signal.LATENCY)
RAREST = 0.001
FEWEST = 2
"""Points outside the episode that make a level of their own; with fewer, better days have to tell it."""


def suspects(sight: Sight) -> tuple[Suspect, ...]:
    """The places where the cause may be, the likeliest first, each with the way that leads there."""
    found: dict[str, Suspect] = {}
    for place, signal in _symptoms(sight):
        during = episode(measured(place, signal, sight), sight.shift(place, signal))
        lost = excess(place, signal, during, sight) if during else 0.0
        if during is None or lost <= 0:
            continue
        way = descent(place, signal, during, sight)
        if _chance(way, signal, during, sight) > statistics.CHANCE:
            continue
        for depth in range(len(way) - 1, -1, -1):
            suspect = Suspect(
                service=way[depth],
                signal=signal,
                share=round(min(1.0, excess(way[depth], signal, during, sight) / lost), 3),
                path=tuple(_hop(name, signal, during, sight) for name in way[: depth + 1]),
            )
            found.setdefault(suspect.service, suspect)
        for suspect in _unmeasured(place, signal, during, sight) if len(way) == 1 else ():
            found.setdefault(suspect.service, suspect)
    return tuple(found.values())


def _unmeasured(place: str, signal: Signal, during: Window, sight: Sight) -> Iterator[Suspect]:
    """Callees that are not measured, where those that are account for less than half of what a place lost.

    One may account for the rest as far as it has a request for each of the place's, and for all of it where
    something else that its users lose is measured and is off.
    """
    callees, lost = sight.topology.callees(place), excess(place, signal, during, sight)
    told = sum(max(0.0, excess(name, signal, during, sight)) for name in callees) / lost
    if told > 1 - EXPLAINS:
        return
    for name in (one for one in callees if measured(one, signal, sight) is None):
        may = 1.0 if _odd(name, during, sight) else _asked(name, place, during, sight)
        if may >= EXPLAINS:
            finding = (
                f"{name}: {words.signal(signal)} is not measured there, and what else {place} calls"
                f" accounts for {told:.0%} of what is lost"
            )
            path = (_hop(place, signal, during, sight), Hop(service=name, finding=finding, at=during.start))
            share = round((1 - told) * may, 3)
            yield Suspect(service=name, signal=signal, share=share, path=path, measured=False)


def _odd(name: str, during: Window, sight: Sight) -> bool:
    """Whether anything that users lose is worse at a place than better days are by chance."""
    bad = (_as_bad(name, signal, during, sight) for signal in LOST)
    return any(share is not None and share <= statistics.CHANCE for share in bad)


def _asked(name: str, caller: str, during: Window, sight: Sight) -> float:
    """The requests of a place by those of its caller, up to 1; 0 where they are not known."""
    pair = [sight.series.get((one, Signal.REQUESTS)) for one in (name, caller)]
    counts = [np.nansum(statistics.numbers(one)[_inside(one, during)]) for one in pair if one is not None]
    return float(min(1.0, counts[0] / counts[1])) if len(counts) == 2 and counts[1] > 0 else 0.0


def _chance(way: tuple[str, ...], signal: Signal, during: Window, sight: Sight) -> float:
    """The share of better days as bad as this one, over the places of a way; 0 where none are known."""
    shares = [s for name in way if (s := _as_bad(name, signal, during, sight)) is not None]
    # What is rarer than the days that are known can tell is still no miracle.
    return float(np.exp(np.mean(np.log(np.maximum(shares, RAREST))))) if shares else 0.0


def _as_bad(name: str, signal: Signal, during: Window, sight: Sight) -> float | None:
    """How much of the time a place is as bad; without better days, whether it left its own usual at all."""
    one = measured(name, signal, sight)
    if one is None:
        return None
    share = statistics.as_far(one, _inside(one, during))
    if share is None and sight.known(name, one.signal):
        return 0.0 if sight.shift(name, one.signal) else 1.0
    return share


def _symptoms(sight: Sight) -> tuple[tuple[str, Signal], ...]:
    """What users lose, by place and signal: what alarms fired for or, where none did, what moved most."""
    text = sight.case.incident.text.lower()
    told = [a for a in sight.alarms if a.state == "alarm" and a.name.lower() in text]
    alarmed = [(a.service, a.signal) for a in told if a.signal in LOST]
    shifts = [shift for signal in LOST if (shift := sight.shift(sight.symptom, signal)) is not None]
    moved = [(s.service, s.signal) for s in sorted(shifts, key=lambda s: -s.score)]
    return tuple(dict.fromkeys((p, s) for p, s in alarmed or moved if s is not None))


def episode(one: Series | None, shift: Deviation | None) -> Window | None:
    """When users lost something: what is nearer to the peak than to the quieter half, around the peak.

    Where the onset is known it begins there, and ends with the last such point.
    """
    if one is None or one.empty:
        return None
    values = statistics.numbers(one)
    low = float(np.nanmedian(values[values <= np.nanmedian(values)]))
    peak = int(np.nanargmax(values))
    near = np.nan_to_num(values, nan=low) >= (low + values[peak]) / 2
    first = last = peak
    while first > 0 and near[first - 1]:
        first -= 1
    while last + 1 < len(values) and near[last + 1]:
        last += 1
    if shift is None or shift.over or shift.onset >= one.time(last + 1):
        return Window(start=one.time(first), end=one.time(last + 1))
    last = int(np.flatnonzero(near)[-1])
    return Window(start=max(one.window.start, shift.onset), end=one.time(last + 1))


def descent(place: str, signal: Signal, during: Window, sight: Sight) -> tuple[str, ...]:
    """From a place to the callee that accounts for most of its excess, until none accounts for half."""
    way = [place]
    while True:
        here = excess(way[-1], signal, during, sight)
        below = {n: excess(n, signal, during, sight) for n in sight.topology.callees(way[-1]) if n not in way}
        enough = [name for name, lost in below.items() if lost >= EXPLAINS * here]
        if not enough:
            return tuple(way)
        way.append(max(enough, key=lambda n: (_trust(n, signal, below[n] / here, sight), below[n])))


def _trust(service: str, signal: Signal, share: float, sight: Sight) -> int:
    """How far to believe what a callee accounts for: by the requests of its callers it may be too much.

    Whose own requests are known goes first, and last who would account for more than there is.
    """
    one = measured(service, signal, sight)
    if (service, Signal.REQUESTS) in sight.series or (one is not None and one.unit == "count"):
        return 2
    return 1 if share <= 1 else 0


def excess(service: str, signal: Signal, during: Window, sight: Sight) -> float:
    """What users of a place lost during an episode: seconds waited or requests failed, above the usual."""
    one = measured(service, signal, sight)
    level = _level(one, during) if one is not None else None
    if one is None or level is None:
        return 0.0
    inside = _inside(one, during)
    more = np.nan_to_num(statistics.numbers(one) - level) * _weights(service, one, sight)
    return float(np.sum(more[inside]))


def _level(one: Series, during: Window) -> float | None:
    """The usual of the same hour, before and after the episode; of better days where there is too little."""
    values = statistics.numbers(one)
    usual = values[~_inside(one, during)]
    usual = usual[~np.isnan(usual)]
    if len(usual) >= FEWEST:
        return float(np.median(usual))
    return float(np.median(one.reference)) if one.reference else None


def _inside(one: Series, during: Window) -> NDArray[np.bool_]:
    return np.array([during.holds(one.time(i)) for i in range(len(one.values))], dtype=np.bool_)


def _weights(service: str, one: Series, sight: Sight) -> statistics.Floats:
    """How often each point of a series was met: by the requests of its period, or of those who call it.

    Counts are weights by themselves; where nobody counted requests, each period weighs as one.
    """
    if one.unit == "count":
        return np.ones(len(one.values))
    for names in ((service,), sight.topology.callers(service)):
        counted = (sight.series.get((name, Signal.REQUESTS)) for name in names)
        alike = [c for c in counted if c is not None and (c.window, c.period) == (one.window, one.period)]
        if alike:
            return np.max([np.nan_to_num(statistics.numbers(c)) for c in alike], axis=0)
    return np.ones(len(one.values))


def measured(service: str, signal: Signal, sight: Sight) -> Series | None:
    """The series of a loss; failures are counted where nobody knows what share of the requests they were."""
    known = sight.series.get((service, signal))
    return known or (sight.series.get((service, Signal.ERRORS)) if signal is Signal.ERROR_RATE else None)


def _hop(name: str, signal: Signal, during: Window, sight: Sight) -> Hop:
    """A place of the way, with its figures."""
    one = measured(name, signal, sight)
    if one is None:
        return Hop(service=name, finding=f"{name}: nothing is measured there")
    level, inside = _level(one, during) or 0.0, statistics.numbers(one)[_inside(one, during)]
    now, usual = words.amount(float(np.nanmean(inside)), one.unit), words.amount(level, one.unit)
    return Hop(
        service=name, finding=f"{name} {words.signal(one.signal)} {now} (usually {usual})", at=during.start
    )
