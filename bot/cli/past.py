"""Eyes that see what could be seen at an earlier moment, and say so where that is not kept."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast

from pydantic import JsonValue, ValidationError

from workers.domain.call import (
    AlarmData,
    ChangeData,
    Failure,
    HappeningData,
    LogData,
    PassageData,
    StateData,
    ToolCall,
    ToolData,
    ToolResult,
    TopologyData,
)
from workers.domain.telemetry import Alarm, Resource
from workers.domain.window import Window
from workers.safety.gate import Gate

MINUTES_KEPT, FIVES_KEPT = timedelta(days=15), timedelta(days=63)
"""How long CloudWatch keeps points of one minute and of five; older ones are an hour each."""
FIVE = 300
TASKS_KEPT = timedelta(minutes=30)
"""ECS shows stopped tasks for an hour; those that matter stopped up to half an hour before the moment."""
TASKS_GONE = "ECS keeps stopped tasks for an hour: which stopped then, of any service, is not known any more"
TOLD_BY_TASKS = frozenset({"task_stopped", "out_of_memory", "placement_failed"})
TODAYS = frozenset({"running", "desired"})
"""What a listing says of this minute only."""


class Past(Gate):
    """A gate through which nothing after `at` can be seen.

    Windows are cut off at `at`; of lists that carry no window, what came later is taken out. `moves` are the
    known changes of alarms' states, newest first, by which their states at that moment are found.
    """

    def __init__(
        self, gate: Gate, at: datetime, moves: tuple[Alarm, ...], now: Callable[[], datetime]
    ) -> None:
        super().__init__((), now)
        self.at = at
        self._gate = gate
        self._moves = moves

    def spending(self, metrics: int, scanned: int) -> Self:
        held = copy.copy(self)
        held._gate = self._gate.spending(metrics, scanned)
        return held

    def run(self, call: ToolCall) -> ToolResult:
        """Ask as of then; never raises for what a system does."""
        arguments = {name: _cut(value, self.at) for name, value in call.arguments.items()}
        if any(value is None for name, value in arguments.items() if call.arguments[name] is not None):
            return self._unseen(call, "it begins after the moment that is looked at", kind="refused")
        if call.name == "series" and self._age(arguments) > MINUTES_KEPT:
            arguments["period"] = max(FIVE, cast("int", arguments.get("period", 0)))
        result = self._gate.run(call.model_copy(update={"arguments": arguments}))
        return self._as_of_then(call, result)

    def _age(self, arguments: Mapping[str, JsonValue]) -> timedelta:
        window = _window(arguments.get("window"))
        return self._now() - window.start if window else timedelta()

    def _as_of_then(self, call: ToolCall, result: ToolResult) -> ToolResult:
        data = result.data
        match data:
            case HappeningData() if self._now() - self.at > TASKS_KEPT and not _telling(data):
                return self._unseen(call, TASKS_GONE)
            case LogData(lines=0):
                return self._quiet(call, result)
            case None:
                return result
            case _:
                return result.model_copy(update={"data": self._then(data)})

    def _then(self, data: ToolData) -> ToolData:
        """The data without what came later."""
        at = self.at
        match data:
            case AlarmData():
                return AlarmData(alarms=tuple(map(self._alarm, data.alarms)))
            case ChangeData():
                return ChangeData(changes=tuple(c for c in data.changes if c.at <= at))
            case HappeningData():
                return HappeningData(happenings=tuple(h for h in data.happenings if h.at <= at))
            case TopologyData():
                resources = tuple(map(_timeless, data.topology.resources))
                return TopologyData(topology=data.topology.model_copy(update={"resources": resources}))
            case PassageData():
                days = (self._now() - at).days
                return PassageData(passages=tuple(p for p in data.passages if p.age_days >= days))
            case _:
                return data

    def _alarm(self, alarm: Alarm) -> Alarm:
        """An alarm in the state it had then."""
        if alarm.since <= self.at:
            return alarm
        then = next((m for m in self._moves if m.name == alarm.name and m.since <= self.at), None)
        if then is None:
            return alarm.model_copy(update={"state": "unknown", "since": self.at, "reason": ""})
        return alarm.model_copy(update={"state": then.state, "since": then.since, "reason": then.reason})

    def _quiet(self, call: ToolCall, result: ToolResult) -> ToolResult:
        """No lines at all: there were none, or they are not kept any more."""
        service, window = call.arguments.get("service"), _window(call.arguments.get("window"))
        asked = ToolCall(
            name="cloudwatch_log_retention",
            arguments={"service": service},
            why=f"for how long the log lines of {service} are kept",
        )
        kept = self._gate.run(asked)
        if not isinstance(kept.data, StateData):
            return kept
        days = cast("int", kept.data.state["days"])
        if days and window and self._now() - window.start > timedelta(days=days):
            return self._unseen(call, f"the log lines of {service} are kept for {days} days only")
        return result

    def _unseen(self, call: ToolCall, why: str, kind: Any = "failed") -> ToolResult:
        failure = Failure(kind=kind, message=why)
        return ToolResult(failure=failure, at=self._now(), source=call.name, cost=0)


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _cut(value: JsonValue, at: datetime) -> JsonValue:
    """A window that ends at `at` at the latest, `None` where nothing is left of it; others as they are."""
    window = _window(value)
    if window is None or window.end <= at:
        return value
    if window.start >= at:
        return None
    return Window(start=window.start, end=at).model_dump(mode="json")


def _window(value: JsonValue) -> Window | None:
    if not isinstance(value, dict) or not {"start", "end"} <= value.keys():
        return None
    try:
        return Window.model_validate(value)
    except ValidationError:
        return None


def _telling(data: HappeningData) -> bool:
    return any(happening.kind in TOLD_BY_TASKS for happening in data.happenings)


def _timeless(resource: Resource) -> Resource:
    kept = {name: value for name, value in resource.attributes.items() if name not in TODAYS}
    return resource.model_copy(update={"attributes": kept})
