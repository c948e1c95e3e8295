"""Series: how rows of telemetry become the samples of a metric."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


def counted(column: Callable[[Fields], Values] | str) -> Measure:
    """One sample of value one for each occurrence; nothing at all where nothing occurred."""

    def measure(field: Fields) -> Samples:
        n = field(column) if isinstance(column, str) else column(field)
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


def one_of(column: str) -> Measure:
    """One sample of each running task, zero or one; the column says how many are one."""

    def measure(field: Fields) -> Samples:
        tasks, hit = np.ceil(field("tasks") - 1e-6), np.ceil(field(column))
        least = np.where(hit >= tasks, np.minimum(hit, 1.0), 0.0)
        return Samples(np.minimum(hit, tasks), tasks, least, np.minimum(hit, 1.0))

    return measure


def by_run(column: str, scale: float = 1.0) -> Measure:
    """One sample of each run of a canary."""

    def measure(field: Fields) -> Samples:
        runs, total = field("runs"), field(column) * scale
        each = total / np.maximum(runs, 1.0)
        least, most = np.where(total < runs * scale, 0.0, scale), np.where(total > 0, scale, 0.0)
        shared = column == "took"
        return Samples(total, runs, each if shared else least, each if shared else most)

    return measure


def per_task(name: str) -> Measure:
    """One sample of each running task: average, least and most are columns of their own."""

    def measure(field: Fields) -> Samples:
        tasks = np.ceil(field("tasks") - 1e-6)
        return Samples(field(name) * tasks, tasks, field(f"{name}_least"), field(f"{name}_most"))

    return measure


def published(measure: Measure) -> Measure:
    """What tasks send themselves: the samples of those that still send, and no sample where none does."""

    def shared(field: Fields) -> Samples:
        heard, found = field("heard"), measure(field)
        total, count = found.total * heard, found.count * np.where(heard > 0, 1.0, 0.0)
        histogram = None if found.histogram is None else found.histogram * heard[:, None].astype(np.float32)
        if histogram is not None:
            count = found.count * heard
        return Samples(total, count, found.least, found.most, histogram)

    return shared


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


def timed_in(zone: str) -> Measure:
    """The same of the requests in one zone: its own where zones differ, else its share of the service's."""

    def measure(field: Fields) -> Samples:
        whole, own, share = field("latency"), field(f"latency {zone}"), field(f"share {zone}")
        if whole.ndim == 1:
            none = np.zeros(len(whole))
            return Samples(none, none, none, none)
        histogram, seconds = whole * share[:, None], field("seconds") * share
        if own.ndim > 1:
            apart = own.sum(axis=1) > 0
            histogram = np.where(apart[:, None], own, histogram)
            seconds = np.where(apart, field(f"seconds {zone}"), seconds)
        histogram = histogram.astype(np.float32, copy=False)
        count = histogram.sum(axis=1, dtype=np.float64)
        return Samples(seconds, count, field("shortest"), field("longest"), histogram)

    return measure
