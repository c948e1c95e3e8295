"""Confidence from the evidence, each factor named; separately for where, what and why."""

from workers.agent import words
from workers.agent.catalogue import modes
from workers.agent.weighing import support
from workers.domain.confidence import Confidence, Factor
from workers.domain.evidence import Evidence
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation

CARRIES = {"strong": 0.6, "weak": 0.25, "none": 0.0}


def confidence(
    case: Investigation,
    hypothesis: Hypothesis,
    gaps: int,
    above: frozenset[str] = frozenset(),
    untold: int = 0,
) -> Confidence:
    """How sure the evidence makes us of one confirmed claim.

    Independent witnesses add up (each leaves some doubt, the doubts multiply); contradiction, an untested
    refutation, a strong rival, an untold double and what could not be seen each take away. `above` are places
    that need the accused one: trouble there is its effect and no rival.
    """
    evidence = case.evidence_for(hypothesis.id)
    factors = [
        _witnesses(evidence),
        _contradiction(evidence),
        _refutation(evidence),
        _rivals(case, hypothesis, evidence, above),
        *_doubles(untold),
        *_guessed(hypothesis),
        _unseen(gaps),
    ]
    value = 1.0
    for factor in factors:
        value *= factor.effect
    what = round(min(0.99, value), 2)
    where = round(min(0.99, what + (1 - what) * 0.5), 2)
    why = round(what * (1.0 if hypothesis.trigger else 0.6), 2)
    return Confidence(value=what, where=where, what=what, why=why, factors=tuple(factors))


def nothing(why: str) -> Confidence:
    """The confidence of a result that names no cause."""
    return Confidence(value=0.0, factors=(Factor(name="no cause named", effect=0.0, how=why),))


def _witnesses(evidence: tuple[Evidence, ...]) -> Factor:
    best: dict[str, float] = {}
    for e in evidence:
        if e.says == "supports" and e.role == "confirm":
            source = e.source.split(" ")[0]
            best[source] = max(best.get(source, 0.0), CARRIES[e.strength])
    doubt = 1.0
    for carried in best.values():
        doubt *= 1 - carried
    return Factor(
        name="independent witnesses",
        effect=round(1 - doubt, 3),
        how=f"{words.counted(len(best), 'independent source')} support{'s' if len(best) == 1 else ''} it",
    )


def _contradiction(evidence: tuple[Evidence, ...]) -> Factor:
    against = [e for e in evidence if e.says == "contradicts" and e.strength != "none"]
    return Factor(
        name="contradiction",
        effect=round(0.85 ** len(against), 3),
        how=f"{words.counted(len(against), 'finding')} against it"
        if against
        else "nothing speaks against it",
    )


def _refutation(evidence: tuple[Evidence, ...]) -> Factor:
    tried = [e for e in evidence if e.role == "refute"]
    return Factor(
        name="attempts to refute",
        effect=1.0 if tried else 0.7,
        how=f"it survived {words.counted(len(tried), 'attempt')} to refute it"
        if tried
        else "nothing could be tried against it",
    )


def _rivals(
    case: Investigation, hypothesis: Hypothesis, evidence: tuple[Evidence, ...], above: frozenset[str]
) -> Factor:
    mine = max(support(evidence), 0.1)
    others = [support(case.evidence_for(h.id)) for h in case.tree.nodes if _rival(h, hypothesis, above)]
    best = max([0.0, *others])
    return Factor(
        name="rivals",
        effect=round(1 - 0.4 * min(1.0, best / mine), 3),
        how="no other claim stands" if best <= 0 else "another claim stands beside it",
    )


def _rival(one: Hypothesis, other: Hypothesis, above: frozenset[str]) -> bool:
    # What only a model thought of takes nothing from what the rules found.
    standing = one.status in ("confirmed", "open", "testing") and one.id != other.id and not one.by
    related = one.id.startswith(other.id + ".") or other.id.startswith(one.id + ".")
    # A generic claim says no more than that there is trouble, which every narrower one says too.
    vaguer = modes()[one.mode].generic and not modes()[other.mode].generic
    return standing and not related and not vaguer and one.where not in above


def _doubles(untold: int) -> list[Factor]:
    how = "what would tell it from its double could not be seen"
    return [Factor(name="doubles", effect=0.8, how=how)] if untold else []


def _guessed(hypothesis: Hypothesis) -> list[Factor]:
    how = "a model thought of it, nothing measured led there"
    return [Factor(name="origin", effect=0.9, how=how)] if hypothesis.by else []


def _unseen(gaps: int) -> Factor:
    return Factor(
        name="what could not be seen",
        effect=round(0.93 ** min(gaps, 5), 3),
        how=f"{gaps} things could not be seen" if gaps else "everything asked for was answered",
    )
