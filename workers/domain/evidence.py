"""Questions asked on purpose, and what the answers weigh."""

from typing import Literal

from pydantic import AwareDatetime

from workers.domain.call import ToolCall
from workers.domain.value import Value
from workers.domain.window import Window

Role = Literal["facts", "confirm", "refute", "lookalike", "verify", "ask"]
"""`ask` is what a model wanted to know to answer a question."""


class CausalQuery(Value):
    """A tool call with a reason: what we expect to see if the claim is true, and if it is false.

    `approval` is set on the readings that verify a change.
    """

    id: str
    hypothesis: str = ""
    approval: str = ""
    role: Role
    call: ToolCall
    window: Window
    if_true: str = ""
    if_false: str = ""


class Evidence(Value):
    """What was seen and what it says about one hypothesis.

    `source` names the independent witness (a metric namespace, a log group, the change record): two
    readings of one witness are not two witnesses. `age` and `lag` are seconds.
    """

    id: str
    hypothesis: str
    role: Role
    look: str
    finding: str
    says: Literal["supports", "contradicts", "neutral"]
    strength: Literal["strong", "weak", "none"]
    source: str
    link: str = ""
    queries: tuple[str, ...] = ()
    at: AwareDatetime
    age: int = 0
    lag: int = 0
