"""A model's mind as long as it answers, the rules' from then on; each switch is written down and shown."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from workers.agent.model import ModelReasoner
from workers.agent.reasoner import Remark, Weighing
from workers.agent.rules import RuleReasoner
from workers.domain.call import Tool
from workers.domain.conclusion import Conclusion
from workers.domain.errors import ModelFailed
from workers.domain.event import Answered, ReasonerSwitched
from workers.domain.evidence import CausalQuery
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import RULES, Investigation
from workers.domain.question import Question
from workers.safety.redact import redacted

T = TypeVar("T")


class Fallback:
    """Speaks the Reasoner protocol with the mind that the journal says is in charge."""

    def __init__(self, model: ModelReasoner | None, now: Callable[[], datetime]) -> None:
        self.name = model.name if model else RULES
        self._model = model
        self._rules = RuleReasoner()
        self._now = now

    def answer(
        self, case: Investigation, question: Question, tools: tuple[Tool, ...]
    ) -> Answered | tuple[CausalQuery, ...] | Remark:
        return self._either(case, lambda mind: mind.answer(case, question, tools))

    def triage(self, case: Investigation) -> Facts | tuple[CausalQuery, ...] | Remark:
        return self._either(case, lambda mind: mind.triage(case))

    def hypothesise(self, case: Investigation) -> tuple[Hypothesis, ...] | Remark:
        return self._either(case, lambda mind: mind.hypothesise(case))

    def plan(self, case: Investigation, hypothesis: Hypothesis) -> tuple[CausalQuery, ...] | Remark:
        return self._either(case, lambda mind: mind.plan(case, hypothesis))

    def weigh(self, case: Investigation, hypothesis: Hypothesis) -> Weighing | Remark:
        return self._either(case, lambda mind: mind.weigh(case, hypothesis))

    def conclude(self, case: Investigation) -> Conclusion | Remark:
        return self._either(case, lambda mind: mind.conclude(case))

    def _either(
        self, case: Investigation, verb: Callable[[ModelReasoner | RuleReasoner], T]
    ) -> T | ReasonerSwitched:
        model = self._model
        if model is not None and not case.switches:
            return self._switched(case, model.name, "a model is configured")
        if case.reasoner == RULES:
            return verb(self._rules)
        if model is None:
            return self._switched(case, RULES, "no model is configured any more")
        if why := model.withheld(case):
            return self._switched(case, RULES, why)
        try:
            return verb(model)
        except ModelFailed as error:
            return self._switched(case, RULES, redacted(f"{error} {error.mend}".strip()))

    def _switched(self, case: Investigation, to: str, why: str) -> ReasonerSwitched:
        return ReasonerSwitched(at=self._now(), now=to, was=case.reasoner, why=why)
