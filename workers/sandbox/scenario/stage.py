"""What a fault or a decoy is planned with: the healthy application, the onset, dice, and the usual moves."""

from dataclasses import dataclass, field, replace

import numpy as np

from workers.sandbox.estate.revisions import Revision, image
from workers.sandbox.estate.trail import Actor
from workers.sandbox.model.behaviour import Code
from workers.sandbox.model.demand import demand
from workers.sandbox.scenario.base import Base
from workers.sandbox.scenario.changes import REGISTERED_BEFORE, Deploy, Register, commit
from workers.sandbox.scenario.people import PIPELINE

ROLLOUT = 12.0
"""Seconds from UpdateService until the new tasks take requests."""
AT_ONCE = 1.0
"""The same from UpdateAlias, whose next request goes to another version."""


@dataclass
class Stage:
    """Hands out revision numbers, so that several faults and decoys can play together."""

    base: Base
    seed: int
    onset: float
    now: float
    rng: np.random.Generator
    strength: float = 1.0
    """How much harder a fault hits than it was drawn."""
    taken: set[str] = field(default_factory=set)
    """Parts that a fault already uses."""
    blamed: list[str] = field(default_factory=list)
    """Services whose newest revision is at fault."""
    _released: dict[str, list[Revision]] = field(default_factory=dict)

    def pick(self, names: list[str]) -> str:
        """One of these parts, rather one that no fault uses yet."""
        free = [name for name in names if name not in self.taken] or names
        name = free[int(self.rng.integers(len(free)))]
        self.taken.add(name)
        return name

    def among(self, names: list[str]) -> str:
        """One of these parts, which the fault uses as well."""
        name = names[int(self.rng.integers(len(names)))]
        self.taken.add(name)
        return name

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * float(self.rng.random())

    def share(self, low: float, high: float) -> float:
        """A share of requests in [low, high), more of them the harder the fault hits."""
        return min(0.97, self.between(low, high) * self.strength)

    def newest(self, service: str) -> Revision:
        """The latest revision of a service, whether it runs already or is planned."""
        return (self._released.get(service) or [self.base.current(service)])[-1]

    def release(
        self,
        service: str,
        at: float,
        code: Code | None = None,
        settings: dict[str, str] | None = None,
        actor: Actor = PIPELINE,
        harmful: bool = False,
    ) -> tuple[Revision, list[Register | Deploy]]:
        """Plan a deployment at `at`: of a new image, or of the same one when only settings change."""
        before = self.newest(service)
        number = before.number + 1
        full = before.image
        if settings is None:
            full = image(self.base.application.name, service, commit(self.seed, service, number))
        revision = replace(
            before,
            number=number,
            image=full,
            environment={**before.environment, **(settings or {})},
            registered_at=at - REGISTERED_BEFORE,
            registered_by=actor.arn,
        )
        self._released.setdefault(service, []).append(revision)
        if harmful:
            self.blamed.append(service)
        register = Register(at - REGISTERED_BEFORE, revision, actor, code)
        return revision, [register, Deploy(at, service, actor, number, harmful=harmful)]

    def before(self, service: str) -> float:
        """When a release has to be called for, for its first requests to meet it at the onset."""
        functions = self.base.application.on("lambda")
        return self.onset - (AT_ONCE if service in functions else ROLLOUT)

    def name(self, revision: Revision) -> str:
        """A revision as `family:revision`, a function's as `function:version`."""
        if self.base.application.services[revision.service].alias:
            return f"{revision.service}:{revision.number}"
        return f"{self.base.application.name}-{revision.service}:{revision.number}"

    def rate(self, service: str) -> float:
        """Requests a second at a service around the onset, while all is well."""
        traffic = self.base.application.traffic
        times = np.array([self.onset, self.now])
        return float(demand(traffic, times, self.seed).min()) * self.busy(service)

    def busy(self, service: str) -> float:
        """A service's requests for each one at the entry."""
        application = self.base.application
        if service == application.traffic.entry:
            return 1.0
        total, wanted = 0.0, application.services[service].consumes or service
        for caller in application.callers(wanted):
            routes = application.services[caller].routes
            calls = sum(r.share * r.calls.get(wanted, 0.0) for r in routes) / sum(r.share for r in routes)
            total += calls * self.busy(caller)
        return total

    def internal(self) -> list[str]:
        """The ECS services that answer requests of other services."""
        return [name for name in self.served() if self.base.application.callers(name)]

    def served(self) -> list[str]:
        """The ECS services that answer requests."""
        services = self.base.application.services
        return [name for name, s in services.items() if not s.consumes]
