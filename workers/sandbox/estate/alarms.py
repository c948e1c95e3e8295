"""CloudWatch alarms: their configuration over time, and the states that follow from the telemetry."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from workers.sandbox.estate.names import arn
from workers.sandbox.estate.series import Dimensions
from workers.sandbox.estate.statistics import Points

EVALUATED_AFTER = 12.0
"""Seconds after the end of a period at which an alarm looks at it."""
COMPARISONS = {
    "GreaterThanThreshold": (np.greater, "greater than"),
    "GreaterThanOrEqualToThreshold": (np.greater_equal, "greater than or equal to"),
    "LessThanThreshold": (np.less, "less than"),
    "LessThanOrEqualToThreshold": (np.less_equal, "less than or equal to"),
}


@dataclass(frozen=True)
class AlarmConfig:
    """What PutMetricAlarm sets."""

    name: str
    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    threshold: float
    period: int = 60
    periods: int = 1
    points: int = 1
    comparison: str = "GreaterThanThreshold"
    missing: str = "notBreaching"
    description: str = ""
    actions: tuple[str, ...] = ()
    since: float = 0.0

    @property
    def arn(self) -> str:
        """The alarm's ARN."""
        return arn("cloudwatch", f"alarm:{self.name}")

    @property
    def key(self) -> tuple[str, str, Dimensions]:
        """The series it watches."""
        return self.namespace, self.metric, self.dimensions

    @property
    def told(self) -> bool:
        """Whether people hear of it; other alarms only inform a board."""
        return any(action.endswith("-alerts") for action in self.actions)

    def breaches(self, values: np.ndarray) -> np.ndarray:
        """Which values are on the wrong side of the threshold."""
        return COMPARISONS[self.comparison][0](values, self.threshold)


@dataclass(frozen=True)
class Transition:
    """A change of state, with the points that made it, newest first."""

    at: float
    state: str
    before: str
    points: tuple[tuple[float, float], ...]


Fetch = Callable[[AlarmConfig, float, float], Points]
"""The points of an alarm's metric in [start, end) by its period."""


@dataclass
class AlarmState:
    """One alarm: every configuration it had, oldest first."""

    versions: list[AlarmConfig]
    quiet_since: float
    history: list[tuple[float, AlarmConfig, AlarmConfig | None]] = field(default_factory=list)

    @property
    def config(self) -> AlarmConfig:
        """The configuration that holds now."""
        return self.versions[-1]

    def put(self, config: AlarmConfig, at: float) -> None:
        """Set a new configuration."""
        self.history.append((at, config, self.config))
        self.versions.append(replace(config, since=at))

    def transitions(self, fetch: Fetch, start: float, now: float) -> list[Transition]:
        """The changes of state in [start, now], oldest first, beginning with OK."""
        found: list[Transition] = []
        state = "OK"
        for version, until in zip(self.versions, [v.since for v in self.versions[1:]] + [now], strict=True):
            begin = max(start, version.since)
            if until <= begin:
                continue
            seen = _see(version, fetch, begin, until)
            for at, last, now_state in seen.states(begin) if seen else ():
                if now_state != state:
                    points = seen.points(last, now_state) if seen else ()
                    found.append(Transition(at, now_state, state, points))
                    state = now_state
        return found


@dataclass(frozen=True)
class _Seen:
    """What an alarm saw: its metric by period from `first` on, NaN where there was no point."""

    config: AlarmConfig
    first: float
    values: np.ndarray
    breaching: np.ndarray

    def states(self, start: float) -> Iterator[tuple[float, int, str]]:
        """The state at each evaluation from `start` on, with the index of the newest period."""
        depth, period = self.config.periods, self.config.period
        counts = np.convolve(self.breaching, np.ones(depth, int), "valid")
        for index, count in enumerate(counts):
            last = index + depth - 1
            at = self.first + (last + 1) * period + EVALUATED_AFTER
            if at >= start:
                yield at, last, "ALARM" if count >= self.config.points else "OK"

    def points(self, last: int, state: str) -> tuple[tuple[float, float], ...]:
        """The points that made a state, newest first: those that breach, or all when it is calm."""
        places = range(last, last - self.config.periods, -1)
        usable = self.breaching if state == "ALARM" else np.ones(len(self.values), bool)
        return tuple(
            (self.first + n * self.config.period, float(self.values[n]))
            for n in places
            if usable[n] and not np.isnan(self.values[n])
        )


def _see(config: AlarmConfig, fetch: Fetch, start: float, until: float) -> _Seen | None:
    """The periods that evaluations between `start` and `until` look at; None when there is no evaluation."""
    period, depth = config.period, config.periods
    first = (start - EVALUATED_AFTER) // period * period - (depth - 1) * period
    ends = np.arange(first, until - EVALUATED_AFTER + 1e-6, period)
    if len(ends) <= depth:
        return None
    found = fetch(config, first, ends[-1])
    values = np.full(len(ends) - 1, np.nan)
    places = ((found.times - first) / period).astype(int)
    inside = (places >= 0) & (places < len(values))
    values[places[inside]] = found.value(config.statistic)[inside]
    breaching = config.breaches(values) & ~np.isnan(values)
    if config.missing == "breaching":
        breaching |= np.isnan(values)
    return _Seen(config, first, values, breaching)


def reason(config: AlarmConfig, change: Transition) -> str:
    """Why the state changed, in CloudWatch's words."""
    words = COMPARISONS[config.comparison][1]
    count = len(change.points)
    if not count:
        return f"Threshold Crossed: no datapoints were received for {config.periods} periods."
    listed = ", ".join(f"{value!r} ({_day(at)})" for at, value in change.points)
    verb = "was" if count == 1 else "were"
    negation = "" if change.state == "ALARM" else "not "
    plural = "datapoint" if config.points == 1 else "datapoints"
    text = (
        f"Threshold Crossed: {count} out of the last {config.periods} datapoints [{listed}] {verb} {negation}"
        f"{words} the threshold ({config.threshold!r})"
    )
    if change.state == "ALARM":
        return f"{text} (minimum {config.points} {plural} for OK -> ALARM transition)."
    needed = config.periods - config.points + 1
    return f"{text} (minimum {needed} datapoint{'s' * (needed != 1)} for ALARM -> OK transition)."


def reason_data(config: AlarmConfig, change: Transition) -> str:
    """StateReasonData: the same as JSON."""
    points = [{"timestamp": _stamp(at), "sampleCount": 1.0, "value": value} for at, value in change.points]
    found = {
        "version": "1.0",
        "queryDate": _stamp(change.at),
        "startDate": _stamp(change.points[-1][0]) if points else None,
        "statistic": config.statistic,
        "period": config.period,
        "recentDatapoints": [value for _, value in reversed(change.points)],
        "threshold": config.threshold,
        "evaluatedDatapoints": points,
    }
    return json.dumps(found)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d/%m/%y %H:%M:%S")


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
