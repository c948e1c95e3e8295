"""What was said in a thread before a question: short, but facts, conclusions and approvals word for word."""

from collections.abc import Iterable, Iterator

from workers.domain.investigation import Investigation
from workers.domain.question import Exchange

MOST = 6
"""Exchanges that are remembered; the newest, and the newest incident in any case."""
LINES = 8
"""Lines of an earlier answer."""
LONGEST = 300


def exchanges(before: Iterable[Investigation]) -> tuple[Exchange, ...]:
    """What a question may rest on, the oldest first."""
    told = [case for case in before if case.facts or case.reply or case.conclusion]
    incidents = [case for case in told if case.incident.question is None][-1:]
    kept = [case for case in told if case in incidents or case in told[-MOST:]]
    return tuple(
        Exchange(id=f"t{n}", asked=case.incident.text[:LONGEST], told=tuple(_told(case)))
        for n, case in enumerate(kept, 1)
    )


def _told(case: Investigation) -> Iterator[str]:
    if case.reply is not None:
        yield case.reply.text
        yield from (line[:LONGEST] for line in case.reply.lines[:LINES])
        yield from (f"could not be seen: {gap[:LONGEST]}" for gap in case.reply.gaps[:LINES])
    if case.facts is not None:
        yield case.facts.summary
        yield from (f"{change.at:%Y-%m-%d %H:%M} {change.summary}" for change in case.facts.changes[-LINES:])
    conclusion = case.conclusion
    if conclusion is not None:
        yield f"{conclusion.outcome}: {conclusion.headline}. {conclusion.summary}"
        yield from (f"{hop.finding}" for hop in conclusion.path)
    elif case.incident.question is None:
        yield "Nothing is concluded." if case.over else "This is still being investigated."
    for approval in case.approvals:
        yield f"approval of “{approval.title}”: {approval.state}"
        yield from (
            f"{approval.title}: {seen.finding}" for key, seen in case.outcomes.items() if key == approval.id
        )
