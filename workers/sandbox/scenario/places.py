"""Faults of a place: a zone's network, the host under an instance, the zone of a database's primary."""

from workers.sandbox.estate.beginning import Change, Happening
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.changes import CutOff, Impair, Note, Turn
from workers.sandbox.scenario.stage import Stage


def node_or_zone(stage: Stage) -> Trouble:
    """A zone loses packets, a database fails over to another zone, or the host under an instance fails."""
    kinds = [_zone, _failover]
    if stage.base.application.on("ec2"):
        kinds.append(_host)
    return kinds[int(stage.rng.integers(len(kinds)))](stage)


def _zone(stage: Stage) -> Trouble:
    """A service's tasks in one zone lose calls to whatever they need; those in the others do not."""
    application = stage.base.application
    service = stage.pick([n for n in stage.served() if application.services[n].edges and _spread(stage, n)])
    lost = stage.share(0.3, 0.6)
    cut = CutOff(stage.onset, service, int(stage.rng.integers(3)), lost)
    return Trouble(Truth(service, "node_or_zone"), (cut,))


def _spread(stage: Stage, service: str) -> bool:
    """Whether it runs in several zones, and often enough that somebody notices one of them."""
    return stage.base.application.services[service].tasks > 1 and stage.rate(service) > 1


def _failover(stage: Stage) -> Trouble:
    """The zone of the primary fails: the standby takes over soon, and old connections stay broken."""
    application = stage.base.application
    name = stage.pick(list(application.databases))
    over = stage.onset + stage.between(60, 120)
    stale = stage.share(0.35, 0.6)
    changes: list[Change] = [Turn(over, name, "failed over", 1.0)]
    for caller in application.callers(name):
        changes += [Turn(stage.onset, caller, f"down {name}", 1.0), Turn(over, caller, f"down {name}", 0.0)]
        if application.services[caller].runs_on != "lambda":
            changes.append(Turn(over, caller, f"stale {name}", stale))
    said = (
        (stage.onset + 9, "Multi-AZ instance failover started.", "failover"),
        (over - 22, "DB instance restarted", "availability"),
        (over + 31, "Multi-AZ instance failover completed", "failover"),
    )
    changes += [Note(at, Happening(at, "rds", name, text, (kind,))) for at, text, kind in said]
    return Trouble(Truth(name, "node_or_zone"), tuple(changes))


def _host(stage: Stage) -> Trouble:
    """The host under one instance fails; the balancer leaves it out, and nothing takes its place."""
    service = stage.pick(stage.served())
    impair = Impair(stage.onset, service, int(stage.rng.integers(8)))
    return Trouble(Truth(service, "node_or_zone"), (impair,))
