"""The one live message: facts, hypotheses as they are tested and struck out, what is being checked."""

from datetime import datetime

from workers.domain.conclusion import Outcome
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation, elapsed
from workers.domain.post import LIVE, Block, Post
from workers.domain.telemetry import Change
from workers.thread.fit import Part, actions, button, context, fit, said_plainly, section
from workers.thread.mrkdwn import clamp, moment, person, said

SHOWN = 8
MARKS = {
    "open": "○ waiting",
    "testing": "◔ testing",
    "branched": "◑ narrowed",
    "confirmed": "● stands",
    "pruned": "✕ struck out",
}
OUTCOMES = {
    Outcome.CAUSED: "Cause named",
    Outcome.SEVERAL_CAUSES: "Several causes named",
    Outcome.RECOVERED: "Recovered by itself",
    Outcome.NOT_AN_INCIDENT: "Not an incident",
    Outcome.INCONCLUSIVE: "Inconclusive",
}
REASONERS = {"rules": "rules, no model"}


def live(case: Investigation, now: datetime) -> Post:
    """The message as it should look now."""
    parts = [
        Part(blocks=(section(_title(case, now), "title"),)),
        *_facts(case),
        *_hypotheses(case),
        Part(blocks=(context(*_footer(case, now)),)),
        *_buttons(case),
    ]
    return Post(key=LIVE, text=said_plainly(_spoken(case, now)), blocks=fit(parts))


def _state(case: Investigation, now: datetime) -> str:
    if case.phase == "stopped":
        return "Stopped"
    if case.phase == "failed":
        return "Could not finish"
    if case.conclusion is None:
        return "Investigating"
    word = OUTCOMES[case.conclusion.outcome]
    if case.phase == "waiting":
        return f"{word} · waiting for approval"
    if case.phase == "changing":
        return f"{word} · making the approved change"
    recovered = any(v.recovered for v in case.outcomes.values())
    return f"{word} · recovered" if recovered else word


def _title(case: Investigation, now: datetime) -> str:
    asked = clamp(said(case.incident.text.strip() or "an incident"), 300)
    return f"*{_state(case, now)}*\n>{asked.replace(chr(10), ' ')}"


def _spoken(case: Investigation, now: datetime) -> str:
    if case.conclusion is not None:
        return f"{_state(case, now)}: {case.conclusion.headline}."
    nodes = case.tree.nodes
    decided = sum(h.status in ("pruned", "confirmed", "branched") for h in nodes)
    steps = f" {decided} of {len(nodes)} hypotheses decided." if nodes else ""
    facts = f" {case.facts.summary}" if case.facts else " Gathering the facts first."
    return f"{_state(case, now)}.{facts}{steps}"


def _facts(case: Investigation) -> list[Part]:
    facts = case.facts
    if facts is None:
        return [Part(blocks=(section("_Gathering the facts: what is affected, since when, what changed._"),))]
    since = f" since {moment(facts.since)}" if facts.since else ""
    trend = f" · {facts.trend}" if facts.since and facts.trend not in ("none", "unknown") else ""
    lines = [f"*Facts*{since}{trend}", said(facts.summary)]
    lines += [f"• {_change(change)}" for change in facts.changes[-4:]]
    if facts.mitigation:
        lines.append(f"_Safest now:_ {said(facts.mitigation)} {said(facts.mitigation_limits)}")
    return [Part(blocks=(section("\n".join(lines), "facts"),), rank=1)]


def _change(change: Change) -> str:
    actor = f" by {said(change.actor)}" if change.actor else ""
    return f"{moment(change.at)} {said(change.summary)}{actor}"


def _hypotheses(case: Investigation) -> list[Part]:
    if not case.tree.nodes:
        return []
    order = sorted(case.tree.nodes, key=lambda h: (h.id.split("."), h.depth))
    lines = [_line(case, h) for h in order[:SHOWN]]
    more = len(order) - SHOWN
    lines += [f"_and {more} more_"] if more > 0 else []
    return [Part(blocks=(section("*Hypotheses*\n" + "\n".join(lines), "hypotheses"),), rank=1)]


def _line(case: Investigation, hypothesis: Hypothesis) -> str:
    indent = "      " * (hypothesis.depth - 1)
    statement = clamp(said(hypothesis.statement), 160)
    if hypothesis.status == "pruned":
        statement = f"~{statement}~"
    counts = _counts(case, hypothesis)
    reason = f"\n{indent}      {clamp(said(hypothesis.reason), 220)}" if hypothesis.reason else ""
    return f"{indent}{MARKS[hypothesis.status]}  {statement}{counts}{reason}"


def _counts(case: Investigation, hypothesis: Hypothesis) -> str:
    evidence = case.evidence_for(hypothesis.id)
    for_, against = (
        sum(e.says == says and e.strength != "none" for e in evidence) for says in ("supports", "contradicts")
    )
    return f"  ({for_} for, {against} against)" if evidence else ""


def _footer(case: Investigation, now: datetime) -> list[str]:
    spent = (
        f"{elapsed(case, now)} s · {case.calls_made} queries · {REASONERS.get(case.reasoner, case.reasoner)}"
    )
    limits = [f"limit reached: {said(limit.detail)}" for limit in case.limits]
    checking = [query.call.why for query in case.pending()][:2]
    now_checking = [f"Checking {said('; '.join(checking))}"] if checking and case.conclusion is None else []
    asked = case.incident.requester
    by = [f"asked by {person(asked.id)}"] if asked else []
    failed = [f"{said(f.what)}: {said(f.why)} {said(f.mend)}" for f in case.failures if not f.approval]
    return [*now_checking, " · ".join([spent, *by, *limits]), *failed[:2]]


def _buttons(case: Investigation) -> list[Part]:
    if case.conclusion is not None or case.phase != "investigating":
        return []
    stop: Block = button("stop", "Stop", case.id, spoken="Stop this investigation")
    return [Part(blocks=(actions("controls", stop),))]
