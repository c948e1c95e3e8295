"""Holding questions and answers to what somebody may ask about.

A call that names anything else is refused before a system hears of it; of an answer about everything only
their part is left, and a gap says that there was more.
"""

from collections.abc import Callable, Iterator
from typing import Any

from workers.domain.call import (
    ActivityData,
    AlarmData,
    ChangeData,
    Gap,
    HappeningData,
    LogData,
    PassageData,
    ResourceData,
    SeriesData,
    StateData,
    ToolCall,
    ToolData,
    TopologyData,
)
from workers.domain.telemetry import Edge, Passage, Resource, Topology
from workers.safety.access import Scope

PLACES = ("service", "group", "function", "instance", "database", "table", "cache")
"""The arguments that name what a call is about, beside `targets`; `arguments` are those of a change."""
REVISIONS = ("after", "before")
WHY = "it is outside what may be asked about here (access.scopes)"
MEND = "Ask somebody whose scope is wider."


class View:
    """What somebody with a scope sees of a topology: what is in it, and the outside world that it needs."""

    def __init__(self, scope: Scope, everything: Topology) -> None:
        own = {r.name for r in everything.resources if scope.holds(r)}
        needed = {edge.callee for edge in everything.edges if edge.caller in own}
        foreign = {r.name for r in everything.resources if r.kind == "external"}
        self._scope, self._everything = scope, everything
        self.names = frozenset(own | (needed & foreign))

    def sees(self, name: str) -> bool:
        return name in self.names

    def hides(self, text: str) -> tuple[str, ...]:
        """What a text is about that may not be asked about; nothing where it names anything that may."""
        spoken = text.lower()
        named = [r.name for r in self._everything.resources if _said(r.name.lower(), spoken)]
        return () if any(map(self.sees, named)) else tuple(named)

    def refusal(self, call: ToolCall, answers: str) -> str:
        """Why a call may not be made, naming what it is about; empty when it may."""
        call = _opened(call)
        named = tuple(_named(call))
        for name in named:
            if not self.sees(name):
                return f"{name} may not be asked about here"
        if not named:
            # What is about everything is cut down to what may be seen; a state cannot be.
            return f"{call.name} names nothing that may be asked about here" if answers == "state" else ""
        for name in named:
            if (strange := _strange(call, self._everything.find(name))) is not None:
                return f"{strange} is not of {name}"
        return ""

    def narrowed(self, data: ToolData) -> tuple[ToolData, tuple[Gap, ...]]:
        """What may be seen of an answer, and a gap where there was more."""
        kept = data if isinstance(data, StateData) else _NARROWED[type(data)](self, data)
        beyond = () if kept == data else (Gap(what="what is outside your scope", why=WHY, mend=MEND),)
        needs = tuple(self._needs(data.topology)) if isinstance(data, TopologyData) else ()
        return kept, (*beyond, *needs)

    def _needs(self, everything: Topology) -> Iterator[Gap]:
        """What somebody's own things need and they may not look at: a cause may be there."""
        for edge in everything.edges:
            if self.sees(edge.caller) and not self.sees(edge.callee):
                what = f"{edge.callee}, which {edge.caller} needs"
                yield Gap(what=what, about=edge.caller, why=f"{edge.callee}: {WHY}", mend=MEND)

    def resources(self, found: tuple[Resource, ...]) -> tuple[Resource, ...]:
        return tuple(r for r in found if self.sees(r.name) or self._scope.holds(r))

    def edges(self, found: tuple[Edge, ...]) -> tuple[Edge, ...]:
        return tuple(e for e in found if self.sees(e.caller) and self.sees(e.callee))

    def passages(self, found: tuple[Passage, ...]) -> tuple[Passage, ...]:
        """Documents about something of theirs, and those that are about nothing by name."""
        return tuple(p for p in found if not p.services or any(map(self.sees, p.services)))


def _opened(call: ToolCall) -> ToolCall:
    """A question about a change names what the change does."""
    inner = call.arguments.get("arguments")
    return (
        call.model_copy(update={"arguments": {**call.arguments, **inner}})
        if isinstance(inner, dict)
        else call
    )


def _named(call: ToolCall) -> Iterator[str]:
    given = call.arguments
    for key in PLACES:
        if key in given:
            yield str(given[key])
    # A search that is told some services still answers from all documents, so those are not what it names.
    targets = given.get("targets")
    for target in targets if isinstance(targets, list) else []:
        yield str(target.get("service", "")) if isinstance(target, dict) else ""


def _strange(call: ToolCall, resource: Resource | None) -> str | None:
    """An argument that names somebody else's thing beside a resource: its cluster, or a revision."""
    own = resource.attributes if resource else {}
    cluster = call.arguments.get("cluster")
    if cluster is not None and cluster != own.get("cluster"):
        return f"the cluster {cluster}"
    families = {own.get("task_definition", "").rpartition(":")[0], own.get("launch_template")}
    families.add(resource.name if resource and resource.kind == "function" else None)
    for key in REVISIONS:
        revision = call.arguments.get(key)
        if isinstance(revision, str) and revision and revision.rpartition(":")[0] not in families - {""}:
            return f"revision {revision}"
    return None


def _said(name: str, text: str) -> bool:
    """Whether a name stands in a text as a word of its own."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        around = text[start - 1 : start] + text[end : end + 1]
        if not any(c.isalnum() or c in "_-" for c in around):
            return True
        start = text.find(name, start + 1)
    return False


def _of_service(field: str) -> Callable[[View, Any], Any]:
    """Keeps those entries of a field whose service is seen."""

    def narrow(view: View, data: Any) -> Any:
        kept = tuple(entry for entry in getattr(data, field) if view.sees(entry.service))
        return data.model_copy(update={field: kept})

    return narrow


def _topology(view: View, data: TopologyData) -> TopologyData:
    found = data.topology
    return TopologyData(
        topology=Topology(resources=view.resources(found.resources), edges=view.edges(found.edges))
    )


_NARROWED: dict[type[Any], Callable[[View, Any], Any]] = {
    SeriesData: _of_service("series"),
    LogData: _of_service("patterns"),
    ActivityData: _of_service("activity"),
    ChangeData: _of_service("changes"),
    AlarmData: _of_service("alarms"),
    HappeningData: _of_service("happenings"),
    TopologyData: _topology,
    ResourceData: lambda view, data: data.model_copy(update={"resources": view.resources(data.resources)}),
    PassageData: lambda view, data: data.model_copy(update={"passages": view.passages(data.passages)}),
}
