"""How a tool is declared: a function with a docstring, a risk, and the shape of telemetry it answers in."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from workers.domain.call import Gap, ToolData
from workers.domain.risk import Risk
from workers.domain.telemetry import Signal
from workers.domain.value import Value

Shape = Literal[
    "series",
    "logs",
    "activity",
    "changes",
    "topology",
    "resources",
    "alarms",
    "happenings",
    "passages",
    "state",
]


Period = Annotated[int, Field(ge=1, le=86_400)]


class Target(Value):
    """One signal of one resource, by the names people use."""

    service: str
    signal: Signal


class Answer(Value):
    """What an action saw. `cost` counts the calls its system had to answer."""

    data: ToolData
    source: str
    link: str = ""
    gaps: tuple[Gap, ...] = ()
    truncated: bool = False
    cost: int = 1


@dataclass(frozen=True)
class Action:
    """One thing a system can be asked. `run` takes the system's client first, then the arguments."""

    name: str
    risk: Risk
    answers: Shape
    description: str
    arguments: type[BaseModel]
    run: Callable[..., Answer]


@dataclass(frozen=True)
class Toolset:
    """All actions of one system."""

    name: str
    actions: tuple[Action, ...]


def action(*, risk: Risk, answers: Shape, name: str = "") -> Callable[[Callable[..., Answer]], Action]:
    """Declare a function as an action: its signature is the schema, its docstring what a model reads.

    `name` is for questions that every kind of system answers, in its own way; otherwise the function's.
    """

    def declare(run: Callable[..., Answer]) -> Action:
        return Action(
            name=name or run.__name__,
            risk=risk,
            answers=answers,
            description=inspect.getdoc(run) or "",
            arguments=_schema(run),
            run=run,
        )

    return declare


def _schema(run: Callable[..., Answer]) -> type[BaseModel]:
    hints = get_type_hints(run, include_extras=True)
    parameters = list(inspect.signature(run).parameters.values())[1:]  # the first is the system's client
    fields: dict[str, Any] = {
        p.name: (hints[p.name], ... if p.default is inspect.Parameter.empty else p.default)
        for p in parameters
    }
    return create_model(run.__name__, __config__=ConfigDict(extra="forbid", frozen=True), **fields)
