"""The root cause, posted once as a message of its own, so that it notifies."""

from datetime import UTC

from workers.domain.conclusion import NAMES_A_CAUSE, Conclusion, Outcome
from workers.domain.confidence import Confidence
from workers.domain.evidence import Evidence
from workers.domain.investigation import Investigation, elapsed
from workers.domain.post import Post
from workers.domain.telemetry import Passage
from workers.thread.fit import Part, context, fit, header, picture, said_plainly, section
from workers.thread.mrkdwn import clamp, code, link, moment, said

CAUSE = "cause"
BULLETS = 4
PLACES = 3


def cause(case: Investigation, conclusion: Conclusion) -> Post:
    """The verdict, what shows it, the way from symptom to cause, what was ruled out, what was not seen."""
    parts = [
        Part(blocks=(header(titled(conclusion)), section(said(conclusion.summary), "verdict"))),
        *_evidence(case, conclusion),
        *_account(case, conclusion),
        *_picture(conclusion),
        *_confidence(conclusion),
        *_suspects(conclusion),
        *_path(conclusion),
        *_ruled_out(conclusion),
        *_citations(conclusion),
        *_gaps(conclusion),
        *_steps(conclusion),
        Part(blocks=(context(_footer(case)),)),
    ]
    spoken = f"{titled(conclusion)}. {conclusion.summary}"
    return Post(
        key=CAUSE, text=said_plainly(spoken), blocks=fit(parts), urgent=True, picture=conclusion.picture
    )


def titled(conclusion: Conclusion) -> str:
    """What it was, and whether that is proven."""
    if conclusion.outcome not in NAMES_A_CAUSE:
        return conclusion.headline
    return f"{'Root cause' if conclusion.proven else 'Leads'}: {conclusion.headline}"


def _account(case: Investigation, conclusion: Conclusion) -> list[Part]:
    if not conclusion.account:
        return []
    text = f"*In the words of {said(case.reasoner)}*, from the evidence below: {said(conclusion.account)}"
    return [Part(blocks=(section(text, "account"),), rank=4)]


def _confidence(conclusion: Conclusion) -> list[Part]:
    sure = conclusion.confidence
    if conclusion.outcome is Outcome.INCONCLUSIVE or not sure.value:
        return []
    apart = ", ".join(
        f"{name} {value:.2f}"
        for name, value in (("where", sure.where), ("what", sure.what), ("why", sure.why))
        if value is not None
    )
    text = f"*Confidence: {sure.word}, {sure.value:.2f}* ({apart}). {_factors(sure)}."
    return [Part(blocks=(context(text),), rank=1)]


def _factors(sure: Confidence) -> str:
    return said("; ".join(factor.how for factor in sure.factors))


def _suspects(conclusion: Conclusion) -> list[Part]:
    """Where the cause may be, where the evidence does not tell what it was."""
    if conclusion.outcome is not Outcome.INCONCLUSIVE or not conclusion.suspects:
        return []
    sure = conclusion.confidence.where
    lines = [
        f"{number}. {clamp(said(one.path[-1].finding), 240)}"
        for number, one in enumerate(conclusion.suspects[:PLACES], 1)
        if one.path
    ]
    head = "*Where to look first*" + (f" (confidence {sure:.2f})" if sure is not None else "")
    return [Part(blocks=(section("\n".join([head, *lines]), "suspects"),), rank=1)]


def _picture(conclusion: Conclusion) -> list[Part]:
    drawn = conclusion.picture
    if drawn is None:
        return []
    since = f", onset at {drawn.onset.astimezone(UTC):%H:%M} UTC" if drawn.onset else ""
    alt = f"Chart of {drawn.title} over the last hours with its usual band{since}"
    return [Part(blocks=(picture(alt),), rank=1)]


def _evidence(case: Investigation, conclusion: Conclusion) -> list[Part]:
    wanted = {e for cause in conclusion.causes for e in cause.evidence}
    shown = [e for e in case.evidence if e.id in wanted and e.role == "confirm" and e.strength != "none"]
    shown.sort(key=lambda e: e.strength != "strong")
    if not shown:
        return []
    # A section each: Slack folds long ones away, and evidence is what people came for.
    first, *rest = (_finding(e) for e in shown[:BULLETS])
    blocks = [section(f"*Evidence*\n• {first}", "evidence"), *(section(f"• {line}") for line in rest)]
    return [Part(blocks=tuple(blocks), rank=2)]


def _finding(evidence: Evidence) -> str:
    source = link(evidence.link, evidence.source) if evidence.link else said(evidence.source)
    return f"{clamp(said(evidence.finding), 300)}  ({source})"


def _path(conclusion: Conclusion) -> list[Part]:
    if len(conclusion.path) < 2:
        return []
    hops = [f"{i}. {said(hop.finding)}" for i, hop in enumerate(conclusion.path, 1)]
    return [Part(blocks=(section("*From symptom to cause*\n" + "\n".join(hops), "path"),), rank=3)]


def _ruled_out(conclusion: Conclusion) -> list[Part]:
    if not conclusion.ruled_out:
        return []
    lines = [
        f"✕ ~{clamp(said(one.statement), 120)}~  {clamp(said(one.by), 160)}"
        for one in conclusion.ruled_out[:4]
    ]
    return [Part(blocks=(context("*Ruled out*\n" + "\n".join(lines)),), rank=5)]


def _citations(conclusion: Conclusion) -> list[Part]:
    if not conclusion.citations:
        return []
    lines = [f"• {_cited(passage)}" for passage in conclusion.citations]
    return [Part(blocks=(section("*Runbooks*\n" + "\n".join(lines), "runbooks"),), rank=2)]


def _cited(passage: Passage) -> str:
    name = link(passage.link, passage.title) if passage.link else f"*{said(passage.title)}*"
    age = "validated today" if passage.age_days < 1 else f"validated {passage.age_days} days ago"
    stale = " (stale)" if passage.age_days > 90 else ""
    return f"{name} › {said(passage.section)} · {code(passage.document)} · {age}{stale}"


def _gaps(conclusion: Conclusion) -> list[Part]:
    if not conclusion.gaps:
        return []
    lines = [
        f"• {said(gap.what)}: {clamp(said(gap.why), 240)} {said(gap.mend)}" for gap in conclusion.gaps[:5]
    ]
    return [Part(blocks=(context("*What I could not see*\n" + "\n".join(lines)),), rank=2)]


def _steps(conclusion: Conclusion) -> list[Part]:
    if not conclusion.next_steps:
        return []
    lines = [f"{i}. {said(step)}" for i, step in enumerate(conclusion.next_steps, 1)]
    return [Part(blocks=(section("*Next*\n" + "\n".join(lines), "next"),), rank=2)]


def _footer(case: Investigation) -> str:
    mind = f"rules and statistics, {f'with {case.model}' if case.replies else 'no model'}"
    spent = f"{elapsed(case, case.updated_at)} s, {case.calls_made} queries"
    since = moment(case.started_at)
    return (
        f"Runbook is software and can be wrong. Found with {mind} in {spent}, from {since} · {code(case.id)}"
    )
