"""Latency histograms on one fixed scale, so that any percentile over any stretch of time merges exactly."""

import numpy as np

BINS = 176
SHORTEST, LONGEST = 0.0002, 130.0
EDGES = np.geomspace(SHORTEST, LONGEST, BINS + 1)
_SCALE = BINS / np.log(LONGEST / SHORTEST)


def tally(seconds: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Histograms of rows of samples, (rows, samples) to (rows, bins); each row sums to its weight."""
    rows, samples = seconds.shape
    bins = (np.log(np.maximum(seconds, SHORTEST) / SHORTEST) * _SCALE).astype(np.int64)
    np.minimum(bins, BINS - 1, out=bins)
    bins += np.arange(rows)[:, None] * BINS
    counts = np.bincount(bins.ravel(), minlength=rows * BINS).reshape(rows, BINS)
    return (counts * (weight / samples)[:, None]).astype(np.float32)


def percentile(counts: np.ndarray, share: float) -> np.ndarray:
    """The percentile (share 0..1) of each row of a histogram, in seconds; NaN where a row is empty."""
    total = counts.sum(axis=-1, dtype=np.float64)
    below = np.cumsum(counts, axis=-1, dtype=np.float64)
    wanted = (total * share)[..., None]
    index = np.minimum((below < wanted).sum(axis=-1), BINS - 1)
    here = np.take_along_axis(counts, index[..., None], -1)[..., 0]
    before = np.take_along_axis(below, index[..., None], -1)[..., 0] - here
    inside = np.where(here > 0, (wanted[..., 0] - before) / np.where(here > 0, here, 1), 0.0)
    value = EDGES[index] * (EDGES[1] / EDGES[0]) ** np.clip(inside, 0, 1)
    return np.where(total > 0, value, np.nan)
