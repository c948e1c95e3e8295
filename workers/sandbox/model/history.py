"""All the telemetry there is: the last hours step by step, what came since by the minute, the past on demand.

The past before a case began is the healthy application, computed hour by hour when somebody asks for it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator

import numpy as np

from workers.sandbox.model.queueing import Floats
from workers.sandbox.model.rows import Row
from workers.sandbox.model.table import Table

FINE, COARSE = 10, 60
FINE_KEPT = 3 * 3600 + 900
KEPT = 15 * 86400
_HOUR, _STEP = 3600, 20
_HOURS_HELD = 15 * 24
_OLD = 8 * 86400
"""Age from which an hour is computed in long steps: nobody looks at its noise."""

Compute = Callable[[Floats, float], Row]
"""Computes healthy rows that start at these times and last so many seconds."""


class History:
    """Tables by age, read as one."""

    def __init__(self, began: float, compute: Compute) -> None:
        """`began` is the start of the fine rows; what is older comes from `compute`."""
        self.began = began
        self.fine, self.minutes = Table(FINE), Table(COARSE)
        self._compute = compute
        self._hours: OrderedDict[float, Table] = OrderedDict()

    def tables(self, start: float, end: float) -> Iterator[tuple[Table, slice]]:
        """The tables, oldest first, with the rows that start in [start, end)."""
        start = max(start, self.began - KEPT)
        for hour in np.arange(start // _HOUR * _HOUR, min(end, self.began), _HOUR):
            table = self._hour(float(hour))
            yield table, table.rows(start, min(end, self.began))
        for table in (self.minutes, self.fine):
            yield table, table.rows(start, end)

    def settle(self) -> None:
        """Merge rows that AWS would no longer keep in high resolution into minutes."""
        newest = float(self.fine.times[-1])
        if newest - float(self.fine.times[0]) < FINE_KEPT + _HOUR:
            return
        cut = (newest - FINE_KEPT) // COARSE * COARSE
        self.minutes.extend(*self.fine.merged(float(self.fine.times[0]), cut, COARSE))
        self.fine.drop(cut)
        self.minutes.drop(newest - KEPT)

    def _hour(self, hour: float) -> Table:
        if hour not in self._hours:
            self._hours[hour] = self._minutes_of(hour)
        self._hours.move_to_end(hour)
        while len(self._hours) > _HOURS_HELD:
            self._hours.popitem(last=False)
        return self._hours[hour]

    def _minutes_of(self, hour: float) -> Table:
        """An hour of the healthy past by the minute, from shorter steps for the right noise."""
        step = _STEP if self.began - hour < _OLD else COARSE
        steps, table = Table(step, _HOUR // step), Table(COARSE, _HOUR // COARSE, compact=True)
        times = np.arange(hour, min(hour + _HOUR, self.began), step, dtype=np.float64)
        steps.extend(times, self._compute(times, step))
        table.extend(*steps.merged(hour, hour + _HOUR, COARSE))
        return table
