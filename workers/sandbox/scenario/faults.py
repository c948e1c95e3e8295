"""The faults: each plans a change of parameters, with its marks in the trail, and says what the truth is."""

from collections.abc import Callable

from workers.sandbox.estate.wording import wording
from workers.sandbox.model.behaviour import Code
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.stage import ROLLOUT, Stage

Plan = Callable[[Stage], Trouble]


def bad_deployment(stage: Stage) -> Trouble:
    """A new image raises on a share of the requests, or takes far longer over them."""
    service = stage.pick([name for name in stage.served() if _busy(stage, name) > 0.02])
    code = _raising(stage, service) if stage.rng.random() < 0.62 else _slow(stage, service)
    revision, changes = stage.release(service, stage.onset - ROLLOUT, code, harmful=True)
    return Trouble(Truth(service, "bad_deployment", stage.name(revision)), tuple(changes))


def _raising(stage: Stage, service: str) -> Code:
    """The rarer a service is called, the larger the share that fails: somebody has to notice."""
    spec = stage.base.application.services[service]
    faults = wording()[spec.language]["faults"]
    exception = f"{spec.language}:{stage.rng.integers(len(faults))}"
    busy = _busy(stage, service)
    share = stage.between(0.08, 0.22) if busy > 0.4 else stage.between(0.35, 0.7)
    return Code(raises=share, exception=exception)


def _slow(stage: Stage, service: str) -> Code:
    """Its own work takes so much longer that its callers notice, with or without the processor."""
    spec = stage.base.application.services[service]
    target = stage.between(700, 1500)
    burns = stage.between(1.05, 1.6) if stage.rng.random() < 0.5 else 1.0
    return Code(slower=target / spec.own_ms, burns=burns)


def _busy(stage: Stage, service: str) -> float:
    """A service's requests for each one at the entry."""
    application = stage.base.application
    if service == application.traffic.entry:
        return 1.0
    total = 0.0
    for caller in application.callers(service):
        routes = application.services[caller].routes
        calls = sum(r.share * r.calls.get(service, 0.0) for r in routes) / sum(r.share for r in routes)
        total += calls * _busy(stage, caller)
    consumes = application.services[service].consumes
    if consumes:
        total += sum(_busy(stage, caller) for caller in application.callers(consumes))
    return total


FAULTS: dict[str, Plan] = {"bad_deployment": bad_deployment}
