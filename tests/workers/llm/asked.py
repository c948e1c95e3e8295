"""What the tests of all providers ask, and how they look at what came of it."""

import pytest

from workers.domain.errors import ModelFailed
from workers.llm import Message, Prompt, Provider

SCHEMA = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}, "maxItems": 3}},
    "required": ["words"],
}
ANSWER = '{"words": ["checkout", "is", "slow"]}'


class Sleeps(list[float]):
    """Waits nothing, and keeps how long it was asked to."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def asking(*messages: Message, system: str = "You find causes.") -> Prompt:
    return Prompt(
        system=system, messages=messages or (Message(role="user", text="Why?"),), answer=SCHEMA, most=500
    )


def failed(provider: Provider, prompt: Prompt | None = None) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        provider.ask(prompt or asking())
    return caught.value
