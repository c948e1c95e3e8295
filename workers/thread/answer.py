"""The answer to a question, in the one message that said it was being looked up."""

from workers.domain.investigation import Investigation
from workers.domain.post import LIVE, Post
from workers.thread.fit import Part, context, fit, said_plainly, section
from workers.thread.live import mind
from workers.thread.mrkdwn import clamp, person, said

GAPS = 4


def answer(case: Investigation) -> Post:
    """As it should look now."""
    told = case.reply
    if told is None:
        text = _waiting(case)
        return Post(key=LIVE, text=said_plainly(text), blocks=fit([Part(blocks=(section(said(text)),))]))
    parts = [Part(blocks=(section(said(told.text), "answer"),))]
    if told.lines:
        lines = "\n".join(f"• {clamp(said(line), 240)}" for line in told.lines)
        parts.append(Part(blocks=(section(lines, "lines"),), rank=1))
    if told.gaps:
        unseen = "\n".join(f"• {clamp(said(gap), 240)}" for gap in told.gaps[:GAPS])
        parts.append(Part(blocks=(context(f"*What I could not see*\n{unseen}"),), rank=2))
    parts.append(Part(blocks=(context(_footer(case, told.sources)),), rank=3))
    return Post(key=LIVE, text=said_plainly(told.text), blocks=fit(parts))


def _waiting(case: Investigation) -> str:
    if case.phase == "stopped":
        return "Stopped before there was an answer."
    if case.phase == "failed":
        last = case.failures[-1]
        return f"I could not answer that: {last.why} {last.mend}".strip()
    asked = dict.fromkeys(query.call.name for query in case.queries.values())
    return f"I am looking that up: {', '.join(asked)}." if asked else "I am looking that up."


def _footer(case: Investigation, sources: tuple[str, ...]) -> str:
    asker = case.incident.requester
    by = f"asked by {person(asker.id)} · " if asker else ""
    read = f" · read from {said(', '.join(sources[:6]))}" if sources else ""
    return f"{by}{case.calls_made} queries{read} · {said(mind(case))}"
