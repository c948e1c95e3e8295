"""CloudWatch statistics: samples of a series put together by period."""

import re
from dataclasses import dataclass

import numpy as np

from workers.sandbox.estate.series import Samples, Series, Values
from workers.sandbox.model.histogram import percentile
from workers.sandbox.model.history import History

PLAIN = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
_PERCENTILE = re.compile(r"p(\d{1,2}(\.\d{1,10})?|100)$")


@dataclass(frozen=True)
class Points:
    """Points of a series: the start of each period that holds samples, and what the samples add up to."""

    times: Values
    samples: Samples
    raw: Samples
    first: np.ndarray

    def value(self, statistic: str) -> Values:
        """One statistic of each point; ValueError when there is no such statistic."""
        found = self.samples
        plain = {
            "Sum": found.total,
            "Average": found.total / np.maximum(found.count, 1e-12),
            "Minimum": found.least,
            "Maximum": found.most,
            "SampleCount": found.count,
        }
        if statistic in plain:
            return plain[statistic]
        share = percentile_share(statistic)
        if share is None:
            raise ValueError(statistic)
        if found.histogram is not None:
            return np.clip(percentile(found.histogram, share), found.least, found.most)
        return self._of_values(share)

    def _of_values(self, share: float) -> Values:
        """The percentile of a metric without a histogram, interpolated between samples."""
        values = self.raw.total / self.raw.count
        sizes = np.diff(np.append(self.first, len(values)))
        ordered = values[np.lexsort((values, np.repeat(np.arange(len(sizes)), sizes)))]
        rank = self.first + share * (sizes - 1)
        low = np.floor(rank).astype(int)
        high = np.minimum(low + 1, self.first + sizes - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def percentile_share(statistic: str) -> float | None:
    """0.95 for "p95"; None when it is not a percentile."""
    found = _PERCENTILE.match(statistic)
    return float(found[1]) / 100 if found else None


def known(statistic: str) -> bool:
    """Whether there is such a statistic."""
    return statistic in PLAIN or percentile_share(statistic) is not None


def points(history: History, series: Series, start: float, end: float, period: int) -> Points:
    """The points of a series whose periods start in [start, end), oldest first."""
    blocks = [series.read(table, where) for table, where in history.tables(start, end)]
    times = np.concatenate([times for times, _ in blocks]) if blocks else np.zeros(0)
    raw = _joined([samples for _, samples in blocks])
    starts, first = np.unique(times // period * period, return_index=True)
    return Points(starts, _put_together(raw, first), raw, first)


def _joined(blocks: list[Samples]) -> Samples:
    blocks = [block for block in blocks if len(block.count)]
    if not blocks:
        none = np.zeros(0)
        return Samples(none, none, none, none)
    timed = all(block.histogram is not None for block in blocks)
    histogram = np.concatenate([b.histogram for b in blocks if b.histogram is not None]) if timed else None
    return Samples(
        np.concatenate([b.total for b in blocks]),
        np.concatenate([b.count for b in blocks]),
        np.concatenate([b.least for b in blocks]),
        np.concatenate([b.most for b in blocks]),
        histogram,
    )


def _put_together(raw: Samples, first: np.ndarray) -> Samples:
    if not len(first):
        return raw
    histogram = None if raw.histogram is None else np.add.reduceat(raw.histogram, first)
    return Samples(
        np.add.reduceat(raw.total, first),
        np.add.reduceat(raw.count, first),
        np.minimum.reduceat(raw.least, first),
        np.maximum.reduceat(raw.most, first),
        histogram,
    )
