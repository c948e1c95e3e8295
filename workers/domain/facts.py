"""What is known before any hypothesis: said first, within seconds."""

from typing import Literal

from pydantic import AwareDatetime

from workers.domain.call import Gap
from workers.domain.telemetry import Change, Passage, Signal
from workers.domain.value import Value


class Deviation(Value):
    """A signal that left its baseline.

    `baseline` and `now` are in the series' unit; `score` is robust standard deviations (median and MAD,
    with a floor on the scale). `onset` is the first point beyond, `slack` its uncertainty in seconds.
    """

    service: str
    signal: Signal
    unit: str
    stat: str
    direction: Literal["up", "down"]
    baseline: float
    now: float
    peak: float
    score: float
    onset: AwareDatetime
    slack: int
    over: bool = False
    metric: str = ""
    source: str
    link: str = ""


class Affected(Value):
    """A service whose users notice, and how."""

    service: str
    deviations: tuple[Deviation, ...]


Trend = Literal["worsening", "steady", "healing", "over", "none", "unknown"]


class Facts(Value):
    """`affected` is worst first; empty means that nothing deviates, which is itself a finding.

    `unknown_service` holds a name that nobody knows; `nearest` then lists known names like it.
    """

    summary: str
    service: str = ""
    affected: tuple[Affected, ...] = ()
    since: AwareDatetime | None = None
    slack: int = 0
    trend: Trend = "unknown"
    changes: tuple[Change, ...] = ()
    mitigation: str = ""
    mitigation_limits: str = ""
    passages: tuple[Passage, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unknown_service: str = ""
    nearest: tuple[str, ...] = ()
