"""Faults that sit in the tasks of a service themselves: no change brought them, and fresh tasks have none."""

from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.changes import Deploy, Reclaim, Turn
from workers.sandbox.scenario.loads import answering
from workers.sandbox.scenario.people import somebody
from workers.sandbox.scenario.stage import Stage


def slow_dependency(stage: Stage) -> Trouble:
    """An internal service takes far longer over its own work, and its callers wait for it."""
    service = stage.pick(stage.internal())
    return Trouble(
        Truth(service, "slow_dependency"), (Turn(stage.onset, service, "slowed", _slow(stage, service)),)
    )


def self_healed(stage: Stage) -> Trouble:
    """A service is slow for a few minutes, and then it is over, whatever anybody did."""
    service = stage.pick(stage.internal())
    over = stage.onset + stage.between(250, 330)
    changes = (
        Turn(stage.onset, service, "slowed", _slow(stage, service)),
        Turn(over, service, "slowed", 0.0),
    )
    return Trouble(Truth(service, "self_healed"), changes)


def _slow(stage: Stage, service: str) -> float:
    """How many times its own work comes on top of it."""
    return stage.between(900, 2200) * stage.strength / stage.base.application.services[service].own_ms


def telemetry_broken(stage: Stage) -> Trouble:
    """The agent beside a service hangs: its logs and its own metrics stop, and the service serves on."""
    watched = {alarm.of for alarm in stage.base.application.alarms if alarm.missing == "breaching"}
    service = stage.pick([name for name in stage.served() if name in watched])
    return Trouble(Truth(service, "telemetry_broken"), (Turn(stage.onset, service, "silent", 1.0),))


def cannot_scale(stage: Stage) -> Trouble:
    """Spot capacity is taken back and there is none to be had: too few tasks are left for the usual load.

    Of a function somebody reserves less concurrency than the usual load needs.
    """
    application = stage.base.application
    wanted = {name: stage.rate(name) * answering(application, name) for name in stage.internal()}
    # A function that hardly ever answers two at once does with the least there is.
    functions = [n for n in wanted if application.answers(n) and wanted[n] > 1]
    service = stage.pick(functions or stage.internal())
    spec = application.services[service]
    if spec.runs_on == "lambda":
        left = max(1, int(wanted[service] * stage.between(0.45, 0.75) / stage.strength))
        shrunk = Deploy(stage.onset, service, somebody(stage.rng), desired=left, harmful=True)
        return Trouble(Truth(service, "cannot_scale"), (shrunk,))
    needed = stage.rate(service) * spec.cpu_ms / 1000 / (spec.cpu / 1024)
    left = min(int(needed * stage.between(0.6, 0.85) / stage.strength), spec.tasks - 1)
    return Trouble(Truth(service, "cannot_scale"), (Reclaim(stage.onset, service, left),))
