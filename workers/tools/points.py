"""Points of metrics, read from CloudWatch in batches, and made series on a regular grid."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from workers.domain.call import Gap
from workers.domain.telemetry import Series, Signal
from workers.domain.window import Window
from workers.tools.action import Target
from workers.tools.inventory import Account
from workers.tools.rows import Metric

# GetMetricData takes 500 queries a call and returns at most 100,800 points.
BATCH = 500

# How many seconds late points usually are: AWS's own metrics, and those that applications push.
LAG_AWS, LAG_CUSTOM = 90, 20


class Meter(Target):
    """A metric that may be no common signal: `metric` is its own system's name for it then."""

    metric: str = ""


Wanted = Mapping[Target, Metric]
Points = dict[Target, dict[datetime, float]]


def regular(window: Window, period: int) -> Window:
    """The whole periods of the window: a period that is not over yet would look like a fall."""
    start = int(window.start.timestamp()) // period * period
    end = max(int(window.end.timestamp()) // period * period, start + period)
    return Window(start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(end, UTC))


def read(account: Account, wanted: Wanted, grid: Window, period: int) -> tuple[Points, list[Gap]]:
    """The points, and which series CloudWatch could not read: that is no silence of theirs."""
    direct = [(target, metric) for target, metric in wanted.items() if metric.ratio is None]
    points: Points = {target: {} for target, _ in direct}
    added = [(t, m.model_copy(update={"metric": name})) for t, m in direct for name in m.plus]
    direct, failed = [*direct, *added], dict[Target, Gap]()
    for first in range(0, len(direct), BATCH):
        batch = {f"m{index}": pair for index, pair in enumerate(direct[first : first + BATCH])}
        results = account.aws.pages(
            "cloudwatch",
            "get_metric_data",
            "MetricDataResults",
            limit=1_000_000,
            MetricDataQueries=[_query(key, metric, period) for key, (_, metric) in batch.items()],
            StartTime=grid.start,
            EndTime=grid.end,
            ScanBy="TimestampAscending",
        )
        for result in results:
            target, metric = batch[result["Id"]]
            known = points[target]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                known[at] = known.get(at, 0.0) + value * metric.scale
            if result.get("StatusCode") in ("InternalError", "Forbidden"):
                failed[target] = gap(target, f"CloudWatch answered {result['StatusCode']}")
    return points, list(failed.values())


def gap(target: Target, why: str) -> Gap:
    """What is not known of one metric."""
    return Gap(what=f"{target.signal} of {target.service}", about=target.service, why=why)


def _query(key: str, metric: Metric, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
    name = {"Namespace": metric.namespace, "MetricName": metric.metric, "Dimensions": dimensions}
    return {
        "Id": key,
        "MetricStat": {"Metric": name, "Period": period, "Stat": metric.stat},
        "ReturnData": True,
    }


def series(
    target: Target, metric: Metric, points: Points, grid: Window, period: int, account: Account
) -> Series:
    """What was read of a metric, and where AWS sends no zeros the zeros, too."""
    times = [grid.start + timedelta(seconds=s) for s in range(0, int(grid.seconds), period)]
    if metric.ratio is not None:
        first, second = (points.get(_beside(target, s), {}) for s in metric.ratio)
        values = tuple(_share(first.get(t), second.get(t)) for t in times)
        source = f"cloudwatch:{metric.ratio[0]}/({metric.ratio[0]}+{metric.ratio[1]})"
    else:
        own = points[target]
        beside = points.get(_beside(target, metric.sparse), {}) if metric.sparse else {}
        values = tuple(own.get(t, 0.0 if t in beside else None) for t in times)
        source = f"cloudwatch:{metric.namespace} {metric.metric}"
    return Series(
        service=target.service,
        signal=target.signal,
        unit=metric.unit,
        stat=metric.stat.lower(),
        window=grid,
        period=period,
        values=values,
        source=source,
        link=_link(account.aws.region, metric),
        lag=LAG_AWS if metric.namespace.startswith("AWS/") else LAG_CUSTOM,
        metric=metric.metric if target.signal is Signal.OTHER else "",
        healthy=metric.healthy,
    )


def _beside(target: Target, signal: Signal) -> Target:
    """Another signal of the same thing."""
    return type(target)(service=target.service, signal=signal)


def _share(hits: float | None, misses: float | None) -> float | None:
    if hits is None or misses is None or hits + misses == 0:
        return None
    return hits / (hits + misses)


def _link(region: str, metric: Metric) -> str:
    if not metric.namespace:
        return ""
    search = quote(" ".join((metric.namespace, metric.metric, *metric.dimensions.values())))
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#metricsV2?query={search}"
