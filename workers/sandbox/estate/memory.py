"""Memory of tasks: leaks fill it, a full one is slow, and one that is over its limit is killed."""

import numpy as np

from workers.sandbox.estate.fleet import Fleet
from workers.sandbox.estate.names import fraction
from workers.sandbox.estate.tasks import Task
from workers.sandbox.model.rows import Row
from workers.sandbox.model.scene import Group, Scene
from workers.sandbox.model.spec import Application

FULL, SLOWDOWN = 0.78, 5.0
"""Share of its limit from which a task slows down, and by how much at the end."""
UNNOTICED, IN_HAND = 6.0, 0.5
"""Seconds for which requests are lost to a task that died: the balancer sends some, a function had one."""
KILLED = 137
REASON = "OutOfMemoryError: Container killed due to memory usage"

Figures = tuple[float, float, float]


class Memory:
    """What the tasks of a fleet hold in memory."""

    def __init__(self, application: Application, fleet: Fleet) -> None:
        """Tasks carry their own leaks; this only reads and grows them."""
        self.application, self.fleet = application, fleet

    def figures(self, name: str, revision: int) -> tuple[float, Figures | None]:
        """Slowdown, and average, least and most megabytes, of the tasks of one revision."""
        tasks = [t for t in self.fleet.services[name].tasks if t.revision == revision and t.stopped is None]
        if not any(task.leaked_kb for task in tasks):
            return 1.0, None
        spec = self.application.services[name]
        sizes = np.array([spec.resident_mb + task.leaked_kb / 1024 for task in tasks])
        pressure = np.clip((sizes / spec.memory - FULL) / (1 - FULL), 0, 1)
        squeeze = float(np.mean(1 + SLOWDOWN * pressure**2))
        return squeeze, (float(sizes.mean()), float(sizes.min()), float(sizes.max()))

    def broken(self, name: str, revision: int, start: float, seconds: float) -> float:
        """What share of a step's requests meets a task that died in the step before."""
        tasks = [t for t in self.fleet.services[name].tasks if t.revision == revision]
        died = [t for t in tasks if _died(t, start - seconds, start)]
        if not died:
            return 0.0
        alive = [t for t in tasks if t.stopped is None and t not in died]
        lost = IN_HAND if self.application.services[name].runs_on == "lambda" else UNNOTICED
        return lost / seconds * len(died) / (len(died) + len(alive))

    def grow(self, scene: Scene, row: Row, at: float) -> None:
        """Let leaking tasks grow by what they served in a step that ends at `at`, and kill the full ones."""
        for name, groups in scene.groups.items():
            for group in groups:
                if group.behaviour.code.leak_kb:
                    served = float(row[(name, "served by", str(group.revision))][0])
                    self._leak(name, group, served, at)

    def _leak(self, name: str, group: Group, served: float, at: float) -> None:
        spec = self.application.services[name]
        tasks = [t for t in self.fleet.services[name].running(at) if t.revision == group.revision]
        for task in tasks:
            uneven = 0.6 + 0.8 * fraction(task.id, "share")
            task.leaked_kb += group.behaviour.code.leak_kb * served / max(len(tasks), 1) * uneven
            if spec.resident_mb + task.leaked_kb / 1024 >= spec.memory * 0.995:
                self.fleet.kill(task, at - 0.5, KILLED, REASON)


def _died(task: Task, start: float, end: float) -> bool:
    """Whether it ran out of memory in [start, end), for good or to be restarted."""
    gone = task.exit_code == KILLED and task.stopped is not None and start <= task.stopped < end
    return gone or any(start <= killed < end for killed, _ in task.restarts)
