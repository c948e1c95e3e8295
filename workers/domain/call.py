"""A tool call and what came of it."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from workers.domain.telemetry import (
    Activity,
    Alarm,
    Change,
    Happening,
    LogPattern,
    Passage,
    Resource,
    Series,
    Topology,
)
from workers.domain.value import Value

PLACE = "place"
"""The argument that names the account and region a call is about, where there are several."""


class ToolCall(Value):
    """`name` is the action's; `why` is one sentence for people, and no part of the call's identity."""

    name: str
    arguments: dict[str, JsonValue]
    why: str = ""

    @property
    def canonical(self) -> str:
        """Equal calls give equal text: sorted keys, no spaces, no reason."""
        return json.dumps(
            {"name": self.name, "arguments": self.arguments},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()


class Tool(Value):
    """Something that can be asked, as it is offered to a model; `arguments` is the JSON schema of them."""

    name: str
    description: str
    arguments: dict[str, JsonValue]


class ToolUse(Value):
    """A tool that a model wants asked; `id` is the model's own, by which it knows the answer again."""

    id: str
    name: str
    arguments: dict[str, JsonValue]


class Thought(Value):
    """What a model thought before it asked: handed back unaltered. `sealed` where it is not for reading."""

    text: str = ""
    signature: str = ""
    sealed: str = ""


class SeriesData(Value):
    kind: Literal["series"] = "series"
    series: tuple[Series, ...] = ()


class LogData(Value):
    kind: Literal["logs"] = "logs"
    patterns: tuple[LogPattern, ...] = ()
    lines: int = 0


class ActivityData(Value):
    kind: Literal["activity"] = "activity"
    activity: tuple[Activity, ...] = ()


class ChangeData(Value):
    kind: Literal["changes"] = "changes"
    changes: tuple[Change, ...] = ()


class TopologyData(Value):
    kind: Literal["topology"] = "topology"
    topology: Topology = Topology()


class ResourceData(Value):
    kind: Literal["resources"] = "resources"
    resources: tuple[Resource, ...] = ()


class AlarmData(Value):
    kind: Literal["alarms"] = "alarms"
    alarms: tuple[Alarm, ...] = ()


class HappeningData(Value):
    kind: Literal["happenings"] = "happenings"
    happenings: tuple[Happening, ...] = ()


class PassageData(Value):
    kind: Literal["passages"] = "passages"
    passages: tuple[Passage, ...] = ()


class StateData(Value):
    """What a change returned, or the state read before one: plain facts, in the system's own words."""

    kind: Literal["state"] = "state"
    state: dict[str, JsonValue] = {}


ToolData = Annotated[
    SeriesData
    | LogData
    | ActivityData
    | ChangeData
    | TopologyData
    | ResourceData
    | AlarmData
    | HappeningData
    | PassageData
    | StateData,
    Field(discriminator="kind"),
]


class Failure(Value):
    """Why a call gave no answer. `permission` is set when somebody has to grant one."""

    kind: Literal["denied", "throttled", "timeout", "unreachable", "refused", "failed", "unknown_outcome"]
    message: str
    permission: str = ""
    mend: str = ""


class Gap(Value):
    """Something that could not be seen, and what would let us see it.

    `about` names the one resource it concerns; empty means that it concerns everything.
    """

    what: str
    about: str = ""
    why: str
    mend: str = ""
    permission: str = ""


class ToolResult(Value):
    """The answer to one call, or its failure: never both, and a failure is never an empty answer.

    `gaps` are the parts of a partly answered call. `seconds` is how long it took; `cost` is in calls
    to the system behind it, `metrics` in series fetched and `scanned` in bytes of logs looked through, since
    that is what its owner pays and limits.
    """

    data: ToolData | None = None
    failure: Failure | None = None
    gaps: tuple[Gap, ...] = ()
    truncated: bool = False
    cost: int = 1
    metrics: int = 0
    scanned: int = 0
    seconds: float = 0.0
    at: AwareDatetime
    source: str
    link: str = ""

    @property
    def ok(self) -> bool:
        return self.failure is None
