"""The catalogue of failure modes: rows of `failure_modes.yaml` as typed values.

A mode is a set of looks. `confirm` would be seen if the claim is true, `refute` only if it is false, and a
`lookalike` tells it from its double. How much each weighs stands in the row, not in code.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import Field, TypeAdapter

from workers.domain.telemetry import ChangeKind, ResourceKind, Signal
from workers.domain.value import Value

Weight = Literal["strong", "weak", "none"]
Of = Literal["self", "callees", "callers", "stores", "caches", "symptom", "queues", "visited", "entries"]


class Look(Value):
    """`weight` is what a yes is worth; `absent` what a plain no is worth against the claim."""

    weight: Weight = "weak"
    absent: Weight = "none"


class Shift(Look):
    """Did any of these signals leave its baseline in this direction, no later than the symptom did?

    With `stops`, the end of a series counts too: some systems send no point where there is nothing to count.
    With `early`, it may have begun any time before.
    """

    look: Literal["shift"]
    stops: bool = False
    early: bool = False
    of: Of = "self"
    signals: tuple[Signal, ...]
    direction: Literal["up", "down"] = "up"


class Calm(Look):
    """Did all of these signals that we can see stay at their baseline? With `idle`, or fall below it."""

    look: Literal["calm"]
    idle: bool = False
    of: Of = "self"
    signals: tuple[Signal, ...]


class Leads(Look):
    """Did the first signal move before the symptom did?"""

    look: Literal["leads"]
    of: Of = "self"
    signal: Signal
    direction: Literal["up", "down"] = "up"


class ChangeLook(Look):
    """When was the change that this claim blames, seen from the onset? `within` is minutes before it.

    With `unplaced`, a change counts too of which the record does not tell what it belongs to.
    """

    look: Literal["change"]
    unplaced: bool = False
    when: Literal["before", "after", "none"]
    kinds: tuple[ChangeKind, ...] = ("deployment", "configuration")
    within: int = 30


class Differs(Look):
    """What does the blamed revision differ in? Prefixes of `image`, `environment.NAME`, `secret.NAME`, …"""

    look: Literal["differs"]
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Logs(Look):
    """Is there a pattern that is new (or much more frequent) and says this?

    With `own`, lines that only report trouble with something the place calls do not count.
    """

    look: Literal["logs"]
    of: Of = "self"
    match: str = ""
    own: bool = False
    levels: tuple[str, ...] = ("error", "fatal", "warning", "unknown")
    newness: Literal["new", "more"] = "more"


class Happened(Look):
    """Did the platform itself report this?"""

    look: Literal["happened"]
    of: Of = "self"
    kind: str
    least: int = 1


class Shape(Look):
    """Has a signal the shape of a sawtooth, a steady climb or a full pool?"""

    look: Literal["shape"]
    of: Of = "self"
    signal: Signal
    shape: Literal["sawtooth", "climb", "plateau"]


class Callers(Look):
    """Are at least so many callers of the place in trouble?"""

    look: Literal["callers"]
    least: int = 2


class Called(Look):
    """Does anything of ours call the place, so that its load comes through there?"""

    look: Literal["called"]


class Explained(Look):
    """Is there something the place needs that was in trouble no later than the place itself?"""

    look: Literal["explained"]
    kinds: tuple[ResourceKind, ...] = ("service", "function", "external")


class Tasks(Look):
    """Run fewer tasks than desired, or none at all?"""

    look: Literal["tasks"]
    of: Of = "self"
    state: Literal["behind", "none"]


class AlarmEdited(Look):
    """Was the alarm that fired edited shortly before it did?"""

    look: Literal["alarm_edited"]


class Quiet(Look):
    """Is every user-facing signal at its baseline?"""

    look: Literal["quiet"]


class Troubled(Look):
    """Is the place itself in trouble, by any signal that means trouble there?"""

    look: Literal["troubled"]


class Healed(Look):
    """Did every excursion end by itself?"""

    look: Literal["healed"]


class OneZone(Look):
    """Do the errors come from one availability zone while the others serve on?"""

    look: Literal["one_zone"]
    of: Of = "self"


class SameHour(Look):
    """Did any of these signals leave its usual at the same hour of the day, or of the week, before?"""

    look: Literal["same_hour"]
    signals: tuple[Signal, ...]


class Silent(Look):
    """Did several series stop at the same moment, while others go on?"""

    look: Literal["silent"]


class Blamed(Look):
    """Does the change that this claim blames explain the symptom best, and better than that none did it?"""

    look: Literal["blamed"]


class Complained(Look):
    """Does telemetry complain of what that change altered?"""

    look: Literal["complained"]


AnyLook = Annotated[
    Shift
    | Calm
    | Leads
    | ChangeLook
    | Differs
    | Logs
    | Happened
    | Shape
    | Callers
    | Called
    | Explained
    | Tasks
    | AlarmEdited
    | Quiet
    | Troubled
    | Healed
    | Silent
    | SameHour
    | OneZone
    | Blamed
    | Complained,
    Field(discriminator="look"),
]


class Lookalike(Value):
    """If `look` says yes, the claim is really `mode` (a narrower or a different one)."""

    mode: str
    look: AnyLook


class Mode(Value):
    """One row. `statement` may use {where}, {revision}, {before} and {differences}.

    `trigger` names the kind of change it needs. A `generic` mode gives way to a narrower one further down, an
    `effect` to a change further up that can have brought it about.
    """

    id: str
    number: str
    title: str
    statement: str
    kinds: tuple[ResourceKind, ...]
    base: float = 0.2
    trigger: Literal["deployment", "commit", "alarm", ""] = ""
    incident: bool = True
    generic: bool = False
    effect: bool = False
    outcome: Literal["caused", "recovered_by_itself", "not_an_incident"] = "caused"
    confirm: tuple[AnyLook, ...]
    refute: tuple[AnyLook, ...]
    lookalikes: tuple[Lookalike, ...] = ()
    remedy: Literal["roll_back", "reserve", "scale_out", ""] = ""
    next_steps: tuple[str, ...] = ()
    words: str = ""


@cache
def modes() -> dict[str, Mode]:
    """All modes by id, in the order of the file."""
    text = (files("workers.agent") / "failure_modes.yaml").read_text(encoding="utf-8")
    rows = TypeAdapter(tuple[Mode, ...]).validate_python(yaml.safe_load(text))
    return {row.id: row for row in rows}
