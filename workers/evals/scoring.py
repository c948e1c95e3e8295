"""Scores: answers held against labels, and against what was measured; it never asks how they came about.

An answer is grounded when the way it gives from symptom to cause can be found again in the case's own record:
every step is a call that somebody makes, and at every place something left its usual around the alarm. A
blamed change has to be in effect there, to hold the words it is said to, and to meet a complaint that
was made.
"""

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

import numpy as np

from workers.agent import statistics
from workers.agent.statistics import Floats
from workers.domain.conclusion import Hop, Match, Outcome
from workers.domain.telemetry import Activity, Change, Series
from workers.domain.value import Value
from workers.domain.window import Window
from workers.evals.answering import NONE, Said
from workers.evals.facts import named
from workers.evals.recorded import Recorded
from workers.evals.sets import Truth

MEASURED = 3.0
"""Scales (median absolute deviations, as a standard deviation) from the median at which a place deviates."""
LEAST = 0.02
"""The least scale as a share of the median: what hardly ever moves deviates soon otherwise."""
STEPS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
"""Confidences that are told apart."""
QUIET = (Outcome.NOT_AN_INCIDENT, Outcome.RECOVERED)
"""Outcomes that send nobody anywhere."""

LONGER = 0.005
"""Seconds: the least scale of the time that something takes by itself."""
AROUND = timedelta(minutes=10)
"""How far from the alarm what is measured has to lie."""
COARSE = 300
"""Seconds a point from which one point is enough; of finer ones, two are asked for."""


class Score(Value):
    """How one answer fares. `place` is the rank of the truth from 1, 0 where it was not named.

    `kind` and `service` are the label's; `misled` where a change was blamed first that did not do it. Of the
    `facts` that a label asks for in words, `named` were.
    """

    id: str
    kind: str
    service: str = ""
    place: int
    grounded: bool
    confidence: float
    seconds: float
    misled: bool = False
    where: float = 0.0
    facts: int = 0
    named: int = 0


class Table(Value):
    """A set, or a part of it: shares of the cases, and CPU seconds of the slowest."""

    name: str
    cases: int
    first: float
    among_three: float
    grounded: float
    slowest: float
    misled: float = 0.0


def score(said: Said | None, truth: Truth, recorded: Recorded) -> Score:
    """One answer against its label; none at all is a wrong one."""
    if said is None:
        return Score(
            id=truth.id,
            kind=truth.kind,
            service=truth.service,
            place=0,
            grounded=False,
            confidence=0.0,
            seconds=0.0,
            facts=len(truth.facts),
        )
    if truth.facts:
        return _told(said, truth)
    if truth.change:
        return _changed(said, truth, recorded)
    place = said.ranked.index(truth.service) + 1 if truth.service in said.ranked else 0
    return Score(
        id=said.id,
        kind=truth.kind,
        service=truth.service,
        place=place,
        grounded=place == 1 and grounded(said.path, truth.service, recorded),
        confidence=said.confidence,
        seconds=said.seconds,
        where=said.where,
    )


def _told(said: Said, truth: Truth) -> Score:
    """The score of an answer that is to say something in words."""
    answer = f"{said.conclusion} {said.summary}"
    return Score(
        id=said.id,
        kind="",
        place=0,
        grounded=False,
        confidence=said.confidence,
        seconds=said.seconds,
        facts=len(truth.facts),
        named=sum(named(fact, answer) for fact in truth.facts),
    )


def alarmed(said: Said) -> bool:
    """Whether an answer sends somebody somewhere: it blames a place or a change, and not for what is over."""
    blames = bool(said.changes) and said.changes[0] != NONE
    return blames or (bool(said.ranked) and said.outcome not in QUIET)


def _changed(said: Said, truth: Truth, recorded: Recorded) -> Score:
    """The score of an answer that is to name a change, or that none did it."""
    place = said.changes.index(truth.change) + 1 if truth.change in said.changes else 0
    return Score(
        id=said.id,
        kind=truth.kind,
        service=truth.service,
        place=place,
        grounded=place == 1 and grounded_change(said, recorded),
        confidence=said.confidence,
        seconds=said.seconds,
        misled=said.changes[:1] not in ((), (NONE,), (truth.change,)),
    )


def grounded_change(said: Said, recorded: Recorded) -> bool:
    """Whether the first change is in effect on a way that was measured and meets a complaint that was made.

    That no change did it is grounded where the alarmed place really left its usual.
    """
    if said.changes[0] == NONE:
        return any(_deviates(alarm.service, recorded) for alarm in recorded.alarms)
    change = next((c for c in recorded.changes if c.id == said.changes[0]), None)
    calls = {frozenset((edge.caller, edge.callee)) for edge in recorded.topology.edges}
    names = [hop.service for hop in said.path]
    walked = all(frozenset(step) in calls for step in itertools.pairwise(names))
    alarmed = {alarm.service for alarm in recorded.alarms}
    if change is None or not names or names[0] not in alarmed or not walked:
        return False
    measured = all(_deviates(name, recorded) for name in names)
    return (
        measured
        and _reached(change, names[-1], recorded)
        and any(_met(m, change, recorded) for m in said.matches)
    )


def _reached(change: Change, place: str, recorded: Recorded) -> bool:
    """Whether a place owns a change's files, or was deployed after it and before it was looked into."""
    since = (c for c in recorded.changes if c.kind == "deployment" and c.service == place)
    parts = re.split(r"[^a-z]+", place.removesuffix("service").lower())
    owned = any(part in name.lower() for name in change.files for part in parts if len(part) > 2)
    return owned or any(change.at <= c.at <= recorded.at for c in since)


def _met(match: Match, change: Change, recorded: Recorded) -> bool:
    """Whether the words stand in the change, and the complaint in what was recorded."""
    text = "\n".join((change.diff, change.summary, *change.files))
    parts = match.changed.replace("→", " ").replace("(none)", " ").split()
    stands = match.changed in text or (bool(parts) and all(part.lower() in text.lower() for part in parts))
    patterns = (p.template for some in recorded.logs.values() for p in some)
    lines = (one.example for some in recorded.lines.values() for one in some.values())
    alarms = (f"{alarm.name}: {alarm.reason}" for alarm in recorded.alarms)
    told = any(match.seen in said or said in match.seen for said in (*patterns, *lines, *alarms) if said)
    known = (*recorded.series.values(), *recorded.own)
    named = (s for s in known if s.metric and s.metric in match.seen and s.service in match.seen)
    moved = any(_far(one, _around(recorded)) for one in named)
    return stands and (told or moved)


def grounded(path: tuple[Hop, ...], place: str, recorded: Recorded) -> bool:
    """Whether a way can be found again in the record, and ends at the place."""
    names = [hop.service for hop in path]
    calls = {(edge.caller, edge.callee) for edge in recorded.topology.edges}
    walked = all(step in calls for step in itertools.pairwise(names))
    alarmed = {alarm.service for alarm in recorded.alarms}
    begins = bool(names) and (not alarmed or names[0] in alarmed)
    return begins and names[-1] == place and walked and all(_deviates(name, recorded) for name in names)


def _deviates(name: str, recorded: Recorded) -> bool:
    around = _around(recorded)
    known = (*recorded.series.values(), *recorded.own)
    measured = any(_far(one, around) for one in known if one.service == name)
    mine = (one for one in recorded.activity if name in (one.service, one.callee))
    return measured or any(_odd(one, around) for one in mine)


def _around(recorded: Recorded) -> Window:
    told = [alarm.since for alarm in recorded.alarms] or [recorded.at]
    return Window(start=min(told) - AROUND, end=max(told) + AROUND)


def _far(one: Series, around: Window) -> bool:
    """Whether points around the alarm are far from the quieter half, by its scatter or better days'."""
    values = statistics.numbers(one)
    quiet = np.sort(values[~np.isnan(values)])
    if len(quiet) < 3:
        return False
    quiet = quiet[: len(quiet) // 2 + 1]
    inside = np.array([around.holds(one.time(i)) for i in range(len(values))], dtype=np.bool_)
    usual = np.asarray(one.reference) if one.reference else quiet
    return _beyond(values[inside], float(np.median(quiet)), usual, 0.0, 1 if one.period >= COARSE else 2)


def _odd(one: Activity, around: Window) -> bool:
    """Whether a place did something far more or less often, or far longer by itself, than on better days."""
    inside = np.array([around.holds(at) for at in one.times], dtype=np.bool_)
    columns = (one.counts, [count for count, _, _ in one.usual]), (one.own, [own for _, _, own in one.usual])
    for (column, better), counted in zip(columns, (True, False), strict=True):
        values, usual = _numbers(column), _numbers(better)
        usual = usual[~np.isnan(usual)] if better else np.sort(values[~np.isnan(values)])
        usual = usual if better else usual[: len(usual) // 2 + 1]
        if len(usual) and len(values) == len(inside):
            middle = float(np.median(usual))
            floor = math.sqrt(max(middle, 0.0) + 1) if counted else LONGER
            if _beyond(values[inside], middle, usual, floor, 2):
                return True
    return False


def _numbers(column: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in column], dtype=np.float64)


def _beyond(values: Floats, middle: float, usual: Floats, floor: float, least: int) -> bool:
    """Whether so many values are far from the middle, by the scatter of what is usual."""
    scatter = 1.4826 * float(np.median(np.abs(usual - np.median(usual))))
    far = np.abs(values - middle) > MEASURED * max(scatter, LEAST * abs(middle), floor, 1e-9)
    return int(np.count_nonzero(far)) >= least


class Bin(Value):
    """Answers that were about as sure, and the share of them that were right."""

    low: float
    high: float
    cases: int
    right: float


def calibration(scores: Iterable[Score]) -> tuple[Bin, ...]:
    """How often the first place was right, by how sure it was said to be; answers without one left out."""
    return binned((s.where, s.place == 1) for s in scores if s.where)


def binned(answers: Iterable[tuple[float, bool]]) -> tuple[Bin, ...]:
    """How sure each answer was, and whether it was right, by steps of the first."""
    found, bins = list(answers), list[Bin]()
    for low, high in itertools.pairwise(STEPS):
        some = [right for sure, right in found if low <= sure < high]
        if some:
            bins.append(Bin(low=low, high=high, cases=len(some), right=round(sum(some) / len(some), 3)))
    return tuple(bins)


def parts(
    scores: Iterable[Score], by: Literal["kind", "service"]
) -> tuple[tuple[str, tuple[Score, ...]], ...]:
    """The scores of each kind of fault, or of each place that was at fault, by name."""
    found: dict[str, list[Score]] = defaultdict(list)
    for one in scores:
        found[getattr(one, by)].append(one)
    return tuple((name, tuple(found[name])) for name in sorted(found))


def table(name: str, scores: tuple[Score, ...]) -> Table:
    """What share of some answers was right. There must be one."""

    def share(good: Iterable[bool]) -> float:
        return round(sum(good) / len(scores), 3)

    return Table(
        name=name,
        cases=len(scores),
        first=share(s.place == 1 for s in scores),
        among_three=share(1 <= s.place <= 3 for s in scores),
        grounded=share(s.grounded for s in scores),
        slowest=max(s.seconds for s in scores),
        misled=share(s.misled for s in scores),
    )
