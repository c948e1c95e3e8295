"""How much a database has to do for whom while all is well: what faults of databases are measured by."""

import math

from workers.sandbox.model.spec import Service
from workers.sandbox.scenario.stage import Stage


def ceiling(stage: Stage, database: str) -> float:
    """The plain statements a second that a database can do."""
    spec = stage.base.application.databases[database]
    return spec.vcpus / (spec.cpu_ms / 1000)


def statements(stage: Stage, service: str, database: str) -> float:
    """What a service asks of a database a second, in plain statements; cache misses count."""
    spec = stage.base.application.services[service]
    asked = _calls(spec, database)
    for name, edge in spec.edges.items():
        if edge.on_miss == database and edge.hits is not None:
            asked += _calls(spec, name) * (1 - edge.hits)
    return stage.rate(service) * asked * spec.edges[database].cost


def connections(stage: Stage, service: str, database: str) -> float:
    """The share of a service's pool that is in use on average."""
    spec, store = stage.base.application.services[service], stage.base.application.databases[database]
    each = store.query_ms / 1000 * math.exp(store.spread**2 / 2)
    return statements(stage, service, database) * each / (spec.tasks * int(spec.edges[database].pool or 1))


def _calls(spec: Service, part: str) -> float:
    """Calls to a part for each request."""
    return sum(r.share * r.calls.get(part, 0) for r in spec.routes) / sum(r.share for r in spec.routes)
