"""What the answers say of one claim: evidence, and whether it is confirmed, struck out or narrowed."""

from typing import Literal

from workers.agent import steering
from workers.agent.catalogue import AnyLook, Lookalike, Mode, Weight, modes
from workers.agent.looks import Answer, Want, judge, wants
from workers.agent.proposals import claim
from workers.agent.reasoner import Weighing
from workers.agent.sight import Sight
from workers.domain.evidence import Evidence, Role
from workers.domain.hypothesis import MAX_DEPTH, Hypothesis
from workers.domain.telemetry import Change

Says = Literal["supports", "contradicts", "neutral"]

WORTH = {"strong": 2.0, "weak": 1.0, "none": 0.0}
AGAINST = {"strong": 3.0, "weak": 1.0, "none": 0.0}
ENOUGH = 3.0
"""The support a claim needs to be confirmed: one strong finding alone is not enough."""


def weigh(hypothesis: Hypothesis, sight: Sight) -> Weighing:
    """Judge every look of the claim's row against what is known now."""
    aside = steering.left(sight.case, hypothesis, sight.topology)
    if aside is not None:
        reason = f"left aside, as {aside.person.id} asked: “{aside.text[:120]}”"
        return Weighing(evidence=(), verdict="pruned", reason=reason, seen=False)
    mode = modes()[hypothesis.mode]
    judged = [("confirm", look, judge(look, hypothesis, sight)) for look in mode.confirm]
    judged += [("refute", look, judge(look, hypothesis, sight)) for look in mode.refute]
    evidence = tuple(
        _evidence(
            f"{hypothesis.id}e{number}",
            hypothesis,
            "confirm" if role == "confirm" else "refute",
            look,
            answer,
            sight,
        )
        for number, (role, look, answer) in enumerate(judged, 1)
        if answer.says != "unknown"
    )
    against = [e for e in evidence if e.says == "contradicts" and e.strength == "strong"]
    if against:
        return Weighing(evidence=evidence, verdict="pruned", reason=against[0].finding)
    for look in (look for _, look, answer in judged if answer.says == "unknown"):
        if _waiting(look, hypothesis, sight):
            return Weighing(evidence=evidence, verdict="open")
    if any(_waiting(double.look, hypothesis, sight) for double in mode.lookalikes):
        return Weighing(evidence=evidence, verdict="open")
    for double in mode.lookalikes:
        answer = judge(double.look, hypothesis, sight)
        # A claim does not give way to a double that was struck out already.
        struck = any(h.status == "pruned" for h in _doubles(hypothesis, double, sight))
        if answer.says == "yes" and not struck and _possible(double, hypothesis, sight):
            return _narrowed(hypothesis, double, answer, evidence, sight)
    unseen = {role for role, look, answer in judged if answer.says == "unknown" and look.weight == "strong"}
    if mode.generic and ("refute" in unseen or sight.failed(hypothesis.where)):
        # What is left when nothing else fits stands only if everything else could be looked at.
        return Weighing(
            evidence=evidence,
            verdict="pruned",
            reason="not all that it may be instead could be seen",
            seen=False,
        )
    return _decided(mode, evidence, seen="confirm" not in unseen)


def _waiting(look: AnyLook, hypothesis: Hypothesis, sight: Sight) -> bool:
    """Whether something that this look needs has not been asked, or not been answered, yet."""
    return any(_unasked(want, hypothesis, sight) for want in wants(look, hypothesis, sight))


def _unasked(want: Want, hypothesis: Hypothesis, sight: Sight) -> bool:
    query = _query_for(want, hypothesis, sight)
    return query == "" or query not in sight.case.results


def _query_for(want: Want, hypothesis: Hypothesis, sight: Sight) -> str:
    if want.kind == "series":
        return sight.earlier(want.service, want.days)[0]
    action = sight.read(want.kind, want.service)
    extra = {"after": hypothesis.trigger.after} if want.kind == "revision" and hypothesis.trigger else {}
    query = sight.asked(action, service=want.service, **extra)
    return query.id if query else ""


def untold(hypothesis: Hypothesis, sight: Sight) -> int:
    """From how many doubles a claim could not be told, because what would tell did not answer."""
    doubles = modes()[hypothesis.mode].lookalikes
    return sum(
        judge(double.look, hypothesis, sight).says == "unknown"
        and bool(wants(double.look, hypothesis, sight))
        for double in doubles
    )


def _evidence(
    key: str, hypothesis: Hypothesis, role: Role, look: AnyLook, answer: Answer, sight: Sight
) -> Evidence:
    says, strength = _meaning(role, look, answer)
    series = answer.series
    newest = series.newest if series else None
    return Evidence(
        id=key,
        hypothesis=hypothesis.id,
        role=role,
        look=look.look,
        finding=answer.finding,
        says=says,
        strength=strength,
        source=answer.source,
        link=answer.link,
        queries=answer.queries,
        at=sight.case.updated_at,
        age=int((sight.case.incident.at - newest).total_seconds()) if newest else 0,
        lag=series.lag if series else 0,
    )


def _meaning(role: Role, look: AnyLook, answer: Answer) -> tuple[Says, Weight]:
    if role == "confirm":
        if answer.says == "yes":
            return ("supports", look.weight) if look.weight != "none" else ("neutral", "none")
        return ("contradicts", look.absent) if look.absent != "none" else ("neutral", "none")
    if answer.says == "yes":
        return ("contradicts", look.weight) if look.weight != "none" else ("neutral", "none")
    # It survived an honest attempt to refute it, which is worth a little.
    return "supports", "weak" if look.weight == "strong" else "none"


def _narrowed(
    hypothesis: Hypothesis, double: Lookalike, answer: Answer, evidence: tuple[Evidence, ...], sight: Sight
) -> Weighing:
    other = modes()[double.mode]
    if _doubles(hypothesis, double, sight) or hypothesis.depth >= MAX_DEPTH:
        return Weighing(
            evidence=evidence,
            verdict="pruned",
            reason=f"it looks like {other.title.lower()} instead: {answer.finding}",
        )
    trigger = _trigger(hypothesis, sight) if other.trigger else None
    children = len(sight.case.tree.children(hypothesis.id))
    child = claim(other, hypothesis.where, trigger).model_copy(
        update={
            "id": f"{hypothesis.id}.{children + 1}",
            "parent": hypothesis.id,
            "depth": hypothesis.depth + 1,
            "prior": hypothesis.prior,
        }
    )
    return Weighing(evidence=evidence, verdict="branched", reason=answer.finding, children=(child,))


def _possible(double: Lookalike, hypothesis: Hypothesis, sight: Sight) -> bool:
    """Whether the change that the double needs was made, as far as the record of changes could be read."""
    needs = modes()[double.mode].trigger
    return not needs or not sight.recorded or _trigger(hypothesis, sight) is not None


def _doubles(hypothesis: Hypothesis, double: Lookalike, sight: Sight) -> list[Hypothesis]:
    """The claims of the double's mode about the same place and change that have been made."""
    other = modes()[double.mode]
    same = [h for h in sight.case.tree.nodes if (h.where, h.mode) == (hypothesis.where, other.id)]
    return [h for h in same if _same_trigger(h, hypothesis, other)]


def _trigger(hypothesis: Hypothesis, sight: Sight) -> Change | None:
    """The change that a claim blames or, where it blames none, the last deployment there before the onset."""
    if hypothesis.trigger is not None:
        return next((c for c in sight.changes if c.id == hypothesis.trigger.id), hypothesis.trigger)
    latest = (sight.onset or sight.case.incident.at) + sight.slack
    here = [c for c in sight.changes if c.service == hypothesis.where and c.kind == "deployment"]
    return next((c for c in reversed(here) if c.at <= latest), None)


def _same_trigger(known: Hypothesis, hypothesis: Hypothesis, other: Mode) -> bool:
    if not other.trigger or hypothesis.trigger is None:
        return True
    return bool(known.trigger and known.trigger.id == hypothesis.trigger.id)


def support(evidence: tuple[Evidence, ...]) -> float:
    """Findings for a claim less findings against it."""
    gained = sum(
        WORTH[e.strength] * (0.5 if e.role == "refute" else 1.0) for e in evidence if e.says == "supports"
    )
    lost = sum(AGAINST[e.strength] for e in evidence if e.says == "contradicts")
    return gained - lost


def _decided(mode: Mode, evidence: tuple[Evidence, ...], *, seen: bool) -> Weighing:
    strong = [e for e in evidence if e.says == "supports" and e.strength == "strong" and e.role == "confirm"]
    tried = [e for e in evidence if e.role == "refute"]
    sources = {e.source for e in evidence if e.says == "supports" and e.role == "confirm"}
    score = support(evidence)
    if strong and score >= ENOUGH and len(sources) >= 2 and (tried or not mode.refute):
        return Weighing(evidence=evidence, verdict="confirmed", reason=strong[0].finding)
    if not strong:
        reason = "nothing that was looked for was found" if seen else "what would show it could not be seen"
    elif not tried:
        reason, seen = "nothing could be seen that would have refuted it", False
    else:
        reason = f"one finding only: {strong[0].finding}"
    return Weighing(evidence=evidence, verdict="pruned", reason=reason, seen=seen)
