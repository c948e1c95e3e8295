"""The only way to a tool: known actions, valid arguments, bounded windows, reads only; answers redacted.

A failure comes back as a result, so that whoever asked sees that the question failed; a change raises
`ApprovalRequired`, because only the executor makes one.
"""

import copy
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import ValidationError

from workers.domain.call import Failure, Gap, Tool, ToolCall, ToolData, ToolResult, TopologyData
from workers.domain.errors import (
    AccessDenied,
    ApprovalRequired,
    Refused,
    RunbookError,
    ToolFailed,
    Unreachable,
)
from workers.domain.risk import Risk
from workers.domain.telemetry import Topology
from workers.domain.window import Window
from workers.safety.access import Scope
from workers.safety.redact import clean, plain
from workers.safety.scope import MEND, View
from workers.tools.action import Action, Toolset
from workers.tools.metering import Allowance, Counted

# The longest window of each kind of telemetry that one question may ask for.
LONGEST = {
    "series": timedelta(days=15),
    "logs": timedelta(hours=6),
    "activity": timedelta(hours=6),
    "happenings": timedelta(hours=12),
}
TOPOLOGY = "topology"
"""The action that says what is there."""
YEARS = 1900, 2999
"""Beyond these, clients of systems break in ways of their own; recorded times may begin at the epoch."""


class Gate:
    """Holds each toolset with its client. Safe to call from several threads."""

    def __init__(self, toolsets: Iterable[tuple[Toolset, Any]], now: Callable[[], datetime]) -> None:
        self._actions = {a.name: (a, client) for toolset, client in toolsets for a in toolset.actions}
        self._now = now
        self._scope: Scope | None = None
        self._allowance: Allowance | None = None

    def within(self, scope: Scope | None) -> Self:
        """The same gate for somebody who may not ask about everything; `None` is everything."""
        held = copy.copy(self)
        held._scope = scope
        return held

    def spending(self, metrics: int, scanned: int) -> Self:
        """The same gate for one investigation, which may use so many series and bytes of logs."""
        held = copy.copy(self)
        held._allowance = Allowance(metrics, scanned)
        return held

    def hidden(self, text: str) -> tuple[str, ...]:
        """What a text names that may not be asked about; raises what the system raises that knows of it."""
        return self._view(self._scope).hides(text) if self._scope is not None else ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What can be asked, as it is offered to a model: only what reads."""
        reads = (action for action, _ in self._actions.values() if action.risk is Risk.READ)
        return tuple(
            Tool(name=a.name, description=a.description, arguments=a.arguments.model_json_schema())
            for a in reads
        )

    def run(self, call: ToolCall) -> ToolResult:
        """Ask; never raises for what a system does. Raises `ApprovalRequired` for a change."""
        started, counted = time.monotonic(), Counted(self._allowance)
        try:
            action, client = self._known(call)
            arguments = _checked(action, call)
            view = self._view(self._scope) if self._scope is not None else None
            if view is not None and (why := view.refusal(call, action.answers)):
                raise Refused(why, MEND)
            with counted:
                answer = action.run(client, **arguments)
            data, beyond = view.narrowed(answer.data) if view is not None else (answer.data, ())
        except ApprovalRequired:
            raise
        except RunbookError as error:
            return ToolResult(
                failure=_failure(error),
                metrics=counted.metrics,
                scanned=counted.scanned,
                seconds=round(time.monotonic() - started, 3),
                at=self._now(),
                source=call.name,
            )
        return ToolResult(
            data=clean(data),
            gaps=tuple(_clean_gap(gap) for gap in (*answer.gaps, *beyond)),
            truncated=answer.truncated,
            cost=answer.cost,
            metrics=counted.metrics,
            scanned=counted.scanned,
            seconds=round(time.monotonic() - started, 3),
            at=self._now(),
            source=plain(answer.source),
            link=answer.link,
        )

    def _view(self, scope: Scope) -> View:
        """What is there, as its system says now: names in a call are looked up, never believed."""
        known = self._actions.get(TOPOLOGY)
        data: ToolData | None = known[0].run(known[1]).data if known else None
        return View(scope, data.topology if isinstance(data, TopologyData) else Topology())

    def _known(self, call: ToolCall) -> tuple[Action, Any]:
        if call.name not in self._actions:
            raise Refused(
                f"there is no tool {call.name!r}", f"There are: {', '.join(sorted(self._actions))}."
            )
        action, client = self._actions[call.name]
        if action.risk is not Risk.READ:
            raise ApprovalRequired(f"{call.name} changes something", "Ask for an approval.")
        return action, client


def _checked(action: Action, call: ToolCall) -> dict[str, Any]:
    try:
        arguments = action.arguments.model_validate(call.arguments)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Refused(f"{call.name} cannot be asked like that: {wrong}", action.description) from error
    given = {name: getattr(arguments, name) for name in type(arguments).model_fields}
    for value in given.values():
        _bounded(action, value)
    return given


def _bounded(action: Action, value: Any) -> None:
    if isinstance(value, Window) and not YEARS[0] <= value.start.year <= value.end.year <= YEARS[1]:
        raise Refused(
            f"{action.name} knows nothing of the year {value.start.year}", "Ask about days gone by."
        )
    longest = LONGEST.get(action.answers)
    if isinstance(value, Window) and longest and timedelta(seconds=value.seconds) > longest:
        hours = longest.total_seconds() / 3600
        raise Refused(
            f"{action.name} over {value.seconds / 3600:.0f} hours is too broad to tell a cause",
            f"Ask for at most {hours:.0f} hours around the onset.",
        )


def _failure(error: RunbookError) -> Failure:
    message, mend = plain(str(error)), plain(error.mend)
    match error:
        case AccessDenied():
            return Failure(kind="denied", message=message, permission=error.permission, mend=mend)
        case ToolFailed() if error.throttled:
            return Failure(kind="throttled", message=message, mend=mend)
        case Unreachable():
            return Failure(kind="unreachable", message=message, mend=mend)
        case Refused():
            return Failure(kind="refused", message=message, mend=mend)
        case _:
            return Failure(kind="failed", message=message, mend=mend)


def _clean_gap(gap: Gap) -> Gap:
    told = {"what": gap.what, "about": gap.about, "why": gap.why, "mend": gap.mend}
    return gap.model_copy(update={field: plain(text) for field, text in told.items()})
