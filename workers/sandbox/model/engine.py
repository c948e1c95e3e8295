"""The engine: moves an application through steps of time and leaves a row of telemetry behind for each.

A step goes down the graph with the load (who calls whom how often, from what the last step measured) and back
up with samples of the outcomes. Steps in which nothing changes may be computed together, one row each.
"""

from collections.abc import Mapping

from numpy.random import Generator

from workers.sandbox.model.ascent import Ascent
from workers.sandbox.model.demand import demand
from workers.sandbox.model.descent import Descent
from workers.sandbox.model.queueing import Floats
from workers.sandbox.model.requests import Step
from workers.sandbox.model.rows import Row
from workers.sandbox.model.scene import Scene, State
from workers.sandbox.model.spec import Application
from workers.sandbox.model.work import Reasons


class Engine:
    """Computes steps of one application. Everything random comes from the generator it is handed."""

    def __init__(self, application: Application, seed: int) -> None:
        """The seed gives the slow drift of demand; noise comes with each step."""
        self.application = application
        self.reasons = Reasons()
        self._seed = seed
        self._order = callers_first(application)

    def advance(self, scene: Scene, state: State, times: Floats, dt: float, rng: Generator) -> Row:
        """Compute the steps of `dt` seconds that start at `times`, changing `state` to what follows."""
        step = Step(rng, times, dt, self._seed, scene, state, self.reasons)
        descent = Descent(self.application, step)
        descent.load(demand(self.application.traffic, times, self._seed), self._order)
        ascent = Ascent(self.application, step, descent)
        for part in reversed(self._order):
            ascent.visit(part)
        return ascent.finish()


def callers_first(application: Application) -> list[str]:
    """Every part after all that send it work."""
    below: Mapping[str, list[str]] = {
        **{name: list(service.edges) for name, service in application.services.items()},
        **{name: [application.consumer(name)] for name in application.queues},
    }
    done: list[str] = []

    def visit(part: str) -> None:
        if part not in done:
            for callee in below.get(part, []):
                visit(callee)
            done.append(part)

    for part in below:
        visit(part)
    return done[::-1]
