"""What is asked of a model and what comes back, whoever serves it."""

from typing import Any, Literal, Protocol

from workers.domain.call import Thought, Tool, ToolUse
from workers.domain.usage import Usage
from workers.domain.value import Value


class Told(Value):
    """What came of a tool that was asked: `id` is that of its `ToolUse`."""

    id: str
    text: str
    failed: bool = False


class Message(Value):
    """One turn. A model's may ask `uses` of tools after `thoughts`; ours then begins with what was `told`."""

    role: Literal["user", "assistant"]
    text: str = ""
    thoughts: tuple[Thought, ...] = ()
    uses: tuple[ToolUse, ...] = ()
    told: tuple[Told, ...] = ()


class Prompt(Value):
    """`system` is the same from prompt to prompt, so that it can be cached; `answer` is a JSON schema.

    `most` is how many tokens the answer may have. With `tools` the model may ask before it answers, until the
    prompt is `closed`.
    """

    system: str
    messages: tuple[Message, ...]
    answer: dict[str, Any]
    most: int
    tools: tuple[Tool, ...] = ()
    closed: bool = False

    @property
    def length(self) -> int:
        """Tokens it may take at most, as far as characters tell: three are rarely less than one token."""
        told = sum(len(m.model_dump_json()) if m.uses or m.told else len(m.text) for m in self.messages)
        offered = sum(len(tool.model_dump_json()) for tool in self.tools)
        return (len(self.system) + told + offered) // 3


class Reply(Value):
    """A complete answer. `stop` is the provider's word for why it ended.

    `end_turn` means finished, `tool_use` that it goes on when it is told what came of `uses`.
    """

    text: str
    stop: str
    usage: Usage
    model: str
    thoughts: tuple[Thought, ...] = ()
    uses: tuple[ToolUse, ...] = ()


class Provider(Protocol):
    """Safe to use after a fork: nothing is connected before the first prompt."""

    @property
    def model(self) -> str: ...

    @property
    def served(self) -> str:
        """Who is sent what is asked: a host, or a cloud and its region."""
        ...

    def ask(self, prompt: Prompt) -> Reply:
        """The answer to one prompt, after as many tries as make sense; `ModelFailed` where none came."""
        ...
