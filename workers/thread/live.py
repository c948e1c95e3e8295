"""The one live message: facts, hypotheses as they are tested and struck out, what is being checked."""

from datetime import datetime

from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import RULES, Investigation, elapsed
from workers.domain.post import LIVE, Block, Post
from workers.domain.telemetry import Change
from workers.thread.fit import Part, actions, button, context, fit, said_plainly, section
from workers.thread.mrkdwn import clamp, moment, person, plain, said

SHOWN = 8
SAID = 3
"""Directions of people that are shown."""
MARKS = {
    "open": "○ Waiting",
    "testing": "◔ Testing",
    "branched": "◑ Narrowed",
    "confirmed": "● Stands",
    "pruned": "✕ Struck out",
}
UNTESTED = "? Not decided"
NO_MODEL = "rules, no model"


def waiting(case: Investigation, place: int) -> Post:
    """The message while nobody has begun: `place` is how many are served before and with this one."""
    told = f"*Waiting for a free worker* · {said(subject(case))}"
    before = "1 investigation is" if place == 2 else f"{place - 1} investigations are"
    where = "You are next." if place == 1 else f"{before} before you."
    text = f"Waiting for a free worker. {where}"
    return Post(key=LIVE, text=text, blocks=(section(told, "title"), context(where)))


def live(case: Investigation, now: datetime) -> Post:
    """The message as it should look now."""
    parts = [
        Part(blocks=(section(_title(case, now), "title"),)),
        *_facts(case),
        *_steered(case),
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
    word = case.conclusion.word
    if case.phase == "waiting":
        return f"{word} · waiting for approval"
    if case.phase == "changing":
        return f"{word} · making the approved change"
    recovered = any(v.recovered for v in case.outcomes.values())
    return f"{word} · recovered" if recovered else word


def _title(case: Investigation, now: datetime) -> str:
    return f"*{_state(case, now)}* · {said(subject(case))}"


def subject(case: Investigation) -> str:
    """What it is about in one line: the first line of what was reported."""
    first = case.incident.text.strip().split("\n", 1)[0]
    return clamp(plain(first) or "an incident", 140)


def _spoken(case: Investigation, now: datetime) -> str:
    if case.conclusion is not None:
        state, headline = _state(case, now), case.conclusion.headline
        return f"{headline}." if headline.startswith(f"{state}: ") else f"{state}: {headline}."
    nodes = case.tree.nodes
    decided = sum(h.status in ("pruned", "confirmed", "branched") for h in nodes)
    steps = f" {decided} of {len(nodes)} hypotheses decided." if nodes else ""
    return f"{_state(case, now)}.{_known(case)}{steps}"


def _known(case: Investigation) -> str:
    """What can be said of a case without a conclusion."""
    facts = f" {case.facts.summary}" if case.facts else ""
    if case.phase != "investigating":
        return f"{facts} No cause was named."
    return facts or " Gathering the facts first."


def _facts(case: Investigation) -> list[Part]:
    facts = case.facts
    if facts is None and case.phase != "investigating":
        return []
    if facts is None:
        return [Part(blocks=(section("_Gathering the facts: what is affected, since when, what changed._"),))]
    lasting = facts.since and facts.trend not in ("none", "unknown", "over") and case.conclusion is None
    trend = f" Now {facts.trend}." if lasting else ""
    blocks = [section(f"{said(facts.summary)}{trend}", "facts")]
    if facts.changes:
        blocks.append(context("Changes: " + " · ".join(map(_change, facts.changes[-4:]))))
    if facts.mitigation:
        blocks.append(context(f"Safest now: {said(facts.mitigation)} {said(facts.mitigation_limits)}"))
    return [Part(blocks=tuple(blocks), rank=1)]


def _change(change: Change) -> str:
    return f"{moment(change.at)} {said(change.told)}"


def _steered(case: Investigation) -> list[Part]:
    """What people said to it, the latest last."""
    lines = [
        f"↪ {person(one.person.id)} {moment(one.at)}: {clamp(said(one.text), 120)}"
        for one in case.steering[-SAID:]
    ]
    return [Part(blocks=(context("\n".join(lines)),), rank=2)] if lines else []


def _hypotheses(case: Investigation) -> list[Part]:
    """What stands first, then what is still open, then what was struck out, each with its reason."""
    order = ["confirmed", "branched", "testing", "open", "pruned"]
    nodes = sorted(case.tree.nodes, key=lambda h: (order.index(h.status), h.id))
    parts = [Part(blocks=(_line(case, h),), rank=1 + (h.status == "pruned")) for h in nodes[:SHOWN]]
    more = len(nodes) - SHOWN
    return [*parts, Part(blocks=(context(f"and {more} more"),), rank=2)] if more > 0 else parts


def _line(case: Investigation, hypothesis: Hypothesis) -> Block:
    mark, statement = MARKS[hypothesis.status], clamp(said(hypothesis.statement), 160)
    reason = clamp(said(hypothesis.reason), 200)
    if not hypothesis.seen:
        return context(f"{UNTESTED}  {statement}: {reason}")
    if hypothesis.status == "pruned":
        return context(f"{mark}  ~{statement}~  {reason}")
    return section(f"*{mark}*  {statement}{_counts(case, hypothesis)}" + (f"\n{reason}" if reason else ""))


def _counts(case: Investigation, hypothesis: Hypothesis) -> str:
    evidence = case.evidence_for(hypothesis.id)
    for_, against = (
        sum(e.says == says and e.strength != "none" for e in evidence) for says in ("supports", "contradicts")
    )
    return f"  ·  {for_} for, {against} against" if evidence else ""


def _footer(case: Investigation, now: datetime) -> list[str]:
    spent = f"{elapsed(case, now)} s · {case.calls_made} queries{_billed(case)} · {said(mind(case))}"
    limits = [f"limit reached: {said(limit.detail)}" for limit in case.limits]
    bound = [most(case)] if case.budget and case.conclusion is None else []
    checking = [query.call.why for query in case.pending()][:2]
    now_checking = [f"Checking {said('; '.join(checking))}"] if checking and case.conclusion is None else []
    asked = case.incident.requester
    by = [f"asked by {person(asked.id)}"] if asked else []
    failed = [f"{said(f.what)}: {said(f.why)} {said(f.mend)}" for f in case.failures if not f.approval]
    withheld = [
        f"Not asked for: {said(one.title)}, because {said(one.why)}."
        for one in case.withheld
        if not one.undoes
    ]
    return [*now_checking, " · ".join([spent, *bound, *by, *limits]), *withheld, *failed[:2]]


def _billed(case: Investigation) -> str:
    """What AWS bills by, where there was any."""
    metrics = f" · {case.metrics:,} metrics" if case.metrics else ""
    return f"{metrics} · {case.scanned / 1e9:.2f} GB of logs" if case.scanned else metrics


def mind(case: Investigation) -> str:
    """Who thinks, what that cost, and why a model no longer does."""
    if not case.model:
        return NO_MODEL
    price = f"${case.dollars:.3f}" if case.dollars is not None else "price not known"
    used = f" ({case.usage.tokens:,} tokens, {price})" if case.replies else ""
    gave_way = f", then rules: {clamp(case.switches[-1].why, 160)}" if case.reasoner == RULES else ""
    return f"{case.model}{used}{gave_way}"


def most(case: Investigation) -> str:
    """What may be spent; a model's part only where there is one."""
    budget = case.budget
    if budget is None:
        return ""
    model = f", {budget.tokens:,} tokens, ${budget.dollars:.2f}" if case.model else ""
    asked = f"{budget.queries} queries ({budget.pace} calls a second)"
    billed = f"{budget.metrics:,} metrics, {budget.scanned / 1e9:g} GB of logs"
    return f"at most {budget.seconds} s, {budget.iterations} rounds, {asked}, {billed}{model}"


def _buttons(case: Investigation) -> list[Part]:
    if case.conclusion is not None or case.phase != "investigating":
        return []
    stop: Block = button("stop", "Stop", case.id, spoken="Stop this investigation")
    return [Part(blocks=(actions("controls", stop),))]
