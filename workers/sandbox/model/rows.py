"""A row of telemetry under construction: named columns, one entry for each step computed together."""

import numpy as np

Column = tuple[str, ...]
"""Part and field; failures add the revision and the reason."""
Row = dict[Column, np.ndarray]


class Writer:
    """Collects the columns of a row."""

    def __init__(self, rows: int) -> None:
        """Start an empty row for this many steps."""
        self.rows = rows
        self.row: Row = {}

    def write(self, part: str, **values: object) -> None:
        """Set fields of a part."""
        for name, value in values.items():
            self.row[(part, name)] = np.asarray(value)

    def add(self, column: Column, value: np.ndarray) -> None:
        """Add to a column that several groups or callers share."""
        self.row[column] = self.row.get(column, 0.0) + value

    def least(self, column: Column, value: np.ndarray) -> None:
        """Keep the smaller of what stands there and this."""
        self.row[column] = np.minimum(self.row.get(column, value), value)

    def most(self, column: Column, value: np.ndarray) -> None:
        """Keep the larger of what stands there and this."""
        self.row[column] = np.maximum(self.row.get(column, value), value)

    def read(self, part: str, name: str) -> np.ndarray:
        """A field as it stands, zeros when nobody wrote it."""
        return self.row.get((part, name), np.zeros(self.rows))
