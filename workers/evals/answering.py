"""Answers: each case investigated as a real one is, and what came of it as one line of JSON."""

import resource
from collections.abc import Iterable, Iterator
from datetime import timedelta

from workers.agent.investigator import Budget, Investigator
from workers.agent.reasoner import Reasoner
from workers.domain.conclusion import Conclusion, Hop, Match
from workers.domain.event import IncidentReported
from workers.domain.incident import Incident, Person, Thread
from workers.domain.investigation import Investigation, begun
from workers.domain.value import Value
from workers.evals.recorded import TOOLSET, Recorded
from workers.evals.replay import Journal, Replay
from workers.safety.gate import Gate
from workers.safety.policy import Policy

NOBODY = Policy(approvers=(), quorum=1, ttl=timedelta(minutes=15))

NONE = "none"
"""The name of no change at all, among the accused."""


class Said(Value):
    """One answer. `ranked` is best first; `seconds` is CPU time of this process.

    `variant` is what was made of the case. `confidence` is of the whole answer, `where` of its first place
    alone. `changes` are the accused, best first, with `none` for that none of the others did it; `matches`
    are what in the first of them fits what was seen.
    """

    id: str
    variant: str = ""
    ranked: tuple[str, ...]
    confidence: float
    where: float = 0.0
    outcome: str
    conclusion: str
    summary: str = ""
    path: tuple[Hop, ...]
    changes: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    seconds: float
    queries: int
    tokens: int = 0
    cost: float = 0.0


def answers(cases: Iterable[Recorded], reasoner: Reasoner) -> Iterator[Said]:
    """One answer a case, in order."""
    for case in cases:
        yield answer(case, reasoner)


def answer(recorded: Recorded, reasoner: Reasoner, variant: str = "") -> Said:
    """Investigate one recorded incident through the gate, as of the moment it was recorded."""
    began = _cpu()
    case = investigated(recorded, reasoner)
    conclusion = case.conclusion
    assert conclusion is not None
    ranked = _ranked(conclusion, recorded.candidates)
    changes = _changes(conclusion)
    return Said(
        id=recorded.id,
        variant=variant,
        ranked=ranked,
        confidence=conclusion.confidence.value,
        where=conclusion.confidence.where or 0.0,
        outcome=conclusion.outcome.value,
        conclusion=conclusion.headline,
        summary=conclusion.summary,
        path=_path(conclusion, ranked[0] if ranked else ""),
        changes=changes,
        matches=next((a.matches for a in conclusion.accused if a.change.id == next(iter(changes), "")), ()),
        seconds=round(_cpu() - began, 3),
        queries=len(case.queries),
        tokens=case.usage.tokens,
        cost=case.dollars or 0.0,
    )


def investigated(recorded: Recorded, reasoner: Reasoner) -> Investigation:
    """The investigation of a case, through to its conclusion."""
    if recorded.journal is not None:
        return _again(recorded.id, recorded.journal, reasoner)
    reported = Incident(
        text=recorded.text,
        source="alert",
        requester=Person(id="U0EVAL", team="T0EVAL"),
        thread=Thread(team="T0EVAL", channel="C0EVAL"),
        at=recorded.at,
    )
    case = begun(IncidentReported(at=recorded.at, investigation=recorded.id, incident=reported))
    gate = Gate([(TOOLSET, recorded)], lambda: recorded.at)
    run = Investigator(case, reasoner, gate, NOBODY, Budget(), lambda: recorded.at)
    for _ in run.run():
        pass
    return run.case


def _again(key: str, journal: Journal, reasoner: Reasoner) -> Investigation:
    """What was investigated before, at its own time, hearing what people said when they said it."""
    gate, told = Replay(journal), list(journal.told)
    case = begun(IncidentReported(at=journal.began, investigation=key, incident=journal.incident))
    run = Investigator(case, reasoner, gate, NOBODY, Budget(), gate.now)
    for _ in run.run():
        while told and told[0].after <= len(run.case.results) and run.case.conclusion is None:
            run.case = run.case.apply(told.pop(0).event)
    return run.case


def _ranked(conclusion: Conclusion, candidates: tuple[str, ...]) -> tuple[str, ...]:
    named = [cause.service for cause in conclusion.causes] + [s.service for s in conclusion.suspects]
    return tuple(name for name in dict.fromkeys(named) if not candidates or name in candidates)


def _changes(conclusion: Conclusion) -> tuple[str, ...]:
    if conclusion.blameless is None:
        return ()
    beliefs = {NONE: conclusion.blameless} | {one.change.id: one.belief for one in conclusion.accused}
    return tuple(sorted(beliefs, key=lambda name: -beliefs[name]))


def _path(conclusion: Conclusion, place: str) -> tuple[Hop, ...]:
    if conclusion.causes and conclusion.causes[0].service == place:
        return conclusion.path
    return next((s.path for s in conclusion.suspects if s.service == place), ())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
