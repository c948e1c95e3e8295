"""The mind that asks a model. Statistics decide: it has the rules' thoughts, and a model's beside them.

The model is asked twice at most in most investigations: for claims where the rules have none left and none
stood, each then tested like any other; and for the course of events once the cause is decided.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

from workers.agent import answers, asking, proposals, questions, talk
from workers.agent.answers import Unusable
from workers.agent.concluding import measured_at
from workers.agent.reasoner import Remark, Weighing
from workers.agent.rules import RuleReasoner
from workers.agent.sight import Sight
from workers.agent.talk import Talk
from workers.agent.withheld import Withheld
from workers.domain.budget import Budget
from workers.domain.call import Tool
from workers.domain.conclusion import NAMES_A_CAUSE, Conclusion, Outcome
from workers.domain.errors import ModelFailed
from workers.domain.event import Answered, LimitReached, ModelAnswered, ModelAsked
from workers.domain.evidence import CausalQuery
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation, elapsed
from workers.domain.question import Question
from workers.domain.usage import Usage
from workers.domain.value import Value
from workers.llm import Prompt, Provider, Reply
from workers.llm.prices import Price, dollars
from workers.safety.redact import redacted, scrubbed

T = TypeVar("T")
Verb = Literal["hypothesise", "conclude", "answer"]

MOST_GUESSES = 4
"""Claims of a model's own in one investigation; at this many it is asked for no more."""
TRIES = 2
"""An answer that cannot be used is told back once."""
IDLE = 2
"""After so many turns that ask nothing new it has to answer."""


class Limits(Value):
    """How long a prompt and an answer may be, in tokens, and what the model costs where that is known."""

    prompt: int = 30_000
    answer: int = 8_000
    price: Price | None = None
    never: tuple[str, ...] = ()
    """Services of which no model may be told, as patterns of their names."""


class ModelReasoner:
    """Speaks the Reasoner protocol; raises `ModelFailed` where the model gives nothing that can be used.

    `left` tells how many dollars all investigations together may still spend today.
    """

    def __init__(
        self,
        provider: Provider,
        budget: Budget,
        limits: Limits,
        now: Callable[[], datetime],
        left: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.name = provider.model
        self._provider = provider
        self._budget = budget
        self._limits = limits
        self._now = now
        self._left = left
        self._withheld = Withheld(limits.never)
        self._rules = RuleReasoner()
        self._told: dict[str, str] = {}
        """The prompts that this process has put on record, by key, and the key of what leaves for each."""

    def withheld(self, case: Investigation) -> str:
        """Why no model may think about this; empty where one may."""
        name = self._withheld.concerned(case)
        return str(self._withheld.refusal(name)) if name else ""

    def triage(self, case: Investigation) -> Facts | tuple[CausalQuery, ...]:
        """Facts are measured: nothing waits for a model before they are said."""
        return self._rules.triage(case)

    def hypothesise(self, case: Investigation) -> tuple[Hypothesis, ...] | Remark:
        """What the rules claim; when they have no idea left and nothing stands, what the model does."""
        claims = self._rules.hypothesise(case)
        guessed = sum(bool(h.by) for h in case.tree.nodes)
        if claims or guessed >= MOST_GUESSES or self._settled(case):
            return claims
        sight = Sight(self._withheld.without(case))
        places = _places(sight)
        return self._usable(
            case,
            "hypothesise",
            lambda limit: asking.claims(sight, places, limit, self._limits.answer),
            lambda text: answers.proposed(text, sight, places, self.name),
        )

    def plan(self, case: Investigation, hypothesis: Hypothesis) -> tuple[CausalQuery, ...]:
        return self._rules.plan(case, hypothesis)

    def weigh(self, case: Investigation, hypothesis: Hypothesis) -> Weighing:
        """Evidence is measured; no model has a say in it."""
        return self._rules.weigh(case, hypothesis)

    def conclude(self, case: Investigation) -> Conclusion | Remark:
        """What the evidence carries; a cause comes with the course of events in the model's words."""
        said = self._rules.conclude(case)
        if said.outcome not in NAMES_A_CAUSE:
            return said
        sight = Sight(self._withheld.without(case))
        material, found = asking.material(sight, said), asking.findings(sight, said)
        names = [resource.name for resource in sight.topology.resources]
        account = self._usable(
            case,
            "conclude",
            lambda limit: asking.account(sight, said, limit, self._limits.answer),
            lambda text: answers.told(text, asking.dumped(material), found, names),
        )
        return said.model_copy(update={"account": account}) if isinstance(account, str) else account

    def answer(
        self, case: Investigation, question: Question, tools: tuple[Tool, ...]
    ) -> Answered | tuple[CausalQuery, ...] | Remark:
        """The talk as far as the journal has it, and the next step of it."""
        case = self._withheld.without(case)
        names = [resource.name for resource in Sight(case).topology.resources]
        so_far = talk.begun(case, tools, self._limits.prompt, self._limits.answer, self._budget.queries)
        while len(so_far.wrong) < TRIES:
            limit = self._asked_enough(so_far)
            whole = talk.closed(so_far) if limit or so_far.idle >= IDLE else so_far.prompt
            prompt = talk.fitted(whole, so_far, self._limits.prompt)
            key = key_of(self.name, "answer", prompt)
            reply = case.replies.get(key)
            if reply is None:
                shorter = partial(talk.fitted, whole, so_far, self._limits.prompt // 2)
                return self._reached(case, limit) or self._asked(case, "answer", key, prompt, shorter)
            if reply.stop == "refusal":
                raise ModelFailed("it refused to answer")
            if name := self._withheld.named(*(json.dumps(use.arguments) for use in reply.uses)):
                raise self._withheld.refusal(name)
            if reply.uses and not prompt.closed:
                if queries := talk.wanted(so_far, reply, case):
                    return queries
                so_far = talk.told(so_far, reply, case)
                continue
            try:
                heard = f"{case.incident.text}\n{talk.heard(so_far)}"
                found = answers.found(_whole(reply), case.incident.text, so_far.read, heard, names)
            except Unusable as error:
                so_far = talk.refused(so_far, reply, str(error))
            else:
                return questions.worded(case, found)
        raise ModelFailed(f"its answer could not be used, twice: {so_far.wrong[-1]}")

    def _asked_enough(self, so_far: Talk) -> LimitReached | None:
        """The budget that its queries have used up: then it answers from what it has read."""
        if so_far.turns >= self._budget.iterations:
            return LimitReached(at=self._now(), limit="iterations", detail=f"{so_far.turns} rounds")
        if len(so_far.ids) >= self._budget.queries:
            return LimitReached(at=self._now(), limit="queries", detail=f"{len(so_far.ids)} queries")
        return None

    def _reached(self, case: Investigation, limit: LimitReached | None) -> LimitReached | None:
        """A limit that has not been written down yet; raises where no time is left to ask at all."""
        seconds = elapsed(case, self._now())
        if seconds > self._budget.seconds:
            limit = LimitReached(at=self._now(), limit="seconds", detail=f"{seconds} seconds")
        known = {one.limit for one in case.limits}
        if "seconds" in known:
            raise ModelFailed(f"its time is spent ({self._budget.seconds} seconds)")
        return limit if limit is not None and limit.limit not in known else None

    def _settled(self, case: Investigation) -> bool:
        return self._rules.conclude(case).outcome is not Outcome.INCONCLUSIVE

    # -- the model

    def _usable(
        self, case: Investigation, verb: Verb, ask: Callable[[int], Prompt], read: Callable[[str], T]
    ) -> T | Remark:
        """What a usable answer says; until there is one in the journal, the remark that brings it there."""

        def shorter() -> Prompt:
            return ask(self._limits.prompt // 2)

        prompt, problem = ask(self._limits.prompt), ""
        for _ in range(TRIES):
            key = key_of(self.name, verb, prompt)
            reply = case.replies.get(key)
            if reply is None:
                return self._asked(case, verb, key, prompt, shorter)
            if reply.stop == "refusal":
                raise ModelFailed("it refused to answer")
            try:
                return read(_whole(reply))
            except Unusable as error:
                problem = str(error)
                prompt = (
                    shorter()
                    if reply.stop == "model_context_window_exceeded"
                    else asking.told_back(prompt, reply.text, problem)
                )
        raise ModelFailed(f"its answer could not be used, twice: {problem}")

    def _asked(
        self, case: Investigation, verb: Verb, key: str, prompt: Prompt, shorter: Callable[[], Prompt]
    ) -> ModelAsked | ModelAnswered | LimitReached:
        """Put on record that it is asked, then ask; where the prompt is too long for the model, with less."""
        if limit := self._over(case, prompt):
            return limit
        self._withheld.guard(prompt)
        if key not in self._told:
            return self._recorded(verb, key, key, prompt)
        less = self._told[key] != key
        began = time.monotonic()
        try:
            reply = self._provider.ask(shorter() if less else prompt)
        except ModelFailed as error:
            brief = shorter()
            if not error.too_long or less or brief == prompt:
                raise
            return self._recorded(verb, key, key_of(self.name, verb, brief), brief)
        return self._answered(verb, key, reply, time.monotonic() - began)

    def _recorded(self, verb: Verb, key: str, leaves: str, prompt: Prompt) -> ModelAsked:
        self._told[key] = leaves
        return ModelAsked(
            at=self._now(),
            verb=verb,
            key=leaves,
            model=self.name,
            served=self._provider.served,
            tokens=prompt.length,
        )

    def _answered(self, verb: Verb, key: str, reply: Reply, seconds: float) -> ModelAnswered:
        return ModelAnswered(
            at=self._now(),
            verb=verb,
            key=key,
            model=reply.model,
            text=redacted(reply.text),
            stop=reply.stop,
            usage=reply.usage,
            dollars=dollars(reply.usage, self._limits.price),
            seconds=round(seconds, 3),
            thoughts=reply.thoughts,
            uses=tuple(u.model_copy(update={"arguments": scrubbed(u.arguments)}) for u in reply.uses),
        )

    def _over(self, case: Investigation, prompt: Prompt) -> LimitReached | None:
        """The budget that one more prompt may exceed: said first, and from then on nothing is asked."""
        if reached := [limit for limit in case.limits if limit.limit in ("tokens", "dollars")]:
            raise ModelFailed(f"its budget is spent ({reached[0].detail})")
        most = Usage(input=prompt.length, output=prompt.most)
        if case.usage.tokens + most.tokens > self._budget.tokens:
            detail = f"{self._budget.tokens} tokens of the model"
            return LimitReached(at=self._now(), limit="tokens", detail=detail)
        spent, next_one = case.dollars, dollars(most, self._limits.price)
        if spent is not None and next_one is not None and spent + next_one > self._budget.dollars:
            detail = f"${self._budget.dollars:g} of the model"
            return LimitReached(at=self._now(), limit="dollars", detail=detail)
        if next_one is not None and next_one > self._left():
            detail = "what all investigations together may spend on the model in a day"
            return LimitReached(at=self._now(), limit="dollars", detail=detail)
        return None


def _places(sight: Sight) -> tuple[str, ...]:
    """Where a model may look for the cause, what the rules suspect first."""
    suspected = [place.name for place in proposals.places(sight)]
    names = dict.fromkeys([*suspected, *(r.name for r in sight.topology.resources)])
    only = measured_at(sight)
    return (only,) if only else tuple(names)


def _whole(reply: ModelAnswered) -> str:
    """The text of an answer that came to its end."""
    if reply.stop != "end_turn":
        raise Unusable(f"it did not come to its end ({reply.stop.replace('_', ' ')})")
    return reply.text


def key_of(model: str, verb: str, prompt: Prompt) -> str:
    """The hash by which a prompt and the answer to it are known."""
    return hashlib.sha256(f"{model}\n{verb}\n{prompt.model_dump_json()}".encode()).hexdigest()
