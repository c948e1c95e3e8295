"""What CloudWatch holds of a resource: its row's metrics, and what applications publish themselves."""

import re
from typing import Any

from workers.domain.telemetry import Resource, Signal
from workers.tools.rows import Metric, Service, custom_metrics


def measured(row: Service, resource: Resource) -> tuple[tuple[Signal, Metric], ...]:
    """The row's metrics with their dimensions filled in; unknown dimensions leave a metric out."""
    known = resource.attributes | {"name": resource.name}
    return tuple(
        (
            signal,
            metric.model_copy(update={"dimensions": {d: known[a] for d, a in metric.dimensions.items()}}),
        )
        for signal, metric in (row.signals | _behind(row, known)).items()
        if all(known.get(attribute) for attribute in metric.dimensions.values())
    )


def _behind(row: Service, known: dict[str, str]) -> dict[Signal, Metric]:
    return row.behind if known.get("target_group") else {}


def published(metric: dict[str, Any], known: frozenset[str]) -> tuple[str, Signal, Metric] | None:
    rules = custom_metrics()
    dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
    if metric["Namespace"].startswith("AWS/") or len(dimensions) != 1:
        return None
    (dimension, service), *_ = dimensions.items()
    if service not in known:
        return None
    for rule in rules.signals:
        named = (rule.dimension,) if rule.dimension else rules.dimensions
        if dimension in named and re.match(rule.match, metric["MetricName"], re.IGNORECASE):
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
