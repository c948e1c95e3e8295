"""Rows of telemetry in columns: what steps left behind, at one resolution, oldest first."""

from collections.abc import Mapping

import numpy as np

from workers.sandbox.model.rows import Column, Row

# How rows merge into a coarser one; whatever is not named here is a count and adds up.
_MEANS = frozenset(
    [
        "rate",
        "work",
        "cpu",
        "seconds_each",
        "connections",
        "visible",
        "memory",
        "tasks",
        "job",
        "free",
        "unhealthy",
        "heard",
        "waiting",
        "keeps",
        "in_flight",
        "impaired",
        "share",
    ]
)
_MOST = frozenset(["longest", "cpu_most", "memory_most", "age"])
_LEAST = frozenset(["shortest", "cpu_least", "memory_least"])


class Table:
    """Columns that grow together; a column that appears late is zero before."""

    def __init__(self, seconds: int, room: int = 512, compact: bool = False) -> None:
        """`seconds` is the length of a row, `room` how many it grows by; `compact` keeps fewer digits."""
        self.seconds, self._room = seconds, room
        self._kinds = (np.float32, np.float16) if compact else (np.float64, np.float32)
        self.size = 0
        self._times = np.zeros(room)
        self._columns: dict[Column, np.ndarray] = {}

    @property
    def times(self) -> np.ndarray:
        """The start of each row."""
        return self._times[: self.size]

    @property
    def columns(self) -> list[Column]:
        """The names of the columns there are."""
        return list(self._columns)

    def column(self, name: Column) -> np.ndarray | None:
        """A column's values, one per row; None when nothing was ever written to it."""
        values = self._columns.get(name)
        return None if values is None else values[: self.size]

    def extend(self, times: np.ndarray, row: Row) -> None:
        """Append rows computed together."""
        end = self.size + len(times)
        self._times = self._grown(self._times, end)
        self._times[self.size : end] = times
        for name, values in row.items():
            column = self._columns.get(name)
            if column is None:
                column = np.zeros((len(self._times), *values.shape[1:]), self._kinds[values.ndim > 1])
            column = self._grown(column, end)
            column[self.size : end] = values
            self._columns[name] = column
        for name, column in self._columns.items():
            if name not in row:
                self._columns[name] = self._grown(column, end)
        self.size = end

    def _grown(self, values: np.ndarray, rows: int) -> np.ndarray:
        if rows <= len(values):
            return values
        grown = np.zeros((rows + self._room, *values.shape[1:]), values.dtype)
        grown[: len(values)] = values
        return grown

    def rows(self, start: float, end: float) -> slice:
        """The rows that start in [start, end)."""
        low, high = np.searchsorted(self.times, [start - 1e-6, end - 1e-6])
        return slice(int(low), int(high))

    def drop(self, before: float) -> None:
        """Forget the rows that start before this time."""
        cut = self.rows(-np.inf, before).stop
        self._times = self._times[cut:].copy()
        self._columns = {name: values[cut:].copy() for name, values in self._columns.items()}
        self.size -= cut

    def merged(self, start: float, end: float, seconds: int) -> tuple[np.ndarray, Row]:
        """The rows in [start, end) put together into rows of `seconds`."""
        where = self.rows(start, end)
        bins = (self.times[where] // seconds * seconds).astype(np.float64)
        starts, first = np.unique(bins, return_index=True)
        if not len(starts):
            return starts, {}
        return starts, {name: _merge(name, values[where], first) for name, values in self._named().items()}

    def _named(self) -> Mapping[Column, np.ndarray]:
        return {name: values[: self.size] for name, values in self._columns.items()}


def _merge(name: Column, values: np.ndarray, first: np.ndarray) -> np.ndarray:
    field = name[1]
    if field.startswith(("share ", "unhealthy ")):
        field = field.partition(" ")[0]
    if field in _MOST:
        return np.maximum.reduceat(values, first)
    if field in _LEAST:
        return np.minimum.reduceat(values, first)
    total = np.add.reduceat(values, first)
    if field in _MEANS:
        return total / np.diff(np.append(first, len(values)))
    return total
