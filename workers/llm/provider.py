"""What is asked of a model and what comes back, whoever serves it."""

from typing import Any, Literal, Protocol

from workers.domain.usage import Usage
from workers.domain.value import Value


class Message(Value):
    role: Literal["user", "assistant"]
    text: str


class Prompt(Value):
    """`system` is the same from prompt to prompt, so that it can be cached; `answer` is a JSON schema.

    `most` is how many tokens the answer may have.
    """

    system: str
    messages: tuple[Message, ...]
    answer: dict[str, Any]
    most: int

    @property
    def length(self) -> int:
        """Tokens it may take at most, as far as characters tell: three are rarely less than one token."""
        return (len(self.system) + sum(len(m.text) for m in self.messages)) // 3


class Reply(Value):
    """A complete answer. `stop` is the provider's word for why it ended; only `end_turn` means finished."""

    text: str
    stop: str
    usage: Usage
    model: str


class Provider(Protocol):
    """Safe to use after a fork: nothing is connected before the first prompt."""

    @property
    def model(self) -> str: ...

    def ask(self, prompt: Prompt) -> Reply:
        """The answer to one prompt, after as many tries as make sense; `ModelFailed` where none came."""
        ...
