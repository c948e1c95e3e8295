"""What a case is: what was asked for, what happens in it, and the truth about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from workers.sandbox.estate.beginning import Beginning, Change
from workers.sandbox.model.scene import Routine

QUIET = frozenset({"alarm_edited", "canary_only"})
"""Faults that do no harm."""


class Lag(BaseModel):
    """How many seconds late each kind of telemetry becomes visible."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    standard: float = 3.0
    custom: float = 3.0
    logs: float = 3.0
    trail: float = 3.0


class Wish(BaseModel):
    """What a caller of the control API asks for. `at` is when the case is built, now if it is not given.

    `drop` leaves series out, by name or as a share of all; `deny` takes actions from the worker. Without
    `topology` no environment tells where a service's dependencies are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    application: str = "shop"
    faults: list[str] = ["bad_deployment"]
    seed: int = Field(default=1, ge=0, lt=2**31)
    onset_minutes: float = Field(default=12, ge=3, le=150)
    decoys: bool = True
    lag: Lag | float = Lag()
    drop: list[str] | float = 0.0
    deny: list[str] = []
    topology: bool = True
    at: float | None = None

    @property
    def lags(self) -> Lag:
        """The lag by kind; a single number holds for all."""
        if isinstance(self.lag, Lag):
            return self.lag
        return Lag(standard=self.lag, custom=self.lag, logs=self.lag, trail=self.lag)


@dataclass(frozen=True)
class Truth:
    """Where the fault is, its class, and the task definition that brought it, as `family:revision`."""

    service: str
    mode: str
    revision: str | None = None


@dataclass(frozen=True)
class Trouble:
    """A fault as it was planned: the truth, what happens, and the alarm that tells if only one can."""

    truth: Truth
    changes: tuple[Change, ...]
    alarm: str | None = None
    routines: Mapping[str, Routine] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A generated case."""

    name: str
    wish: Wish
    beginning: Beginning
    truths: tuple[Truth, ...]
    alarms: frozenset[str] = frozenset()
    """The alarms that people are told about; empty means whichever fired."""

    @property
    def loud(self) -> bool:
        """Whether it does any harm that an alarm has to tell of."""
        return not QUIET.issuperset(self.wish.faults)


class Fault(BaseModel):
    """A row of faults.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    about: str
    fits: list[str]


@cache
def fault_table() -> tuple[Fault, ...]:
    """All classes of incident, in the order of the catalogue."""
    path = Path(__file__).parents[1] / "faults.yaml"
    return tuple(Fault.model_validate(row) for row in yaml.safe_load(path.read_text()))


def dice(*parts: int | str) -> np.random.Generator:
    """Random choices that depend on nothing but the parts."""
    return np.random.default_rng(
        [p if isinstance(p, int) else int.from_bytes(p.encode()[:6], "big") for p in parts]
    )
