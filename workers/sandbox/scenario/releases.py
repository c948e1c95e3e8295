"""Faults that a deployment brings: bad code, a wrong setting, a leak. The revision before heals them."""

from workers.sandbox.estate.names import fraction
from workers.sandbox.estate.wording import wording
from workers.sandbox.model.behaviour import Code
from workers.sandbox.model.spec import Edit
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.people import PIPELINE, somebody
from workers.sandbox.scenario.stage import Stage


def bad_deployment(stage: Stage) -> Trouble:
    """A new image raises on a share of the requests, or takes far longer over them."""
    service = stage.pick(stage.served())
    code = _raising(stage, service) if stage.rng.random() < 0.62 else _slow(stage, service)
    revision, changes = stage.release(service, stage.before(service), code, harmful=True)
    return Trouble(Truth(service, "bad_deployment", stage.name(revision)), tuple(changes))


def _raising(stage: Stage, service: str) -> Code:
    """The rarer a service is called, the larger the share that fails: somebody has to notice."""
    language = stage.base.application.services[service].language
    exception = f"{language}:{stage.rng.integers(len(wording()[language]['faults']))}"
    often = stage.rate(service) > 25
    share = stage.share(0.06, 0.2) if often else stage.share(0.35, 0.7)
    return Code(raises=share, exception=exception)


def _slow(stage: Stage, service: str) -> Code:
    """Its own work takes so much longer that its callers notice, with or without the processor."""
    spec = stage.base.application.services[service]
    burns = stage.between(1.05, 1.6) if stage.rng.random() < 0.5 else 1.0
    return Code(slower=stage.between(900, 2200) * stage.strength / spec.own_ms, burns=burns)


def config_change(stage: Stage) -> Trouble:
    """The image stays, one setting changes, and it really controls what the service does."""
    services = stage.base.application.services
    edits = [e for e in stage.base.application.edits if stage.rate(e.service) >= e.from_rate]
    chosen = stage.pick(sorted({edit.service for edit in edits}))
    mine = [edit for edit in edits if edit.service == chosen]
    edit = mine[int(stage.rng.integers(len(mine)))]
    assert edit.setting in services[edit.service].settings
    actor = somebody(stage.rng)
    if fraction(stage.seed, "who") < 0.5:
        actor = PIPELINE
    wrong = {edit.setting: _wrong(stage, edit)}
    revision, changes = stage.release(
        edit.service, stage.before(edit.service), None, wrong, actor, harmful=True
    )
    return Trouble(Truth(edit.service, "config_change", stage.name(revision)), tuple(changes))


def _wrong(stage: Stage, edit: Edit) -> str:
    # Every setting in the files hurts by being too low.
    return str(max(1, int(stage.rng.integers(edit.low, edit.high + 1) / stage.strength)))


def memory_leak(stage: Stage) -> Trouble:
    """A new image leaks with every request. Slow leaks were deployed a while before anybody notices."""
    service = stage.pick(stage.served())
    spec = stage.base.application.services[service]
    slope = stage.between(6, 12) * 60 if stage.rng.random() < 0.4 else 0.0
    first_kill = slope + stage.between(190, 300) / stage.strength
    each = stage.rate(service) / spec.tasks
    leak_kb = (spec.memory - spec.resident_mb) * 1024 / (each * first_kill)
    at = stage.before(service) - slope
    revision, changes = stage.release(service, at, Code(leak_kb=leak_kb), harmful=True)
    return Trouble(Truth(service, "memory_leak", stage.name(revision)), tuple(changes))


def rollout_stuck(stage: Stage) -> Trouble:
    """Tasks of a new image exit or never pass their health check; the old ones serve on beside them."""
    service = stage.pick(stage.served())
    code = Code(flaw="exit" if stage.rng.random() < 0.5 else "unhealthy")
    revision, changes = stage.release(service, stage.before(service), code, harmful=True)
    return Trouble(Truth(service, "rollout_stuck", stage.name(revision)), tuple(changes))
