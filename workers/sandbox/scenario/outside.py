"""Faults that come from outside: a third party, a surge of traffic, an alarm that somebody edited."""

from workers.sandbox.estate.beginning import Change
from workers.sandbox.scenario.alarming import LowerAlarm
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.changes import Agent, Turn
from workers.sandbox.scenario.loads import answering
from workers.sandbox.scenario.people import somebody
from workers.sandbox.scenario.stage import Stage

CRAWLERS = (
    "Mozilla/5.0 (compatible; PriceRadarBot/2.4; +https://priceradar.example/bot)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (compatible; LinkHarvest/1.1; +https://linkharvest.example)",
)
RAMP = (0.35, 0.7, 1.0)


def third_party_down(stage: Stage) -> Trouble:
    """An outside host gets slow, fails, or does not answer at all; nobody changed anything here."""
    host = stage.pick(list(stage.base.application.externals))
    kind = int(stage.rng.integers(3))
    figures: list[dict[str, float]] = [
        {"slow": stage.between(25, 45) * stage.strength},
        {"errors": stage.share(0.55, 0.9), "slow": stage.between(0.6, 2.0)},
        {"hangs": stage.share(0.6, 0.95)},
    ]
    changes = tuple(Turn(stage.onset, host, figure, value) for figure, value in figures[kind].items())
    return Trouble(Truth(host, "third_party_down"), changes)


def quota_exceeded(stage: Stage) -> Trouble:
    """A limit is reached: of concurrent functions in the account, or of calls to an outside host."""
    services = stage.base.application.services
    functions = [name for name, spec in services.items() if spec.runs_on == "lambda" and not spec.alias]
    if functions:
        service = stage.pick(functions)
        spec = services[service]
        needed = stage.rate(service) * spec.own_ms / 1000 / spec.tasks
        limited = 1 - needed * stage.between(0.2, 0.5) / stage.strength
        return Trouble(Truth(service, "quota_exceeded"), (Turn(stage.onset, service, "limited", limited),))
    host = next(iter(stage.base.application.externals))
    service = stage.pick(stage.base.application.callers(host))
    ceiling = stage.rate(service) * stage.between(0.15, 0.4) / stage.strength
    changes = (Turn(stage.onset, service, f"ceiling {host}", ceiling),)
    return Trouble(Truth(service, "quota_exceeded"), changes)


def traffic_surge(stage: Stage) -> Trouble:
    """One kind of request multiplies within two minutes, until the entry has nothing left to work with."""
    application = stage.base.application
    entry = stage.pick([application.traffic.entry])
    spec = application.services[entry]
    routes = [r for r in spec.routes if r.path.startswith("GET") and r.share >= 0.15]
    route = routes[int(stage.rng.integers(len(routes)))]
    ceiling = spec.tasks * spec.cpu / 1024 / (spec.cpu_ms / 1000)
    if spec.runs_on == "lambda":
        ceiling = spec.tasks / answering(stage.base.application, entry, route)
    wanted = ceiling * stage.between(1.06, 1.3) * stage.strength / stage.rate(entry)
    total = sum(r.share for r in spec.routes)
    factor = 1 + (wanted - 1) * total / route.share
    changes: list[Change] = [
        Turn(stage.onset + 20 * nth, entry, f"route {route.path}", 1 + (factor - 1) * part)
        for nth, part in enumerate(RAMP)
    ]
    if stage.rng.random() < 0.7:
        crawler = CRAWLERS[int(stage.rng.integers(len(CRAWLERS)))]
        changes.append(Agent(stage.onset, route.path, crawler))
    return Trouble(Truth(entry, "traffic_surge"), tuple(changes))


def alarm_edited(stage: Stage) -> Trouble:
    """Nothing is wrong: somebody lowered a threshold below what is usual."""
    usable = [
        alarm for alarm in stage.base.alarms if alarm.metric in ("TargetResponseTime", "CPUUtilization")
    ]
    alarm = usable[int(stage.rng.integers(len(usable)))]
    part = next(s.part for s in stage.base.series if (s.namespace, s.name, s.dimensions) == alarm.key)
    stage.taken.add(part)
    edit = LowerAlarm(stage.onset, alarm.name, stage.between(0.55, 0.8), somebody(stage.rng))
    return Trouble(Truth(part, "alarm_edited"), (edit,), alarm.name)
