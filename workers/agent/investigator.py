"""The loop: facts, then hypotheses tested until one stands, none is left, or the budget is spent.

A generator of events. The caller writes each down before asking for the next; a run that is resumed
starts from the journal and goes on where the last one stopped, asking again only what was in flight.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from typing import TypeVar

from workers.agent import meaning, memory, verifying
from workers.agent.reasoner import Reasoner, Remark, Weighing
from workers.agent.remedy import remedy
from workers.domain.approval import UNCHANGED, Asked
from workers.domain.budget import Budget
from workers.domain.call import ToolCall
from workers.domain.errors import Refused
from workers.domain.event import (
    Answered,
    ApprovalRequested,
    BudgetSet,
    Concluded,
    Event,
    EvidenceWeighed,
    FactsGathered,
    HypothesisBranched,
    HypothesisConfirmed,
    HypothesisFormed,
    HypothesisPruned,
    LimitReached,
    NameAsked,
    NameSettled,
    QueryAnswered,
    QueryAsked,
    QueryFailed,
    Recalled,
    RemedyWithheld,
    Verified,
)
from workers.domain.evidence import CausalQuery
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis, HypothesisTree
from workers.domain.incident import Person
from workers.domain.investigation import RULES, Investigation, elapsed
from workers.domain.naming import Meant
from workers.domain.question import Question
from workers.domain.window import ending
from workers.safety import approvals
from workers.safety.gate import Gate
from workers.safety.policy import Policy

T = TypeVar("T")

BEFORE = "before"
"""The query that reads the state which the remedy would alter."""
AT_ONCE = 8
"""Questions under way at the same time."""


MODELS = frozenset({"tokens", "dollars"})
"""Limits that end a model's part only."""


class Investigator:
    """One run of one investigation. `case` is what is known; `run` yields what happens next.

    `before` gives what was asked in its thread earlier, the oldest first; `others` the changes that people
    are asked about elsewhere; `meant` what somebody once said that a word means.
    """

    def __init__(
        self,
        case: Investigation,
        reasoner: Reasoner,
        gate: Gate,
        policy: Policy,
        budget: Budget,
        now: Callable[[], datetime],
        before: Callable[[], tuple[Investigation, ...]] = tuple,
        others: Callable[[], tuple[Asked, ...]] = tuple,
        meant: Callable[[str], Meant | None] = lambda _: None,
    ) -> None:
        self.case = case
        self._reasoner = reasoner
        self._gate = gate.spending(budget.metrics - case.metrics, budget.scanned - case.scanned)
        self._policy = policy
        self._budget = budget
        self._now = now
        self._before = before
        self._others = others
        self._meant = meant
        self._rounds = 0
        self._out_of_ideas = False

    def run(self) -> Iterator[Event]:
        """Everything there is to do now: investigate, or look once more after a decision."""
        if self.case.incident.question is not None:
            yield from self._replied(self.case.incident.question)
            return
        if self.case.conclusion is None:
            if self.case.budget != self._budget:
                yield self._apply(BudgetSet(at=self._now(), budget=self._budget))
            yield from self._facts()
            while self._going():
                yield from self._round()
            if not self._stopped:
                conclusion = yield from self._thought(lambda: self._reasoner.conclude(self.case))
                yield self._apply(Concluded(at=self._now(), conclusion=conclusion))
        if self.case.phase == "concluded" and not self.case.approvals and not self.case.withheld:
            yield from self._propose()
        yield from self._look_again()
        yield from self._take_back()

    @property
    def _stopped(self) -> bool:
        return self.case.phase == "stopped"

    def _apply(self, event: Event) -> Event:
        self.case = self.case.apply(event)
        return event

    def _thought(self, think: Callable[[], T | Remark]) -> Generator[Event, None, T]:
        """What a verb answers, once all that it wanted written down is written."""
        while isinstance(said := think(), Remark):
            yield self._apply(said)
        return said

    # -- questions that are no incident

    def _replied(self, question: Question) -> Iterator[Event]:
        yield from self._answers()  # what was in flight when the last run ended
        # The rules read no answer out of what was said before.
        if self._reasoner.name != RULES and self.case.recalled is None:
            yield self._apply(Recalled(at=self._now(), exchanges=memory.exchanges(self._before())))
        tools = self._gate.tools
        while not self.case.over:
            step = yield from self._thought(lambda: self._reasoner.answer(self.case, question, tools))
            if isinstance(step, Answered):
                yield self._apply(step.model_copy(update={"at": self._now()}))
            else:
                yield from self._ask(step)

    # -- facts

    def _facts(self) -> Iterator[Event]:
        yield from self._answers()  # what was in flight when the last run ended
        while self.case.facts is None and not self._stopped:
            step = yield from self._thought(lambda: self._reasoner.triage(self.case))
            if not isinstance(step, Facts):
                yield from self._ask(step)
            elif (asked := meaning.unclear(self.case)) is not None:
                yield self._apply(self._remembered(asked) or asked.model_copy(update={"at": self._now()}))
            else:
                yield self._apply(FactsGathered(at=self._now(), facts=step))

    def _remembered(self, asked: NameAsked) -> NameSettled | None:
        """What somebody said before that a word means, where that is one of what it may mean."""
        meant = self._meant(asked.word)
        if meant is None or meant.name not in [one.name for one in asked.candidates]:
            return None
        person = Person(id=meant.person, team=self.case.incident.thread.team)
        return NameSettled(at=self._now(), word=asked.word, name=meant.name, person=person, remembered=True)

    # -- hypotheses

    def _going(self) -> bool:
        """Whether there is something left to test and something left to spend."""
        facts = self.case.facts
        spent = [limit for limit in self.case.limits if limit.limit not in MODELS]
        if self._stopped or spent or facts is None or facts.unknown_service:
            return False
        if self.case.tree.open():
            return True
        return not self._out_of_ideas and not self.case.tree.with_status("confirmed")

    def _round(self) -> Iterator[Event]:
        """Form claims if none is open, ask what they need, weigh what came back."""
        self._rounds += 1
        spent = self._spent()
        if spent is not None:
            yield self._apply(spent)
            return
        if all(h.status == "open" and not h.parent for h in self.case.tree.open()):
            yield from self._formed()
        for hypothesis in self.case.tree.open():
            for query in (yield from self._planned(hypothesis)):
                yield self._apply(QueryAsked(at=self._now(), query=query))
        yield from self._answers()
        for hypothesis in self.case.tree.open():
            yield from self._weighed(hypothesis)

    def _planned(self, hypothesis: Hypothesis) -> Generator[Event, None, tuple[CausalQuery, ...]]:
        return (yield from self._thought(lambda: self._reasoner.plan(self.case, hypothesis)))

    def _formed(self) -> Iterator[Event]:
        """New claims. A batch that the last run left half formed is thought again, and its rest formed."""
        untested = {h.id for h in self.case.tree.open()}
        batch = yield from self._thought(lambda: self._reasoner.hypothesise(considered(self.case)))
        self._out_of_ideas = not batch
        for hypothesis in batch:
            if hypothesis.id not in untested:
                yield self._apply(HypothesisFormed(at=self._now(), hypothesis=hypothesis))

    def _spent(self) -> LimitReached | None:
        at, seconds = self._now(), elapsed(self.case, self._now())
        if self._rounds > self._budget.iterations:
            return LimitReached(at=at, limit="iterations", detail=f"{self._budget.iterations} rounds")
        if seconds > self._budget.seconds:
            return LimitReached(at=at, limit="seconds", detail=f"{seconds} seconds")
        if len(self.case.queries) > self._budget.queries:
            return LimitReached(at=at, limit="queries", detail=f"{len(self.case.queries)} queries")
        return None

    def _weighed(self, hypothesis: Hypothesis) -> Iterator[Event]:
        weighing = yield from self._thought(lambda: self._reasoner.weigh(self.case, hypothesis))
        known = {e.id for e in self.case.evidence}
        fresh = tuple(e for e in weighing.evidence if e.id not in known)
        if fresh:
            yield self._apply(EvidenceWeighed(at=self._now(), hypothesis=hypothesis.id, evidence=fresh))
        verdict = self._verdict(hypothesis, weighing)
        if verdict is not None:
            yield self._apply(verdict)

    def _verdict(self, hypothesis: Hypothesis, weighing: Weighing) -> Event | None:
        at = self._now()
        match weighing.verdict:
            case "confirmed":
                return HypothesisConfirmed(at=at, hypothesis=hypothesis.id, reason=weighing.reason)
            case "pruned":
                reason, seen = weighing.reason, weighing.seen
                return HypothesisPruned(at=at, hypothesis=hypothesis.id, reason=reason, seen=seen)
            case "branched":
                into = weighing.children
                return HypothesisBranched(at=at, hypothesis=hypothesis.id, into=into, reason=weighing.reason)
            case "open":
                return None

    # -- questions

    def _ask(self, queries: tuple[CausalQuery, ...]) -> Iterator[Event]:
        for query in queries:
            yield self._apply(QueryAsked(at=self._now(), query=query))
        yield from self._answers()

    def _answers(self) -> Iterator[Event]:
        """Answer everything that has been asked and not answered, several at a time, as they come."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gather") as pool:
            asked = {pool.submit(self._gate.run, query.call): query for query in self.case.pending()}
            for done in as_completed(asked):
                result, query = done.result(), asked[done]
                kind = QueryAnswered if result.ok else QueryFailed
                yield self._apply(kind(at=self._now(), query=query.id, result=result))

    # -- remedy, and what came of it

    def _propose(self) -> Iterator[Event]:
        proposed = remedy(self.case, self._now())
        if proposed is None:
            return
        if not self.case.remedies:
            yield self._apply(proposed)
        channel = self.case.incident.thread.channel
        if why := approvals.held_back(proposed.call, channel, self._others(), self._now()):
            yield self._withheld(proposed.title, proposed.call, why)
            return
        if BEFORE not in self.case.results:
            yield from self._ask((self._state_before(BEFORE, proposed.call),))
        before = self.case.results[BEFORE]
        try:
            approval = approvals.request(self.case, proposed, before, self._policy, self._now())
        except Refused as error:
            yield self._withheld(proposed.title, proposed.call, str(error))
            return
        if approval is not None:
            yield self._apply(ApprovalRequested(at=self._now(), approval=approval))

    def _take_back(self) -> Iterator[Event]:
        """Ask for the approval of each way back that somebody wants."""
        for wish in self.case.rollbacks:
            made = self.case.approval(wish.approval)
            if made.rollback is None:
                continue
            before = f"{BEFORE}-{self.case.seq}"  # read anew: the change has been made since
            yield from self._ask((self._state_before(before, made.rollback),))
            result = self.case.results[before]
            why = result.failure.message if result.failure else "its state now could not be read"
            try:
                wanted = approvals.take_back(self.case, made, wish.person, result, self._policy, self._now())
            except Refused as error:
                wanted, why = None, str(error)
            if wanted is None:
                yield self._withheld(f"taking back: {made.title}", made.rollback, why, undoes=made.id)
                continue
            yield self._apply(ApprovalRequested(at=self._now(), approval=wanted))

    def _withheld(self, title: str, call: ToolCall, why: str, undoes: str = "") -> Event:
        return self._apply(RemedyWithheld(at=self._now(), title=title, call=call, why=why, undoes=undoes))

    def _state_before(self, key: str, call: ToolCall) -> CausalQuery:
        at = self._now()
        return CausalQuery(id=key, role="facts", call=approvals.reading(call), window=ending(at, minutes=1))

    def _look_again(self) -> Iterator[Event]:
        """After a decision that changed nothing: say how users fare; silence would be taken for health."""
        for approval in self.case.approvals:
            if approval.state in UNCHANGED and approval.id not in self.case.outcomes and approval.watch:
                call = verifying.question(approval.watch, self._now(), period=verifying.COARSE)
                result = self._gate.run(call)
                reading = verifying.read(approval.watch, result, self.case.started_at)
                yield self._apply(
                    Verified(
                        at=self._now(),
                        approval=approval.id,
                        recovered=reading.healthy,
                        finding=reading.finding,
                        value=reading.value,
                    )
                )


def considered(case: Investigation) -> Investigation:
    """The case as new claims are thought of: without those that wait to be tested."""
    untested = {h.id for h in case.tree.open()}
    others = HypothesisTree(nodes=tuple(h for h in case.tree.nodes if h.id not in untested))
    return case.model_copy(update={"tree": others})
