"""An investigation that was made before, as systems that can be asked again: they answer as they did then."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from workers.domain.call import Failure, Gap, SeriesData, ToolCall, ToolResult
from workers.domain.event import Steered
from workers.domain.incident import Incident
from workers.domain.value import Value
from workers.safety.gate import Gate

UNKNOWN = "it was not recorded"


class Asked(Value):
    """One call, and the answer or the failure that it met."""

    call: ToolCall
    result: ToolResult


class Told(Value):
    """What a person said once so many calls had been answered."""

    after: int
    event: Steered


class Journal(Value):
    """What an investigation was begun with, when, and all that it learned from outside."""

    incident: Incident
    began: AwareDatetime
    told: tuple[Told, ...] = ()
    asked: tuple[Asked, ...] = ()


class Replay(Gate):
    """A gate that answers from a journal; a call that was never made then fails, and is not empty.

    Its clock stands at the latest answer that it gave.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__((), self.now)
        self._asked = journal.asked
        self._answers = {one.call.hash: one.result for one in reversed(journal.asked)}
        self._given = [journal.began]  # only ever added to: several threads ask

    def now(self) -> datetime:
        return max(self._given)

    def run(self, call: ToolCall) -> ToolResult:
        """The recorded answer; never raises."""
        result = self._answers.get(call.hash) or self._pieced(call)
        if result is None:
            failure = Failure(kind="failed", message=UNKNOWN)
            return ToolResult(failure=failure, at=self.now(), source=call.name, cost=0)
        self._given.append(result.at)
        return result

    def _pieced(self, call: ToolCall) -> ToolResult | None:
        """Series that were asked for in other company, over the same window; a gap for each that was not."""
        wanted = _targets(call)
        alike = [one for one in self._asked if one.result.ok and _frame(one.call) == _frame(call)]
        known = {target for one in alike for target in _targets(one.call)}
        if not wanted & known:
            return None
        told = [one.result.data.series for one in alike if isinstance(one.result.data, SeriesData)]
        found = {(s.service, str(s.signal)): s for some in told for s in some}
        places = {service for service, _ in wanted & known}
        gaps = dict.fromkeys(gap for one in alike for gap in one.result.gaps if gap.about in places)
        missing = (Gap(what=f"{s} of {name}", about=name, why=UNKNOWN) for name, s in sorted(wanted - known))
        some = tuple(found[key] for key in sorted(wanted & found.keys()))
        return alike[0].result.model_copy(
            update={"data": SeriesData(series=some), "gaps": (*gaps, *missing), "cost": 0}
        )


def _targets(call: ToolCall) -> set[tuple[str, str]]:
    """The series that a call asks for, as service and signal; none where it asks for something else."""
    targets: Any = call.arguments.get("targets") if call.name == "series" else None
    return {(target["service"], target["signal"]) for target in targets or ()}


def _frame(call: ToolCall) -> ToolCall:
    """The call without what it is about."""
    rest = {name: value for name, value in call.arguments.items() if name != "targets"}
    return ToolCall(name=call.name, arguments=rest)
