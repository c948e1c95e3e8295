"""How much a database has to do for whom while all is well: what faults of databases are measured by."""

import math

from workers.sandbox.model.spec import Application, Route, Service
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


def answering(application: Application, part: str, route: Route | None = None) -> float:
    """Seconds that a call to a part takes on average while all is well, waiting for others included."""
    kind = application.kind(part)
    if kind == "database":
        return application.databases[part].query_ms / 1000 * _mean(application.databases[part].spread)
    if kind == "cache":
        return application.caches[part].get_ms / 1000
    if kind == "external":
        return application.externals[part].answer_ms / 1000 * _mean(application.externals[part].spread)
    if kind == "queue":
        return 0.01
    spec = application.services[part]
    routes = [route] if route else spec.routes
    total, found = sum(r.share for r in routes), spec.own_ms / 1000 * _mean(spec.spread)
    for each in routes:
        for name, count in each.calls.items():
            edge = spec.edges[name]
            missed = 1 - (edge.hits or 1.0)
            behind = answering(application, edge.on_miss) * missed if edge.on_miss else 0.0
            found += each.share / total * count * (answering(application, name) * edge.cost + behind)
    return found


def _mean(spread: float) -> float:
    return math.exp(spread**2 / 2)


def _calls(spec: Service, part: str) -> float:
    """Calls to a part for each request."""
    return sum(r.share * r.calls.get(part, 0) for r in spec.routes) / sum(r.share for r in spec.routes)
