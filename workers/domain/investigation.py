"""Everything known so far: a fold over the journal. `apply` is the only way it changes."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime

from workers.domain.approval import VAIN, Approval, ApprovalState
from workers.domain.budget import Budget
from workers.domain.call import ToolCall, ToolResult
from workers.domain.conclusion import Conclusion
from workers.domain.event import (
    Answered,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    ApprovalVoted,
    BudgetSet,
    ChangeIntended,
    ChangeMade,
    ChangeUnknown,
    Concluded,
    Event,
    EvidenceWeighed,
    FactsGathered,
    Failed,
    Happened,
    HypothesisBranched,
    HypothesisConfirmed,
    HypothesisFormed,
    HypothesisPruned,
    IncidentReported,
    Joined,
    LimitReached,
    ModelAnswered,
    ModelAsked,
    NameAsked,
    NameSettled,
    QueryAnswered,
    QueryAsked,
    QueryFailed,
    ReasonerSwitched,
    Recalled,
    RemedyProposed,
    RemedyWithheld,
    RollbackAsked,
    Steered,
    Stopped,
    Verified,
)
from workers.domain.evidence import CausalQuery, Evidence
from workers.domain.facts import Facts
from workers.domain.hypothesis import HypothesisTree
from workers.domain.incident import Incident
from workers.domain.question import Exchange
from workers.domain.usage import Usage
from workers.domain.value import Value

Phase = Literal["investigating", "concluded", "waiting", "changing", "done", "stopped", "failed"]


RULES = "rules"
"""The name of the mind that needs no model."""


class Investigation(Value):
    """One investigation as it stands after `seq` events.

    `queries` and `results` share their keys; `replies` are a model's, by question. `outcomes` holds what
    looking afterwards found, by approval. `rollbacks` are those that no approval has been asked for yet.
    `unclear` are words of the report that may mean several things, `names` what people said that they mean.
    """

    id: str
    seq: int
    incident: Incident
    started_at: AwareDatetime
    updated_at: AwareDatetime
    phase: Phase = "investigating"
    budget: Budget | None = None
    facts: Facts | None = None
    tree: HypothesisTree = HypothesisTree()
    queries: dict[str, CausalQuery] = {}
    results: dict[str, ToolResult] = {}
    evidence: tuple[Evidence, ...] = ()
    reasoner: str = RULES
    switches: tuple[ReasonerSwitched, ...] = ()
    replies: dict[str, ModelAnswered] = {}
    recalled: tuple[Exchange, ...] | None = None
    steering: tuple[Steered, ...] = ()
    unclear: dict[str, NameAsked] = {}
    names: dict[str, NameSettled] = {}
    limits: tuple[LimitReached, ...] = ()
    reply: Answered | None = None
    conclusion: Conclusion | None = None
    remedies: tuple[RemedyProposed, ...] = ()
    withheld: tuple[RemedyWithheld, ...] = ()
    approvals: tuple[Approval, ...] = ()
    outcomes: dict[str, Verified] = {}
    failures: tuple[Failed, ...] = ()
    reasons: dict[str, str] = {}
    rollbacks: tuple[RollbackAsked, ...] = ()

    def apply(self, event: Event) -> "Investigation":
        """The investigation after `event`."""
        changed = _APPLY[type(event)](self, event)
        return self.model_copy(update={"seq": self.seq + 1, "updated_at": event.at, **changed})

    def approval(self, approval_id: str) -> Approval:
        return next(a for a in self.approvals if a.id == approval_id)

    def taken_back(self, approval_id: str) -> bool:
        """Whether a change is to be taken back, or has been: it is wished, asked for or made."""
        wished = any(one.approval == approval_id for one in self.rollbacks)
        return wished or any(one.undoes == approval_id and one.state not in VAIN for one in self.approvals)

    def pending(self) -> tuple[CausalQuery, ...]:
        """Asked and not answered: after a crash, what was in flight."""
        return tuple(q for q in self.queries.values() if q.id not in self.results)

    def answer(self, call: ToolCall) -> ToolResult | None:
        """The journaled answer to an equal call, so that nothing is paid for twice."""
        for query in self.queries.values():
            if query.call.hash == call.hash and query.id in self.results:
                return self.results[query.id]
        return None

    def evidence_for(self, hypothesis_id: str) -> tuple[Evidence, ...]:
        return tuple(e for e in self.evidence if e.hypothesis == hypothesis_id)

    @property
    def calls_made(self) -> int:
        """How many calls the systems behind the tools had to answer."""
        return sum(result.cost for result in self.results.values())

    @property
    def metrics(self) -> int:
        """How many series were fetched."""
        return sum(result.metrics for result in self.results.values())

    @property
    def scanned(self) -> int:
        """How many bytes of logs were looked through."""
        return sum(result.scanned for result in self.results.values())

    @property
    def model(self) -> str:
        """The model that thinks, or thought until it gave way; empty where there was none."""
        if not self.switches:
            return ""
        last = self.switches[-1]
        return last.was if last.now == RULES else last.now

    @property
    def usage(self) -> Usage:
        """What the model's answers used."""
        return sum((reply.usage for reply in self.replies.values()), Usage())

    @property
    def dollars(self) -> float | None:
        """What the model's answers cost; `None` where the price of one is not known."""
        prices = [reply.dollars for reply in self.replies.values()]
        known = [price for price in prices if price is not None]
        return sum(known) if len(known) == len(prices) else None

    @property
    def over(self) -> bool:
        return self.phase in ("done", "stopped", "failed")

    @property
    def settled(self) -> bool:
        """Over, or concluded with no change that somebody has to decide on or that is being made."""
        return self.over or self.phase == "concluded"


def begun(event: IncidentReported) -> Investigation:
    """The investigation after its first event."""
    return Investigation(
        id=event.investigation, seq=1, incident=event.incident, started_at=event.at, updated_at=event.at
    )


def fold(events: Iterable[Event]) -> Investigation:
    """The investigation that these events make; the first must be `IncidentReported`."""
    stream = iter(events)
    first = next(stream)
    if not isinstance(first, IncidentReported):
        raise ValueError(f"a journal begins with IncidentReported, not {first.type}")
    case = begun(first)
    for event in stream:
        case = case.apply(event)
    return case


Changed = dict[str, Any]  # fields of Investigation, as model_copy takes them


def _nothing(case: Investigation, event: Happened) -> Changed:
    return {}


def _budget(case: Investigation, event: BudgetSet) -> Changed:
    return {"budget": event.budget}


def _facts(case: Investigation, event: FactsGathered) -> Changed:
    return {"facts": event.facts}


def _formed(case: Investigation, event: HypothesisFormed) -> Changed:
    return {"tree": case.tree.grown(event.hypothesis)}


def _branched(case: Investigation, event: HypothesisBranched) -> Changed:
    tree = case.tree.marked(event.hypothesis, "branched", event.reason)
    for child in event.into:
        tree = tree.grown(child)
    return {"tree": tree}


def _pruned(case: Investigation, event: HypothesisPruned) -> Changed:
    return {"tree": case.tree.marked(event.hypothesis, "pruned", event.reason, seen=event.seen)}


def _confirmed(case: Investigation, event: HypothesisConfirmed) -> Changed:
    return {"tree": case.tree.marked(event.hypothesis, "confirmed", event.reason)}


def _asked(case: Investigation, event: QueryAsked) -> Changed:
    query = event.query
    testing = case.tree.marked(query.hypothesis, "testing") if query.hypothesis else case.tree
    return {"queries": {**case.queries, query.id: query}, "tree": testing}


def _answered(case: Investigation, event: QueryAnswered | QueryFailed) -> Changed:
    return {"results": {**case.results, event.query: event.result}}


def _weighed(case: Investigation, event: EvidenceWeighed) -> Changed:
    return {"evidence": (*case.evidence, *event.evidence)}


def _switched(case: Investigation, event: ReasonerSwitched) -> Changed:
    return {"reasoner": event.now, "switches": (*case.switches, event)}


def _replied(case: Investigation, event: ModelAnswered) -> Changed:
    return {"replies": {**case.replies, event.key: event}}


def _recalled(case: Investigation, event: Recalled) -> Changed:
    return {"recalled": event.exchanges}


def _steered(case: Investigation, event: Steered) -> Changed:
    return {"steering": (*case.steering, event)}


def _unclear(case: Investigation, event: NameAsked) -> Changed:
    return {"unclear": {**case.unclear, event.word: event}}


def _settled(case: Investigation, event: NameSettled) -> Changed:
    return {"names": {**case.names, event.word: event}}


def _limit(case: Investigation, event: LimitReached) -> Changed:
    return {"limits": (*case.limits, event)}


def _replied_to(case: Investigation, event: Answered) -> Changed:
    return {"reply": event, "phase": "done"}


def _concluded(case: Investigation, event: Concluded) -> Changed:
    return {"conclusion": event.conclusion, "phase": "concluded"}


def _remedy(case: Investigation, event: RemedyProposed) -> Changed:
    return {"remedies": (*case.remedies, event)}


def _withheld(case: Investigation, event: RemedyWithheld) -> Changed:
    withheld: Changed = {"withheld": (*case.withheld, event)}
    if not event.undoes:
        return withheld
    # What was made and found out stands as it was before somebody wished it back.
    left = tuple(one for one in case.rollbacks if one.approval != event.undoes)
    return withheld | {"rollbacks": left, "phase": "done" if case.phase == "concluded" else case.phase}


def _requested(case: Investigation, event: ApprovalRequested) -> Changed:
    wanted = tuple(one for one in case.rollbacks if one.approval != event.approval.undoes)
    return {"approvals": (*case.approvals, event.approval), "phase": "waiting", "rollbacks": wanted}


def _with_approval(case: Investigation, approval_id: str, changes: Changed) -> tuple[Approval, ...]:
    return tuple(a.model_copy(update=changes) if a.id == approval_id else a for a in case.approvals)


def _voted(case: Investigation, event: ApprovalVoted) -> Changed:
    votes = (*case.approval(event.approval).votes, event.vote)
    return {"approvals": _with_approval(case, event.approval, {"votes": votes})}


def _state(case: Investigation, approval_id: str, state: ApprovalState, phase: Phase) -> Changed:
    return {"approvals": _with_approval(case, approval_id, {"state": state}), "phase": phase}


def _decided(case: Investigation, event: ApprovalDecided) -> Changed:
    phase: Phase = "changing" if event.state is ApprovalState.APPROVED else "concluded"
    reasons = {**case.reasons, event.approval: event.reason} if event.reason else case.reasons
    return _state(case, event.approval, event.state, phase) | {"reasons": reasons}


def _expired(case: Investigation, event: ApprovalExpired) -> Changed:
    return _state(case, event.approval, ApprovalState.EXPIRED, "concluded")


def _intended(case: Investigation, event: ChangeIntended) -> Changed:
    return _state(case, event.approval, ApprovalState.REDEEMED, "changing")


def _made(case: Investigation, event: ChangeMade) -> Changed:
    return _state(case, event.approval, ApprovalState.SUCCEEDED, "changing")


def _unknown(case: Investigation, event: ChangeUnknown) -> Changed:
    state = _state(case, event.approval, ApprovalState.INDETERMINATE, "changing")
    return state | {"reasons": {**case.reasons, event.approval: event.why}}


def _verified(case: Investigation, event: Verified) -> Changed:
    return {"outcomes": {**case.outcomes, event.approval: event}, "phase": "done"}


def _rollback(case: Investigation, event: RollbackAsked) -> Changed:
    return {"rollbacks": (*case.rollbacks, event), "phase": "concluded"}


def _stopped(case: Investigation, event: Stopped) -> Changed:
    return {"phase": "stopped"}


def _failed(case: Investigation, event: Failed) -> Changed:
    changed: Changed = {"failures": (*case.failures, event)}
    if event.approval:
        return changed | _state(case, event.approval, ApprovalState.FAILED, "concluded")
    return changed | {"phase": "failed", "rollbacks": ()}


_APPLY: dict[type[Happened], Callable[[Investigation, Any], Changed]] = {
    IncidentReported: _nothing,
    Joined: _nothing,
    BudgetSet: _budget,
    FactsGathered: _facts,
    HypothesisFormed: _formed,
    HypothesisBranched: _branched,
    HypothesisPruned: _pruned,
    HypothesisConfirmed: _confirmed,
    QueryAsked: _asked,
    QueryAnswered: _answered,
    QueryFailed: _answered,
    EvidenceWeighed: _weighed,
    ReasonerSwitched: _switched,
    ModelAsked: _nothing,
    ModelAnswered: _replied,
    Recalled: _recalled,
    Steered: _steered,
    NameAsked: _unclear,
    NameSettled: _settled,
    LimitReached: _limit,
    Answered: _replied_to,
    Concluded: _concluded,
    RemedyProposed: _remedy,
    RemedyWithheld: _withheld,
    ApprovalRequested: _requested,
    ApprovalVoted: _voted,
    ApprovalDecided: _decided,
    ApprovalExpired: _expired,
    ChangeIntended: _intended,
    ChangeMade: _made,
    ChangeUnknown: _unknown,
    Verified: _verified,
    RollbackAsked: _rollback,
    Stopped: _stopped,
    Failed: _failed,
}


def elapsed(case: Investigation, now: datetime) -> int:
    """Whole seconds since the investigation began."""
    return max(0, int((now - case.started_at).total_seconds()))
