"""The reasoner that needs no model: the catalogue of failure modes over statistics and the timeline."""

from workers.agent import blame, concluding, planning, proposals, questions, suspects, triage, weighing
from workers.agent.reasoner import Weighing
from workers.agent.sight import Sight
from workers.domain.call import Tool
from workers.domain.conclusion import Conclusion, Outcome
from workers.domain.event import Answered
from workers.domain.evidence import CausalQuery
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation
from workers.domain.question import Question


class RuleReasoner:
    """Speaks the Reasoner protocol; holds nothing."""

    name = "rules"

    def answer(
        self, case: Investigation, question: Question, tools: tuple[Tool, ...]
    ) -> Answered | tuple[CausalQuery, ...]:
        return questions.asks(case, question) or questions.reply(case, question)

    def triage(self, case: Investigation) -> Facts | tuple[CausalQuery, ...]:
        return triage.questions(case) or triage.facts(case)

    def hypothesise(self, case: Investigation) -> tuple[Hypothesis, ...]:
        return proposals.proposals(Sight(case))

    def plan(self, case: Investigation, hypothesis: Hypothesis) -> tuple[CausalQuery, ...]:
        return planning.plan(hypothesis, Sight(case))

    def weigh(self, case: Investigation, hypothesis: Hypothesis) -> Weighing:
        return weighing.weigh(hypothesis, Sight(case))

    def conclude(self, case: Investigation) -> Conclusion:
        sight = Sight(case)
        accused, blameless = blame.accused(sight)
        places = suspects.suspects(sight)
        conclusion = concluding.conclude(sight)
        sure = conclusion.confidence
        if conclusion.outcome is Outcome.INCONCLUSIVE:
            where = suspects.whereabouts(places, len(conclusion.gaps))
            sure = sure.model_copy(update={"where": where})
            blind = suspects.gaps(places)
            conclusion = conclusion.model_copy(update={"gaps": (*blind, *conclusion.gaps)})
        told = {"suspects": places, "accused": accused, "blameless": blameless, "confidence": sure}
        return conclusion.model_copy(update=told)
