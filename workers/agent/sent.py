"""What was sent to a model in an investigation, from its journal: each prompt, and its text made again.

A prompt is folded from the journal, so nothing of it is kept besides; that it is the same to the byte is
proven by its hash, which was put on record before it left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.agent.investigator import considered
from workers.agent.model import Limits, ModelReasoner, key_of
from workers.domain.budget import Budget
from workers.domain.call import Tool
from workers.domain.errors import ModelFailed
from workers.domain.event import Event, ModelAnswered, ModelAsked
from workers.domain.investigation import fold
from workers.domain.question import Question
from workers.domain.value import Value
from workers.llm import Prompt, Reply


class Sent(Value):
    """One prompt: `step` is its place in the journal, `answer` what came of it, `None` where nothing did."""

    step: int
    asked: ModelAsked
    answer: ModelAnswered | None


@dataclass(frozen=True)
class Making:
    """What prompts are made with beside the journal; as it is now, which it may not have been then."""

    limits: Limits
    budget: Budget
    tools: tuple[Tool, ...]


def prompts(journal: Sequence[Event]) -> Iterator[Sent]:
    """All that left for a model, in order."""
    for step, event in enumerate(journal, 1):
        if isinstance(event, ModelAsked):
            # Nothing else is done meanwhile; only people may say something.
            rest = (one for one in journal[step:] if isinstance(one, ModelAsked | ModelAnswered))
            came = next(rest, None)
            yield Sent(step=step, asked=event, answer=came if isinstance(came, ModelAnswered) else None)


def again(journal: Sequence[Event], sent: Sent, making: Making) -> Prompt | None:
    """The prompt as it left, to the byte; `None` where settings, tools or Runbook have changed since."""
    case = fold(journal[: sent.step - 1])
    mind = ModelReasoner(
        _Catching(sent.asked), case.budget or making.budget, making.limits, lambda: sent.asked.at
    )
    try:
        for _ in range(TURNS):
            match sent.asked.verb:
                case "hypothesise":
                    mind.hypothesise(considered(case))
                case "conclude":
                    mind.conclude(case)
                case "answer":
                    mind.answer(case, case.incident.question or Question(topic="open"), making.tools)
    except _Caught as caught:
        return caught.prompt
    except ModelFailed:
        return None
    return None


TURNS = 4
"""On record, asked, on record with less, asked with less."""


class _Caught(Exception):
    def __init__(self, prompt: Prompt) -> None:
        super().__init__()
        self.prompt = prompt


class _Catching:
    """A provider that sends nothing: it keeps the prompt that is looked for, and finds others too long."""

    def __init__(self, asked: ModelAsked) -> None:
        self.model, self.served, self._asked = asked.model, asked.served, asked

    def ask(self, prompt: Prompt) -> Reply:
        if key_of(self.model, self._asked.verb, prompt) == self._asked.key:
            raise _Caught(prompt)
        raise ModelFailed("another prompt", too_long=True)
