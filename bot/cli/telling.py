"""What is said in a terminal about an investigation: domain values in, plain text out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from workers.domain.call import ToolCall
from workers.domain.conclusion import Conclusion, Outcome
from workers.domain.event import Event
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation, elapsed
from workers.domain.telemetry import Change, Passage
from workers.thread.cause import titled
from workers.thread.live import MARKS, UNTESTED, mind, subject

# Whatever others wrote could move the cursor, hide text or turn it round.
PLACES = 3
"""Places to look at that are named where no cause is."""
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class Section(NamedTuple):
    """A heading and what stands under it."""

    title: str
    lines: tuple[str, ...]


def plain(text: str) -> str:
    """Text that a terminal can only show."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """The same on one line."""
    return " ".join(plain(text).split())


def clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


# -- while it goes on


def title(case: Investigation) -> str:
    if case.conclusion is not None:
        return f"{case.conclusion.word} · {line(subject(case))}"
    state = "Stopped" if case.phase == "stopped" else "Investigating"
    return f"{state} · {line(subject(case))}"


def facts(case: Investigation) -> tuple[str, ...]:
    """What is affected, since when, what changed, what helps now."""
    found = case.facts
    if found is None:
        return ("Gathering the facts: what is affected, since when, what changed.",)
    lasting = found.since and found.trend not in ("none", "unknown", "over")
    told = [f"{found.summary}{f' Then {found.trend}.' if lasting and _past(case) else _now(case)}"]
    told += [f"Change: {_change(change)}" for change in found.changes[-4:]]
    if found.mitigation:
        told.append(f"Safest now: {found.mitigation} {found.mitigation_limits}")
    return tuple(map(line, told))


def _now(case: Investigation) -> str:
    found = case.facts
    lasting = found and found.since and found.trend not in ("none", "unknown", "over")
    return f" Now {found.trend}." if found and lasting and case.conclusion is None else ""


def _past(case: Investigation) -> bool:
    return (case.started_at - case.incident.at).total_seconds() > 120


def _change(change: Change) -> str:
    return f"{change.at.astimezone(UTC):%H:%M} {change.summary}"


def hypothesis(case: Investigation, one: Hypothesis) -> str:
    """A claim with its status, how much evidence there is, and the reason of its end."""
    mark = MARKS[one.status] if one.seen else UNTESTED
    reason = f": {one.reason}" if one.reason else ""
    return line(f"{mark}  {one.statement}{_counts(case, one)}{reason}")


def _counts(case: Investigation, one: Hypothesis) -> str:
    found = case.evidence_for(one.id)
    for_, against = (
        sum(e.says == says and e.strength != "none" for e in found) for says in ("supports", "contradicts")
    )
    return f" ({for_} for, {against} against)" if found else ""


def checking(case: Investigation) -> tuple[str, ...]:
    return tuple(line(query.call.why or query.call.name) for query in case.pending())


def spent(case: Investigation, now: datetime) -> str:
    limits = "".join(f" · limit reached: {limit.detail}" for limit in case.limits)
    return line(f"{elapsed(case, now)} s · {case.calls_made} queries · {mind(case)}{limits}")


def step(case: Investigation, event: Event) -> Iterator[str]:
    """The lines that an event is worth where nothing can be redrawn."""
    match event.type:
        case "IncidentReported":
            yield title(case)
        case "FactsGathered":
            yield from (f"Facts: {one}" if n == 0 else f"  {one}" for n, one in enumerate(facts(case)))
        case "HypothesisFormed":
            yield line(f"Hypothesis {event.hypothesis.id}: {event.hypothesis.statement}")
        case "HypothesisBranched":
            yield f"{event.hypothesis} {hypothesis(case, case.tree.get(event.hypothesis))}"
            yield from (line(f"Hypothesis {one.id}: {one.statement}") for one in event.into)
        case "HypothesisPruned" | "HypothesisConfirmed":
            yield f"{event.hypothesis} {hypothesis(case, case.tree.get(event.hypothesis))}"
        case "QueryAsked":
            yield line(f"Checking {event.query.call.why or event.query.call.name}")
        case "QueryFailed":
            failure, asked = event.result.failure, case.queries[event.query].call
            yield line(f"No answer: {asked.why or asked.name}: {failure.message if failure else ''}")
        case "ReasonerSwitched":
            yield line(f"Reasoning by {event.now}, since {event.why}")
        case "LimitReached":
            yield line(f"Limit reached: {event.detail}")
        case _:
            pass


# -- what came of it


def report(case: Investigation, approvers: tuple[str, ...], now: datetime) -> Iterator[Section]:
    """Everything a person needs to act, the verdict first."""
    conclusion = case.conclusion
    if conclusion is None:
        yield from _unfinished(case)
    else:
        yield Section(line(titled(conclusion)), (line(conclusion.summary),))
        if conclusion.account:
            yield Section(f"In the words of {case.reasoner}", (line(conclusion.account),))
        yield from _told(
            ("Evidence", _evidence(case, conclusion)),
            ("Where to look first", _suspects(conclusion)),
            ("From symptom to cause", _path(conclusion)),
            ("Ruled out", tuple(f"{one.statement}: {one.by}" for one in conclusion.ruled_out)),
            ("Not decided", _undecided(case)),
            ("What I could not see", _gaps(conclusion)),
            ("Runbooks", tuple(map(_cited, conclusion.citations))),
            ("Next", conclusion.next_steps),
            (_sure(conclusion), _factors(conclusion)),
        )
        yield from _remedy(case, approvers)
    yield Section(f"{spent(case, now)} · Runbook is software and can be wrong.", ())


def _told(*sections: tuple[str, tuple[str, ...]]) -> Iterator[Section]:
    for head, lines in sections:
        if head and lines:
            yield Section(head, tuple(f"• {line(one)}" for one in lines))


def _unfinished(case: Investigation) -> Iterator[Section]:
    """What is known where somebody stopped before the end."""
    yield Section("Stopped before a cause was named. Known so far:", facts(case) if case.facts else ())
    yield from _told(
        ("Hypotheses", tuple(hypothesis(case, one) for one in case.tree.nodes)),
        ("Not answered yet", checking(case)),
    )


def _evidence(case: Investigation, conclusion: Conclusion) -> tuple[str, ...]:
    wanted = {key for cause in conclusion.causes for key in cause.evidence}
    shown = [e for e in case.evidence if e.id in wanted and e.role == "confirm" and e.strength != "none"]
    shown.sort(key=lambda e: e.strength != "strong")
    return tuple(f"{e.finding} ({e.source}){f' {e.link}' if e.link else ''}" for e in shown)


def _path(conclusion: Conclusion) -> tuple[str, ...]:
    return tuple(hop.finding for hop in conclusion.path) if len(conclusion.path) > 1 else ()


def _suspects(conclusion: Conclusion) -> tuple[str, ...]:
    if conclusion.outcome is not Outcome.INCONCLUSIVE:
        return ()
    return tuple(one.path[-1].finding for one in conclusion.suspects[:PLACES] if one.path)


def _undecided(case: Investigation) -> tuple[str, ...]:
    return tuple(f"{one.statement}: {one.reason}" for one in case.tree.nodes if not one.seen)


def _gaps(conclusion: Conclusion) -> tuple[str, ...]:
    return tuple(f"{gap.what}: {gap.why} {gap.mend}" for gap in conclusion.gaps)


def _cited(passage: Passage) -> str:
    age = "validated today" if passage.age_days < 1 else f"validated {passage.age_days} days ago"
    return f"{passage.title} › {passage.section} ({passage.document}, {age})"


def _sure(conclusion: Conclusion) -> str:
    sure = conclusion.confidence
    if conclusion.outcome is Outcome.INCONCLUSIVE or not sure.value:
        return ""
    apart = (("where", sure.where), ("what", sure.what), ("why", sure.why))
    parts = ", ".join(f"{name} {value:.2f}" for name, value in apart if value is not None)
    return f"Confidence: {sure.word}, {sure.value:.2f} ({parts})"


def _factors(conclusion: Conclusion) -> tuple[str, ...]:
    return tuple(f"× {one.effect:.2f}  {one.name}: {one.how}" for one in conclusion.confidence.factors)


def _remedy(case: Investigation, approvers: tuple[str, ...]) -> Iterator[Section]:
    for one in case.remedies:
        who = f"one of {', '.join(approvers)}" if approvers else "nobody yet: approvals.approvers is empty"
        ask = line(subject(case)).replace('"', "'")
        how = (
            f'To make it, mention @Runbook in Slack: "{ask}". An approver ({who}) gets this call to approve.'
        )
        made = "Nothing was changed, and nothing can be from here."
        yield Section(f"The fix I would propose: {line(one.title)}", (*_exact(one.call), made, how))


def _exact(call: ToolCall) -> tuple[str, ...]:
    return (call.name, *(line(f"  {name} = {value}") for name, value in sorted(call.arguments.items())))
