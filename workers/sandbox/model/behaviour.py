"""What one revision of a service does: its file's figures, changed by its environment and its code."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workers.sandbox.model.spec import Edge, Service


@dataclass(frozen=True)
class Code:
    """What an image does differently from the healthy one."""

    raises: float = 0.0
    """Share of the requests on `routes` that end in the exception."""
    exception: str = ""
    slower: float = 1.0
    """Factor on the service's own work, and on its CPU by `burns`."""
    burns: float = 1.0
    routes: frozenset[str] = frozenset()
    """The routes concerned; empty means all."""
    leak_kb: float = 0.0
    """Memory that every request leaves behind."""
    flaw: str = ""
    """Why its tasks never serve: they "exit" at once, or stay "unhealthy"; empty when they do."""


@dataclass(frozen=True)
class Behaviour:
    """The figures a group of identical tasks runs on."""

    service: Service
    workers: int
    edges: Mapping[str, Edge] = field(default_factory=dict)
    code: Code = Code()


def behave(service: Service, environment: Mapping[str, str], code: Code) -> Behaviour:
    """The behaviour of tasks started with this environment from an image with this code."""
    behaviour = Behaviour(service, service.workers, service.edges, code)
    for name, setting in service.settings.items():
        if setting.sets and name in environment:
            behaviour = _apply(behaviour, setting.sets, float(environment[name]))
    return behaviour


def _apply(behaviour: Behaviour, target: str, value: float) -> Behaviour:
    if target == "workers":
        return replace(behaviour, workers=max(1, int(value)))
    edge, _, figure = target.removeprefix("edges.").rpartition(".")
    changed = behaviour.edges[edge].model_copy(update={figure: value})
    return replace(behaviour, edges={**behaviour.edges, edge: changed})
