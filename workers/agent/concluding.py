"""The best answer the evidence carries: one cause, several, none, or that it was no incident."""

from collections import deque
from datetime import datetime

from workers.agent import statistics, words
from workers.agent.catalogue import Mode, modes
from workers.agent.confidence import confidence, nothing
from workers.agent.proposals import filled
from workers.agent.sight import Sight
from workers.agent.suspects import suspects
from workers.agent.weighing import support, untold
from workers.domain.call import Gap
from workers.domain.conclusion import PROVEN, Cause, Conclusion, Hop, Outcome, Picture, RuledOut, Watch
from workers.domain.confidence import Confidence
from workers.domain.facts import Deviation
from workers.domain.hypothesis import Hypothesis
from workers.domain.telemetry import Passage, Series, Signal

SURE = 0.55
"""Below this a confirmed claim is a lead, not a cause."""
CITED = 3
WATCHED = (Signal.ERROR_RATE, Signal.LATENCY, Signal.QUEUE_AGE, Signal.ERRORS, Signal.QUEUE_DEPTH)


def conclude(sight: Sight) -> Conclusion:
    """What to say, whatever has been found out so far."""
    case = sight.case
    gaps = sight.gaps()
    if case.facts is not None and case.facts.unknown_service:
        return _unknown(sight)
    stand = case.tree.with_status("confirmed")
    judged = _judged([h for h in stand if not h.by], sight, gaps)
    guessed = [h for h in stand if h.by]
    if guessed and not _sure(judged):
        place = measured_at(sight)
        judged = _judged([h for h in guessed if place in ("", h.where)], sight, gaps)
    if not _sure(judged):
        return _inconclusive(sight, gaps)
    best, sure = judged[0]
    mode = modes()[best.mode]
    if not mode.incident:
        return _no_incident(sight, best, mode, sure)
    beside = [h for h, c in judged[1:] if c.value >= SURE and _independent(h, best, sight)]
    return _caused(sight, (best, *beside), sure, gaps)


def measured_at(sight: Sight) -> str:
    """Where what users lose leads; empty where it cannot be followed. A model may not claim another place."""
    followed = suspects(sight) if sight.topology.callees(sight.symptom) else ()
    return next((one.service for one in followed if one.measured), "")


def _judged(
    claims: list[Hypothesis], sight: Sight, gaps: tuple[Gap, ...]
) -> list[tuple[Hypothesis, Confidence]]:
    """Claims that stand and that no other explains, the surest first."""
    judged = [
        (h, confidence(sight.case, h, len(gaps), sight.above(h.where), untold(h, sight))) for h in claims
    ]
    judged = [(h, sure) for h, sure in judged if not _superseded(h, judged, sight)]
    return sorted(judged, key=lambda pair: (-pair[1].value, -pair[0].prior))


def _sure(judged: list[tuple[Hypothesis, Confidence]]) -> bool:
    return bool(judged) and judged[0][1].value >= SURE


def _superseded(hypothesis: Hypothesis, judged: list[tuple[Hypothesis, Confidence]], sight: Sight) -> bool:
    """Whether another claim that stands explains this one.

    A generic claim gives way to a narrower one at the place or below it; an effect to a change above it.
    """
    mode = modes()[hypothesis.mode]
    others = [h for h, sure in judged if h.id != hypothesis.id and sure.value >= SURE]
    below = sight.topology.downstream(hypothesis.where)
    if mode.generic and any(h.where in below and not modes()[h.mode].generic for h in others):
        return True
    above = sight.above(hypothesis.where)
    return mode.effect and any(h.trigger is not None and h.where in above for h in others)


def _independent(one: Hypothesis, other: Hypothesis, sight: Sight) -> bool:
    """Neither place needs the other, so that neither trouble explains the other."""
    reach, back = sight.topology.downstream(other.where), sight.topology.downstream(one.where)
    return modes()[one.mode].incident and one.where not in reach and other.where not in back


def _caused(
    sight: Sight, found: tuple[Hypothesis, ...], sure: Confidence, gaps: tuple[Gap, ...]
) -> Conclusion:
    best = found[0]
    mode = modes()[best.mode]
    causes = tuple(_cause(h, sight) for h in found)
    trigger = causes[0].change
    revision = f" {causes[0].revision}" if causes[0].revision else ""
    return Conclusion(
        outcome=Outcome.SEVERAL_CAUSES if len(found) > 1 else Outcome.CAUSED,
        headline=f"{mode.title}: {revision.strip() or best.where}",
        summary=f"{_sentence(causes[0], sight)}{_also(found, sight) if sure.value < PROVEN else ''}",
        causes=causes,
        confidence=sure,
        path=_path(best, sight),
        ruled_out=_ruled_out(sight),
        gaps=gaps,
        next_steps=tuple(filled(step, best.where, trigger) for step in mode.next_steps),
        citations=_citations(best, sight),
        picture=_picture(best, sight),
        watch=watch(sight),
    )


def _also(found: tuple[Hypothesis, ...], sight: Sight) -> str:
    """The other claims that something speaks for, where the one that is named is not proven."""
    said = {h.where for h in found}
    others = [h for h in _backed(sight) if h.where not in said and h.status != "pruned"]
    return f" Also possible: {'; '.join(h.statement for h in others[:2])}." if others else ""


def _backed(sight: Sight) -> list[Hypothesis]:
    """The claims that something speaks for, most first."""
    for_it = {h.id: support(sight.case.evidence_for(h.id)) for h in sight.case.tree.nodes}
    return sorted((h for h in sight.case.tree.nodes if for_it[h.id] > 1), key=lambda h: -for_it[h.id])


def _cause(hypothesis: Hypothesis, sight: Sight) -> Cause:
    mode = modes()[hypothesis.mode]
    blamed = hypothesis.trigger
    change = next((c for c in sight.changes if blamed and c.id == blamed.id), blamed)
    backing = tuple(e.id for e in sight.case.evidence_for(hypothesis.id) if e.says == "supports")
    return Cause(
        service=hypothesis.where,
        mode=mode.id,
        statement=filled(mode.statement, hypothesis.where, change),
        revision=change.after if change and mode.trigger in ("deployment", "commit") else "",
        change=change,
        hypothesis=hypothesis.id,
        evidence=backing,
    )


def _sentence(cause: Cause, sight: Sight) -> str:
    """The claim, and what users notice of it."""
    noticed = sight.case.facts.summary if sight.case.facts else ""
    first, _, rest = cause.statement.partition(" ")
    # Names stay as their systems spell them.
    ours = first.isalpha() and first != cause.service
    return f"{first.capitalize() if ours else first} {rest}. {noticed}".strip()


def _ruled_out(sight: Sight) -> tuple[RuledOut, ...]:
    return tuple(
        RuledOut(hypothesis=h.id, statement=h.statement, by=h.reason)
        for h in sight.case.tree.with_status("pruned")
        if h.seen
    )


def _citations(best: Hypothesis, sight: Sight) -> tuple[Passage, ...]:
    """The passages found for the claim itself; best one of each document."""
    found: dict[str, Passage] = {}
    for passage in sorted(sight.passages(best.id), key=lambda p: -p.score):
        found.setdefault(passage.document, passage)
    return tuple(found.values())[:CITED]


def _path(best: Hypothesis, sight: Sight) -> tuple[Hop, ...]:
    """Symptom to cause along the needs of each service, with what was measured at each hop."""
    names = _route(sight.symptom, best.where, sight) or (sight.symptom, best.where)
    return tuple(_hop(name, best, sight) for name in dict.fromkeys(n for n in names if n))


def _route(start: str, goal: str, sight: Sight) -> tuple[str, ...]:
    queue: deque[tuple[str, ...]] = deque([(start,)])
    seen = {start}
    while queue:
        path = queue.popleft()
        if path[-1] == goal:
            return path
        for callee in sight.topology.callees(path[-1]):
            if callee not in seen:
                seen.add(callee)
                queue.append((*path, callee))
    return ()


def _hop(name: str, best: Hypothesis, sight: Sight) -> Hop:
    shifts = sight.trouble(name)
    if shifts:
        first = min(shifts, key=lambda s: s.onset)
        return Hop(service=name, finding=words.moved(first), at=first.onset)
    found = [e for e in sight.case.evidence_for(best.id) if name in e.finding and e.says == "supports"]
    return Hop(service=name, finding=found[0].finding if found else f"{name}: nothing is measured there")


def _main_shift(sight: Sight, service: str) -> Deviation | None:
    """The shift that users notice most; a strain nobody notices where that is all there is."""
    shifts = [s for signal in WATCHED if (s := sight.shift(service, signal)) and s.direction == "up"]
    rated = any(s.signal is Signal.ERROR_RATE for s in shifts)
    plain = [s for s in shifts if not (rated and s.signal is Signal.ERRORS)]
    return max(plain or sight.strained(service), key=lambda s: abs(s.score), default=None)


def _picture(best: Hypothesis, sight: Sight) -> Picture | None:
    """The symptom and, where it is measured, the cause; the changes that were blamed are marked."""
    shown: list[Series] = []
    symptom = _main_shift(sight, sight.symptom)
    cause = next(iter(sight.trouble(best.where)), None)
    for shift in (symptom, cause):
        if shift is not None:
            one = sight.series[shift.service, shift.signal]
            if one not in shown:
                shown.append(one)
    if not shown:
        return None
    names = words.listed([f"{one.service} {words.signal(one.signal)}" for one in shown])
    return Picture(title=names, series=tuple(shown), onset=sight.onset, marks=_marks(sight))


def _marks(sight: Sight) -> tuple[tuple[datetime, str], ...]:
    blamed = {h.trigger.id: h.trigger for h in sight.case.tree.nodes if h.trigger}
    return tuple((c.at, c.after or c.summary) for c in sorted(blamed.values(), key=lambda c: c.at))


def watch(sight: Sight) -> Watch | None:
    """The signal by which users would notice a recovery, with the bound of what is usual."""
    shift = _main_shift(sight, sight.symptom)
    if shift is None:
        return None
    usual = statistics.baseline(sight.series[shift.service, shift.signal])
    if usual is None:
        return None
    return Watch(
        service=shift.service,
        signal=shift.signal,
        unit=shift.unit,
        stat=shift.stat,
        healthy="below" if shift.direction == "up" else "above",
        bound=statistics.bound(usual, "below" if shift.direction == "up" else "above"),
        baseline=usual.middle,
        worst=shift.peak,
    )


# -- when no cause is named


HEADS = {Outcome.NOT_AN_INCIDENT: "Not an incident", Outcome.RECOVERED: "Recovered"}


def _no_incident(sight: Sight, best: Hypothesis, mode: Mode, sure: Confidence) -> Conclusion:
    outcome = Outcome(mode.outcome)
    cause = _cause(best, sight)
    return Conclusion(
        outcome=outcome,
        headline=f"{HEADS[outcome]}: {mode.title.lower()}",
        summary=_sentence(cause, sight),
        causes=(cause,),
        confidence=sure,
        ruled_out=_ruled_out(sight),
        gaps=sight.gaps(),
        next_steps=tuple(filled(step, best.where, None) for step in mode.next_steps),
        citations=_citations(best, sight),
        picture=_quiet_picture(best.where, sight),
    )


def _quiet_picture(service: str, sight: Sight) -> Picture | None:
    shown = [
        one for key, one in sight.series.items() if key[0] == service and key[1] in WATCHED and not one.empty
    ]
    if not shown:
        return None
    return Picture(title=f"{service} {words.signal(shown[0].signal)}", series=(shown[0],))


def _inconclusive(sight: Sight, gaps: tuple[Gap, ...]) -> Conclusion:
    case = sight.case
    quiet = case.facts is not None and not case.facts.affected and not _blind(sight)
    if quiet and not gaps:
        return _nothing_wrong(sight)
    leads = _backed(sight)
    told = f" Leads: {'; '.join(h.statement for h in leads[:2])}." if leads else ""
    missing = tuple(dict.fromkeys(gap.permission for gap in gaps if gap.permission))
    hidden = f" I could not see everything: {words.listed(missing)} is missing." if missing else ""
    return Conclusion(
        outcome=Outcome.INCONCLUSIVE,
        headline="Inconclusive: the evidence names no cause",
        summary=f"{case.facts.summary if case.facts else ''}{told}{hidden}".strip(),
        confidence=nothing("no claim was confirmed with enough independent evidence"),
        ruled_out=_ruled_out(sight),
        gaps=gaps,
        next_steps=_what_would_settle(gaps),
        picture=_picture(leads[0], sight) if leads else None,
        watch=watch(sight),
    )


def _blind(sight: Sight) -> bool:
    """Whether the signals that would show trouble of the symptom, or of anything, could not be seen."""
    places = {sight.symptom} if sight.symptom else {place for place, _ in sight.series}
    return not any(sight.seen(place, signal) for place in places for signal in WATCHED)


def _nothing_wrong(sight: Sight) -> Conclusion:
    summary = sight.case.facts.summary if sight.case.facts else ""
    return Conclusion(
        outcome=Outcome.NOT_AN_INCIDENT,
        headline="Not an incident: everything is as usual",
        summary=summary,
        confidence=nothing("nothing left its baseline"),
        ruled_out=_ruled_out(sight),
        next_steps=("If users still complain, tell me which service and since when.",),
        picture=_quiet_picture(sight.symptom, sight),
    )


def _what_would_settle(gaps: tuple[Gap, ...]) -> tuple[str, ...]:
    mends = tuple(dict.fromkeys(gap.mend for gap in gaps if gap.mend))
    return mends or ("Tell me what you know that I cannot see: I take it as evidence.",)


def _unknown(sight: Sight) -> Conclusion:
    facts = sight.case.facts
    nearest = facts.nearest if facts else ()
    names = words.listed(list(nearest))
    said, step = "", "Mention me again with the name of a service as AWS knows it."
    if nearest:
        said = f" The nearest {'name is' if len(nearest) == 1 else 'names are'} {names}."
        step = f"Did you mean {names}? Mention me again with the right name."
    return Conclusion(
        outcome=Outcome.INCONCLUSIVE,
        headline=f"Unknown service: {facts.unknown_service if facts else ''}",
        summary=f"{facts.summary if facts else ''}{said}",
        confidence=nothing("the service is not known"),
        gaps=sight.gaps(),
        next_steps=(step,),
    )
