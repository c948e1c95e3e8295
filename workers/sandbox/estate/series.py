"""The metrics of an application: their names and dimensions, and how rows become samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.sandbox.estate.names import Names
from workers.sandbox.model.spec import Application
from workers.sandbox.model.table import Table

Values = NDArray[np.float64]
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Samples:
    """What was measured in each row: sum, number of samples, least, most, and perhaps a histogram."""

    total: Values
    count: Values
    least: Values
    most: Values
    histogram: np.ndarray | None = None


Fields = Callable[[str], Values]
"""Gives a part's column by field name, zeros when there is none."""
Measure = Callable[[Fields], Samples]


@dataclass(frozen=True)
class Series:
    """One metric of one resource."""

    namespace: str
    name: str
    dimensions: Dimensions
    part: str
    unit: str
    measure: Measure
    resolution: int = 60

    def read(self, table: Table, where: slice) -> tuple[Values, Samples]:
        """The samples in these rows of a table, with the rows' times. Rows without a sample are left out."""
        times = table.times[where]

        def field(name: str) -> Values:
            values = table.column((self.part, name))
            return np.zeros(len(times)) if values is None else values[where]

        found = self.measure(field)
        kept = found.count > 0
        if kept.all():
            return times, found
        histogram = None if found.histogram is None else found.histogram[kept]
        return times[kept], Samples(
            found.total[kept], found.count[kept], found.least[kept], found.most[kept], histogram
        )


# ---- how columns become samples ----


def counted(column: str) -> Measure:
    """One sample of value one for each occurrence; nothing at all where nothing occurred."""

    def measure(field: Fields) -> Samples:
        n = field(column)
        one = np.ones(len(n))
        return Samples(n, n, one, one)

    return measure


def totalled(*columns: str) -> Measure:
    """One sample a row that holds the row's count, zero included."""

    def measure(field: Fields) -> Samples:
        n = sum((field(column) for column in columns), np.zeros(1))
        return Samples(n, np.ones(len(n)), n, n)

    return measure


def gauge(compute: Callable[[Fields], Values] | str) -> Measure:
    """One sample a row."""

    def measure(field: Fields) -> Samples:
        value = field(compute) if isinstance(compute, str) else compute(field)
        return Samples(value, np.ones(len(value)), value, value)

    return measure


def per_task(name: str) -> Measure:
    """One sample of each running task: average, least and most are columns of their own."""

    def measure(field: Fields) -> Samples:
        tasks = np.ceil(field("tasks") - 1e-6)
        return Samples(field(name) * tasks, tasks, field(f"{name}_least"), field(f"{name}_most"))

    return measure


def timed(scale: float = 1.0) -> Measure:
    """One sample of each request, in seconds times `scale`."""

    def measure(field: Fields) -> Samples:
        histogram = field("latency")
        if histogram.ndim == 1:
            none = np.zeros(len(histogram))
            return Samples(none, none, none, none)
        histogram = histogram.astype(np.float32, copy=False)
        count = histogram.sum(axis=1, dtype=np.float64)
        return Samples(
            field("seconds") * scale, count, field("shortest") * scale, field("longest") * scale, histogram
        )

    return measure


# ---- which metrics there are ----


@dataclass(frozen=True)
class Metric:
    """A row of the catalogue below: a metric that every part of one kind has."""

    name: str
    unit: str
    measure: Measure


BALANCED = (
    Metric("RequestCount", "Count", counted("requests")),
    Metric("TargetResponseTime", "Seconds", timed()),
    Metric("HTTPCode_Target_2XX_Count", "Count", counted("answered")),
    Metric("HTTPCode_Target_4XX_Count", "Count", counted("denied")),
    Metric("HTTPCode_Target_5XX_Count", "Count", counted("failed")),
    Metric("HealthyHostCount", "Count", gauge(lambda f: np.floor(f("tasks") + 0.5))),
    Metric("UnHealthyHostCount", "Count", gauge(lambda f: np.zeros(len(f("tasks"))))),
)
TASKS = (
    Metric("CPUUtilization", "Percent", per_task("cpu")),
    Metric("MemoryUtilization", "Percent", per_task("memory")),
)
CACHE = (
    Metric("CPUUtilization", "Percent", gauge(lambda f: f("cpu") / 2 + 1.4)),
    Metric("EngineCPUUtilization", "Percent", gauge("cpu")),
    Metric("CacheHits", "Count", totalled("hits")),
    Metric("CacheMisses", "Count", totalled("misses")),
    Metric("CurrConnections", "Count", gauge(lambda f: np.round(f("connections")))),
    Metric("Evictions", "Count", totalled("evictions")),
    Metric("DatabaseMemoryUsagePercentage", "Percent", gauge("memory")),
)
QUEUE = (
    Metric("ApproximateNumberOfMessagesVisible", "Count", gauge(lambda f: np.round(f("visible")))),
    Metric("ApproximateAgeOfOldestMessage", "Seconds", gauge(lambda f: np.floor(f("age")))),
    Metric("NumberOfMessagesSent", "Count", totalled("sent")),
    Metric("NumberOfMessagesReceived", "Count", totalled("received")),
    Metric("NumberOfMessagesDeleted", "Count", totalled("deleted")),
)
LAMBDA = (
    Metric("Invocations", "Count", totalled("requests")),
    Metric("Errors", "Count", totalled("failed")),
    Metric("Duration", "Milliseconds", timed(1000.0)),
    Metric("Throttles", "Count", totalled("throttled")),
    Metric("ConcurrentExecutions", "Count", gauge(lambda f: np.ceil(f("in_flight")))),
)
CUSTOM = (
    Metric("Requests", "Count", totalled("requests")),
    Metric("Errors", "Count", totalled("failed", "refused")),
    Metric("Latency", "Seconds", timed()),
)


def database_metrics(
    memory_gb: float, storage_gb: float, used_gb: float, write_share: float
) -> tuple[Metric, ...]:
    """What RDS publishes about a PostgreSQL instance of this size."""
    memory, free = memory_gb * 2**30, (storage_gb - used_gb) * 2**30

    def reads(f: Fields) -> Values:
        return f("work") * (1 - write_share) * 0.42 + 3

    def writes(f: Fields) -> Values:
        return f("work") * write_share * 2.1 + 9

    def slower(f: Fields) -> Values:
        return 1 + (f("cpu") / 100) ** 4 * 4

    return (
        Metric("CPUUtilization", "Percent", gauge("cpu")),
        Metric("DatabaseConnections", "Count", gauge(lambda f: np.round(f("connections") + 3))),
        Metric("FreeableMemory", "Bytes", gauge(lambda f: memory * 0.41 - f("connections") * 6.5e6)),
        Metric("ReadIOPS", "Count/Second", gauge(reads)),
        Metric("WriteIOPS", "Count/Second", gauge(writes)),
        Metric("ReadLatency", "Seconds", gauge(lambda f: 0.00055 * slower(f))),
        Metric("WriteLatency", "Seconds", gauge(lambda f: 0.00125 * slower(f))),
        Metric(
            "DiskQueueDepth", "Count", gauge(lambda f: (reads(f) * 0.00055 + writes(f) * 0.00125) * slower(f))
        ),
        Metric("FreeStorageSpace", "Bytes", gauge(lambda f: np.full(len(f("cpu")), free))),
        Metric("ReadThroughput", "Bytes/Second", gauge(lambda f: reads(f) * 16384)),
        Metric("WriteThroughput", "Bytes/Second", gauge(lambda f: writes(f) * 11500)),
        Metric("SwapUsage", "Bytes", gauge(lambda f: np.full(len(f("cpu")), 6.3e6))),
    )


def catalogue(application: Application) -> list[Series]:
    """Every series of an application."""
    names, found = Names(application.name), list[Series]()

    def add(namespace: str, part: str, metrics: tuple[Metric, ...], *dimensions: Mapping[str, str]) -> None:
        resolution = 10 if namespace == application.namespace else 60
        for each in dimensions:
            pairs = tuple(sorted(each.items()))
            found.extend(
                Series(namespace, m.name, pairs, part, m.unit, m.measure, resolution) for m in metrics
            )

    for name, service in application.services.items():
        add(application.namespace, name, CUSTOM, {"Service": name})
        if service.runs_on == "lambda":
            add("AWS/Lambda", name, LAMBDA, {"FunctionName": name})
            continue
        add("AWS/ECS", name, TASKS, {"ClusterName": application.name, "ServiceName": name})
        if not service.consumes:
            balancer = names.balancer_id(service.public)
            target = {"TargetGroup": names.target_group_id(name), "LoadBalancer": balancer}
            add("AWS/ApplicationELB", name, BALANCED, target)
    for public in (True, False):
        part = f"balancer {names.balancer(public)}"
        add("AWS/ApplicationELB", part, WHOLE, {"LoadBalancer": names.balancer_id(public)})
    for name, db in application.databases.items():
        metrics = database_metrics(db.memory_gb, db.storage_gb, db.used_gb, db.write_share)
        add("AWS/RDS", name, metrics, {"DBInstanceIdentifier": name})
    for name in application.caches:
        node = f"{name}-001"
        add(
            "AWS/ElastiCache",
            name,
            CACHE,
            {"CacheClusterId": node},
            {"CacheClusterId": node, "CacheNodeId": "0001"},
        )
    for name in application.queues:
        add("AWS/SQS", name, QUEUE, {"QueueName": name})
    return found


WHOLE = (
    Metric("RequestCount", "Count", counted("requests")),
    Metric("HTTPCode_ELB_5XX_Count", "Count", counted("refused")),
    Metric("HTTPCode_Target_5XX_Count", "Count", counted("failed")),
    Metric("HTTPCode_Target_4XX_Count", "Count", counted("denied")),
    Metric("TargetResponseTime", "Seconds", timed()),
    Metric("ActiveConnectionCount", "Count", totalled("connections")),
)
