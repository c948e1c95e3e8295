"""Where the cause may be: the leads of independent witnesses and the impact on users, as one ranked list."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator

from workers.agent import flow, impact, leads, spans, words
from workers.agent.leads import Kind, Lead
from workers.agent.sight import Sight
from workers.domain.call import Gap
from workers.domain.conclusion import Hop, Suspect
from workers.domain.telemetry import Signal
from workers.domain.window import Window

WORTH: dict[Kind, float] = {
    "strain": 4.0,
    "wire": 4.0,
    "flow": 2.0,
    "errors": 2.0,
    "impact": 1.5,
    "late": 1.0,
}
"""What each kind of lead is worth. A full resource or a slow wire is the trouble itself, and all else may be
its effect; that a place does or logs what it never did is nearer to a cause than where users lose most; that
a place is slow is the least, since it may be for others, and for nobody who notices."""
SIGNAL: dict[Kind, Signal] = {
    "strain": Signal.CPU,
    "wire": Signal.LATENCY,
    "flow": Signal.ERRORS,
    "errors": Signal.ERRORS,
    "impact": Signal.LATENCY,
    "late": Signal.LATENCY,
}
LEAST = 0.25
"""The least that has to speak against a place: a quarter of the weakest kind of lead is noise."""
ALONE = 0.95
"""How sure a place is that nothing else is suspected beside."""
SEEN = 0.98
"""What each thing that could not be seen leaves of that: little, since who is suspected was measured."""
NO_NEWS = 0.05
"""What an impact on the symptom itself counts: that users lose something there is known."""
NEXT = 0.8
"""What the next place on the way of an impact counts: the one above, or one below that is not measured."""
UNMEASURED = 0.5
"""How sure a place that is not measured itself can be, beside one that is."""


def suspects(sight: Sight) -> tuple[Suspect, ...]:
    """The places where the cause may be, the likeliest first, each with the way from the symptom to it."""
    now = leads.present(sight)
    explained = _explained(sight, now)
    by: dict[str, list[Lead]] = defaultdict(list)
    for lead in (*_witnessed(sight, now), *_impacts(explained)):
        by[lead.place].append(lead)
    worth = {place: sum(WORTH[one.kind] * one.share for one in some) for place, some in by.items()}
    ways = {one.service: one for one in explained}
    whole = max(worth.values(), default=0.0)
    enough = [place for place, value in worth.items() if value >= LEAST or (place in ways and value > 0)]
    ranked = sorted(enough, key=lambda place: -worth[place])
    return tuple(_suspect(place, by, ways.get(place), worth[place] / whole, sight) for place in ranked)


def whereabouts(found: tuple[Suspect, ...], gaps: int) -> float | None:
    """How sure the place of the first suspect is, from 0 to 1; `None` without any.

    By its lead over the second, less what could not be seen; a lead alone is never certain.
    """
    if not found:
        return None
    sure = ALONE if found[0].measured else ALONE * UNMEASURED
    second = found[1].share if len(found) > 1 else 0.0
    return round((1 - second / 2) * SEEN ** min(gaps, 5) * sure, 2)


def gaps(found: tuple[Suspect, ...]) -> tuple[Gap, ...]:
    """What is not measured where the cause may be."""
    why = "it is not measured, and the cause may be there"
    blind = (one for one in found if not one.measured)
    return tuple(
        Gap(what=f"{words.signal(one.signal)} of {one.service}", about=one.service, why=why) for one in blind
    )


def _explained(sight: Sight, now: Window) -> tuple[Suspect, ...]:
    """Where users lose most; what they lost before now, and lose no more, is another incident's."""
    front = leads.symptom(sight)
    found = (one for one in impact.suspects(sight) if one.path and one.path[0].service == front)
    return tuple(one for one in found if _lately(front, one.signal, now, sight))


def _lately(front: str, signal: Signal, now: Window, sight: Sight) -> bool:
    during = impact.episode(impact.measured(front, signal, sight), sight.shift(front, signal))
    return during is not None and during.end > now.start


def _witnessed(sight: Sight, now: Window) -> list[Lead]:
    steps = flow.steps(sight, now)
    return [
        *leads.strained(sight, now),
        *spans.wire(sight, now),
        *flow.errors(sight, steps),
        *flow.broken(sight, steps),
        *flow.lost(sight, now),
        *spans.late(sight, now),
    ]


def _impacts(explained: tuple[Suspect, ...]) -> Iterator[Lead]:
    for rank, one in enumerate(explained):
        share = one.share * (NEXT**rank if one.measured else NEXT) if len(one.path) > 1 else NO_NEWS
        for last in one.path[-1:]:
            yield Lead(one.service, "impact", share, last.finding, last.at)


def _suspect(
    place: str, by: dict[str, list[Lead]], way: Suspect | None, share: float, sight: Sight
) -> Suspect:
    best = _best(by[place])
    if way is not None and best.kind == "impact":
        return way.model_copy(update={"share": round(share, 3)})
    path = tuple(_hop(name, by, sight) for name in _route(leads.symptom(sight), place, by, sight))
    return Suspect(service=place, signal=SIGNAL[best.kind], share=round(share, 3), path=path)


def _best(some: Iterable[Lead]) -> Lead:
    return max(some, key=lambda one: WORTH[one.kind] * one.share)


def _route(start: str, goal: str, by: dict[str, list[Lead]], sight: Sight) -> tuple[str, ...]:
    """The way by the needs of each place, rather over places with leads; the goal alone without one."""
    queue: list[tuple[int, tuple[str, ...]]] = [(0, (start,))]
    done: set[str] = set()
    while queue:
        cost, path = heapq.heappop(queue)
        if path[-1] == goal:
            return path
        if path[-1] in done:
            continue
        done.add(path[-1])
        for callee in sight.topology.callees(path[-1]):
            if callee not in done:
                heapq.heappush(queue, (cost + (1 if callee in by else 2), (*path, callee)))
    return (goal,)


def _hop(name: str, by: dict[str, list[Lead]], sight: Sight) -> Hop:
    """A place of the way, with what was measured there."""
    if name in by:
        best = _best(by[name])
        return Hop(service=name, finding=best.finding, at=best.at)
    now = leads.present(sight)
    moved = [
        (abs(move.score), leads.said(one, move), leads.since(one, move, now))
        for (place, _), one in sight.series.items()
        if place == name and (move := leads.series_move(one, now)) is not None
    ]
    if not moved:
        return Hop(service=name, finding=f"{name}: nothing is measured there")
    _, finding, at = max(moved, key=lambda one: one[0])
    return Hop(service=name, finding=finding, at=at)
