"""Posts for tests of what is said: cases in every state, and one whose every word was written by others."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from tests.workers import making
from workers.domain import event as events
from workers.domain.approval import Approval, ApprovalState
from workers.domain.call import Gap, ToolCall
from workers.domain.conclusion import Cause, Hop, Outcome, RuledOut
from workers.domain.event import Event
from workers.domain.incident import Person
from workers.domain.investigation import Investigation
from workers.domain.post import Block, Post
from workers.thread.card import card
from workers.thread.cause import cause
from workers.thread.live import live, waiting

S = ApprovalState


def deciding(state: ApprovalState, **fields: Any) -> tuple[Investigation, Approval]:
    """A concluded case whose one approval has come to `state`, by the events that lead there."""
    asked = making.approval(**fields)
    found = making.case(
        events.Concluded(at=making.at(1), conclusion=making.conclusion()),
        events.ApprovalRequested(at=making.at(2), approval=asked),
        *_way(state, asked),
    )
    assert found.approval(asked.id).state is state
    return found, found.approval(asked.id)


def _way(state: ApprovalState, asked: Approval) -> list[Event]:
    key = asked.id

    def decided(into: ApprovalState, reason: str = "") -> Event:
        return events.ApprovalDecided(at=making.at(3), approval=key, state=into, reason=reason)

    def voted(decision: str) -> Event:
        return events.ApprovalVoted(at=making.at(3), approval=key, vote=making.vote(decision=decision))

    yes = [voted("approve"), decided(S.APPROVED)]
    left = [*yes, events.ChangeIntended(at=making.at(3.2), approval=key, call=asked.call)]
    ways: dict[ApprovalState, list[Event]] = {
        S.PENDING: [],
        S.APPROVED: yes,
        S.REDEEMED: left,
        S.SUCCEEDED: [*left, events.ChangeMade(at=making.at(3.4), approval=key, state={})],
        S.FAILED: [
            *yes,
            events.Failed(
                at=making.at(3.1),
                what="the change",
                why="taskDefinition was checkout:42, is checkout:43.",
                mend="Ask again.",
                approval=key,
            ),
        ],
        S.INDETERMINATE: [
            *left,
            events.ChangeUnknown(at=making.at(3.3), approval=key, why="the answer was lost"),
        ],
        S.REJECTED: [voted("reject"), decided(S.REJECTED, "Not during the sale.")],
        S.EXPIRED: [events.ApprovalExpired(at=making.at(17), approval=key)],
        S.SUPERSEDED: [decided(S.SUPERSEDED, "A newer proposal took its place.")],
        S.REVOKED: [*yes, decided(S.REVOKED, "Changes are switched off.")],
    }
    return ways[state]


def never_known() -> tuple[Investigation, Approval]:
    """A case whose change no state shows, and of which no answer came."""
    found, asked = deciding(S.INDETERMINATE)
    said = "nothing that can be read tells whether the call had its effect; checkout p95 latency is 350 ms"
    seen = events.Verified(at=making.at(5), approval=asked.id, recovered=True, finding=said, value=0.35)
    found = found.apply(seen)
    return found, found.approval(asked.id)


def verified(recovered: bool) -> tuple[Investigation, Approval]:
    """A case whose change was made, and helped or did not."""
    found, asked = deciding(S.SUCCEEDED)
    value = 0.35 if recovered else 4.2
    said = f"checkout p95 latency is {value * 1000:.0f} ms (usually 340 ms)"
    seen = events.Verified(at=making.at(5), approval=asked.id, recovered=recovered, finding=said, value=value)
    found = found.apply(seen)
    return found, found.approval(asked.id)


# -- written by others


def worst(text: str) -> tuple[Investigation, Approval]:
    """A case in which every text that others can write is `text`, and of everything there is much."""
    hypotheses = [
        making.hypothesis(
            f"h{n}", where=text, statement=text, trigger=making.change(summary=text, after=text)
        )
        for n in range(1, 13)
    ]
    proof = [
        making.evidence(f"h1e{n}", finding=text, source=text, link=f"https://x.example.com/{text}")
        for n in range(1, 8)
    ]
    asked = making.approval(
        title=text,
        why=(text, text),
        blast_radius=text,
        call=ToolCall(name="ecs-update-service", arguments=_arguments(text)),
        rollback=ToolCall(name="ecs-update-service", arguments=_arguments(text)),
        requester=Person(id=text, team="T0LOCAL"),
        approvers=(text,) * 20,
    )
    person = Person(id=text, team=text)
    steps: list[Event] = [
        events.FactsGathered(
            at=making.at(0.4),
            facts=making.facts(
                summary=text,
                changes=(making.change(summary=text),) * 6,
                mitigation=text,
                mitigation_limits=text,
            ),
        ),
        *(events.HypothesisFormed(at=making.at(0.5), hypothesis=h) for h in hypotheses),
        events.EvidenceWeighed(at=making.at(0.7), hypothesis="h1", evidence=tuple(proof)),
        *(events.HypothesisPruned(at=making.at(0.8), hypothesis=f"h{n}", reason=text) for n in (2, 3, 4, 5)),
        events.HypothesisConfirmed(at=making.at(0.9), hypothesis="h1", reason=text),
        events.QueryAsked(
            at=making.at(0.9), query=making.query("q9", call=ToolCall(name="x", arguments={}, why=text))
        ),
        *(events.LimitReached(at=making.at(0.9), limit="iterations", detail=text) for _ in range(3)),
        *(events.Failed(at=making.at(1), what=text, why=text, mend=text) for _ in range(3)),
        events.ApprovalRequested(at=making.at(2), approval=asked),
        events.ApprovalVoted(at=making.at(3), approval=asked.id, vote=making.vote(person)),
        events.ApprovalDecided(at=making.at(3), approval=asked.id, state=S.REJECTED, reason=text),
        events.Verified(at=making.at(5), approval=asked.id, recovered=False, finding=text, value=1.0),
    ]
    return making.case(*steps, text=text, requester=person), asked


def _arguments(text: str) -> dict[str, JsonValue]:
    return {"cluster": text, "service": text, "taskDefinition": text}


def posts_of(text: str) -> Iterator[Post]:
    """Every post there is, with `text` wherever others can write."""
    case, asked = worst(text)
    yield waiting(case, 3)
    yield live(case, making.at(4))
    conclusion = making.conclusion(
        headline=text,
        summary=text,
        causes=(
            Cause(
                service=text,
                mode="x",
                statement=text,
                hypothesis="h1",
                evidence=tuple(f"h1e{n}" for n in range(1, 8)),
            ),
        ),
        path=(Hop(service=text, finding=text),) * 8,
        ruled_out=(RuledOut(hypothesis="h2", statement=text, by=text),) * 8,
        gaps=(Gap(what=text, why=text, mend=text),) * 8,
        next_steps=(text,) * 8,
        citations=(
            making.passage(document=text, title=text, section=text, link=f"https://w.example.com/{text}"),
        )
        * 4,
    )
    for outcome in Outcome:
        ended = case.apply(
            events.Concluded(at=making.at(6), conclusion=conclusion.model_copy(update={"outcome": outcome}))
        )
        assert ended.conclusion is not None
        yield live(ended, making.at(7))
        yield cause(ended, ended.conclusion)
    for state in S:
        yield card(
            case,
            asked.model_copy(update={"state": state, "votes": (making.vote(Person(id=text, team=text)),)}),
        )


def texts(blocks: Any, kind: str = "") -> list[str]:
    """All texts of these blocks, or those of text objects of one kind."""
    if isinstance(blocks, dict):
        own = blocks.get("text")
        here = [own] if isinstance(own, str) and kind in ("", blocks.get("type")) else []
        return here + [text for value in blocks.values() for text in texts(value, kind)]
    if isinstance(blocks, list | tuple):
        return [text for value in blocks for text in texts(value, kind)]
    return []


def sent(post: Post) -> list[Block]:
    """The blocks as the publisher sends them when there is no picture."""
    return [block for block in post.blocks if block.get("block_id") != "picture"]


TOKENS = re.compile(r"<[^>]*>?")
