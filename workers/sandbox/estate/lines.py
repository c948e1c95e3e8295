"""Log groups and their lines, computed from the rows of telemetry: the logs say what the metrics count."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workers.sandbox.estate.canarylog import canary_group, canary_lines, canary_stream
from workers.sandbox.estate.databaselog import database_lines
from workers.sandbox.estate.functionlog import FunctionRow, function_stream
from workers.sandbox.estate.instancelog import InstanceRow
from workers.sandbox.estate.names import number
from workers.sandbox.estate.servicelog import Line, ServiceRow
from workers.sandbox.estate.world import World
from workers.sandbox.model.table import Table

LINES_KEPT = 40_000
_KINDS = {"ecs": "service", "ec2": "instance", "lambda": "function"}
_ROWS = {"service": ServiceRow, "instance": InstanceRow, "function": FunctionRow}

Stream = tuple[str, float, float | None]
"""Name, first line, and last line if there will be no more."""


@dataclass(frozen=True)
class LogGroup:
    """A log group, and the part that writes it."""

    name: str
    part: str
    kind: str


class Lines:
    """All the log groups of a world; lines are computed when they are asked for, and kept for a while."""

    def __init__(self, world: World) -> None:
        """Reads this world."""
        self.world = world
        self._kept: OrderedDict[tuple[str, float, int], list[Line]] = OrderedDict()
        self._count = 0

    def groups(self) -> list[LogGroup]:
        """The log groups there are, by name."""
        found = []
        for name, service in self.world.application.services.items():
            kind = _KINDS[service.runs_on]
            found.append(LogGroup(self.world.names.log_group(name, service.runs_on), name, kind))
        for name in self.world.application.databases:
            found.append(LogGroup(f"/aws/rds/instance/{name}/postgresql", name, "database"))
        canary = self.world.application.canary
        if canary is not None:
            found.append(LogGroup(canary_group(canary.name), canary.name, "canary"))
        return sorted(found, key=lambda group: group.name)

    def streams(self, group: LogGroup, now: float) -> list[Stream]:
        """The streams of a group that still exist."""
        if group.kind == "canary":
            return [(canary_stream(group.part, now), now // 86400 * 86400, None)]
        if group.kind == "database":
            return [(f"{group.part}.0", self.world.began - 86400 * 90, None)]
        tasks = [t for t in self.world.fleet.services[group.part].tasks if t.started <= now]
        if group.kind == "function":
            day, alias = now // 86400 * 86400, self.world.application.services[group.part].alias
            versions = {task.id: str(task.revision) if alias else "$LATEST" for task in tasks}
            return [(function_stream(one, now, version), day, None) for one, version in versions.items()]
        if group.kind == "instance":
            return [(self.world.names.instance(t.id), t.started, t.stopped) for t in tasks]
        return [(f"{group.part}/{group.part}/{t.id}", t.started, t.stopped) for t in tasks]

    def read(self, group: LogGroup, start: float, end: float) -> Iterator[Line]:
        """The lines of [start, end), oldest first."""
        for table, where in self.world.history.tables(start - 60, end):
            for index in range(where.start, where.stop):
                if float(table.times[index]) + table.seconds > start:
                    lines = self._row(group, table, index)
                    yield from (line for line in lines if start * 1000 <= line.at < end * 1000)

    def _row(self, group: LogGroup, table: Table, index: int) -> list[Line]:
        key = group.name, float(table.times[index]), table.seconds
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        lines = self._kept[key] = sorted(self._computed(group, table, index))
        self._count += len(lines)
        while self._count > LINES_KEPT and len(self._kept) > 1:
            self._count -= len(self._kept.popitem(last=False)[1])
        return lines

    def _computed(self, group: LogGroup, table: Table, index: int) -> Iterator[Line]:
        at = int(table.times[index])
        rng = np.random.default_rng([self.world.seed, number(1 << 31, group.name), at])
        if group.kind == "database":
            for milliseconds, text in database_lines(self.world, group.part, table, index, rng):
                yield Line(milliseconds, f"{group.part}.0", text)
            return
        canary = self.world.application.canary
        if group.kind == "canary" and canary is not None:
            yield from canary_lines(self.world, canary, table, index, rng)
            return
        yield from _ROWS[group.kind](self.world, group.part, table, index, rng).lines()
