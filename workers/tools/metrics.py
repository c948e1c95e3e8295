"""What CloudWatch holds of a resource: its row's metrics, and what applications publish themselves."""

import re
from typing import Any

from workers.domain.telemetry import Resource, Signal
from workers.tools.rows import Metric, Service, custom_metrics

LITERAL = "="
"""How a dimension begins that stands for itself."""


def measured(row: Service, resource: Resource, region: str = "") -> tuple[tuple[Signal, Metric], ...]:
    """The row's metrics with their dimensions filled in; unknown dimensions leave a metric out."""
    place = {"id": resource.id, "account": resource.account, "region": region}
    known = place | {"name": resource.name} | resource.attributes
    own = ((Signal.OTHER, metric) for metric in row.own.values())
    pairs = (*(row.signals | _behind(row, known)).items(), *own)
    return tuple(
        (signal, metric.model_copy(update={"dimensions": filled}))
        for signal, metric in pairs
        if all(known.get(key, "").lower() == value for key, value in metric.only.items())
        and all((filled := _filled(metric, known)).values())
    )


def _filled(metric: Metric, known: dict[str, str]) -> dict[str, str]:
    return {
        name: of.removeprefix(LITERAL) if of.startswith(LITERAL) else known.get(of, "")
        for name, of in metric.dimensions.items()
    }


def _behind(row: Service, known: dict[str, str]) -> dict[Signal, Metric]:
    return row.behind if known.get("target_group") else {}


def published(metric: dict[str, Any], known: frozenset[str]) -> tuple[str, Signal, Metric] | None:
    rules = custom_metrics()
    dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
    if metric["Namespace"].startswith("AWS/"):
        return None
    for rule in rules.signals:
        named = (rule.dimension,) if rule.dimension else rules.dimensions
        dimension = next((name for name in named if {name, *rule.beside} == dimensions.keys()), "")
        service = dimensions.get(dimension, "")
        if service in known and re.match(rule.match, metric["MetricName"], re.IGNORECASE):
            return (
                service,
                rule.signal,
                Metric(
                    namespace=metric["Namespace"],
                    metric=metric["MetricName"],
                    stat=rule.stat,
                    unit=rule.unit,
                    scale=rule.scale,
                    sparse=rule.sparse,
                    dimensions=dimensions,
                ),
            )
    return None
