"""Why Runbook thinks what it thinks, for whoever asks in the thread: each claim with what was found."""

from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation
from workers.domain.post import Block, Post
from workers.thread.fit import Part, context, fit, said_plainly, section
from workers.thread.mrkdwn import clamp, said

SHOWN = 6
FINDINGS = 4
RANK = {"confirmed": 0, "branched": 1, "testing": 2, "open": 3, "pruned": 4}
WORDS = {
    "confirmed": "This stands",
    "branched": "Narrowed further",
    "testing": "Being tested",
    "open": "Not tested yet",
    "pruned": "Struck out",
}
SAYS = {"supports": "+", "contradicts": "−", "neutral": "·"}


def why(case: Investigation, message: str) -> Post:
    """The answer to one question: `message` is the one that asked."""
    nodes = sorted(case.tree.nodes, key=lambda h: (RANK[h.status], h.id))
    spoken = _spoken(case)
    parts = [
        Part(blocks=(section(said(spoken), "answer"),)),
        *(Part(blocks=_claim(case, h), rank=1 + i) for i, h in enumerate(nodes[:SHOWN])),
    ]
    if case.conclusion is not None and case.conclusion.confidence.factors:
        factors = "; ".join(factor.how for factor in case.conclusion.confidence.factors)
        parts.append(Part(blocks=(context(f"Confidence: {said(factors)}."),), rank=1))
    return Post(key=f"why:{message}", text=said_plainly(spoken), blocks=fit(parts))


def _spoken(case: Investigation) -> str:
    if case.conclusion is not None:
        return f"{case.conclusion.headline}. {case.conclusion.summary} This is what I weighed."
    if not case.tree.nodes:
        return "I am still gathering the facts, and suspect nothing yet."
    return "Nothing is decided yet. This is what I have weighed so far."


def _claim(case: Investigation, hypothesis: Hypothesis) -> tuple[Block, ...]:
    word = WORDS[hypothesis.status] if hypothesis.seen else "Not decided"
    head = f"*{word}:* {clamp(said(hypothesis.statement), 200)}"
    if hypothesis.reason:
        head += f"\n{clamp(said(hypothesis.reason), 300)}"
    found = [e for e in case.evidence_for(hypothesis.id) if e.strength != "none"]
    found.sort(key=lambda e: e.strength != "strong")
    every = dict.fromkeys(f"{SAYS[e.says]} {clamp(said(e.finding), 200)}" for e in found)
    lines = list(every)[:FINDINGS]
    return (section(head), context("\n".join(lines))) if lines else (section(head),)
