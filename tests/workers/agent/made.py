"""A made world: what the systems would answer, held in memory, asked through the real gate.

A test begins with a healthy shop, breaks something in it, and lets the real reasoner investigate.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from tests.workers import making
from workers.agent.investigator import Investigator
from workers.agent.reasoner import Reasoner
from workers.agent.rules import RuleReasoner
from workers.agent.sight import Sight
from workers.domain.approval import Asked
from workers.domain.budget import Budget
from workers.domain.call import (
    AlarmData,
    ChangeData,
    Gap,
    HappeningData,
    LogData,
    PassageData,
    ResourceData,
    SeriesData,
    StateData,
    ToolCall,
    TopologyData,
)
from workers.domain.errors import AccessDenied
from workers.domain.event import Event, QueryAnswered, QueryAsked, QueryFailed
from workers.domain.investigation import Investigation
from workers.domain.naming import Meant
from workers.domain.risk import Risk
from workers.domain.telemetry import (
    Alarm,
    Change,
    Edge,
    Happening,
    LogPattern,
    Passage,
    Resource,
    Series,
    Signal,
    Topology,
)
from workers.domain.window import Window
from workers.safety.gate import Gate
from workers.safety.policy import Policy
from workers.tools.action import Answer, Toolset, action
from workers.tools.cloudwatch import Target

Floats = NDArray[np.float64]
MINUTES = 180
ONSET = -18
"""When what a test breaks begins, in minutes before the report."""

KINDS: dict[str, Any] = {
    "web": "service",
    "checkout": "service",
    "catalog": "service",
    "fulfilment": "service",
    "shop-db": "database",
    "shop-cache": "cache",
    "orders": "queue",
    "api.pay.example": "external",
}
NEEDS = (
    ("web", "checkout"),
    ("web", "catalog"),
    ("checkout", "shop-db"),
    ("checkout", "shop-cache"),
    ("checkout", "orders"),
    ("checkout", "api.pay.example"),
    ("catalog", "shop-db"),
    ("catalog", "shop-cache"),
    ("orders", "fulfilment"),
    ("fulfilment", "shop-db"),
)
# What is usual: the middle, and how far points scatter around it (as a share).
USUAL: dict[str, dict[Signal, tuple[float, float]]] = {
    "service": {
        Signal.REQUESTS: (600, 0.03),
        Signal.ERRORS: (0.6, 1.0),
        Signal.LATENCY: (0.2, 0.04),
        Signal.CPU: (30, 0.05),
        Signal.MEMORY: (50, 0.01),
    },
    "database": {
        Signal.CPU: (35, 0.05),
        Signal.CONNECTIONS: (40, 0.08),
        Signal.READS: (300, 0.05),
        Signal.WRITES: (80, 0.05),
        Signal.READ_LATENCY: (0.002, 0.05),
        Signal.WRITE_LATENCY: (0.004, 0.05),
        Signal.DISK_QUEUE: (0.5, 0.1),
        Signal.FREE_STORAGE: (40e9, 0.0005),
    },
    "cache": {
        Signal.CPU: (12, 0.05),
        Signal.HITS: (4000, 0.03),
        Signal.MISSES: (200, 0.05),
        Signal.HIT_RATIO: (0.95, 0.003),
        Signal.EVICTIONS: (0.0, 0.0),
        Signal.CONNECTIONS: (30, 0.05),
    },
    "queue": {
        Signal.QUEUE_AGE: (2, 0.3),
        Signal.QUEUE_DEPTH: (3, 0.4),
        Signal.SENT: (50, 0.1),
        Signal.PROCESSED: (50, 0.1),
    },
}


# Whose events and revisions are asked for.
SYSTEMS = {"service": "aws:ecs-services", "function": "aws:ecs-services"}


@dataclass
class World:
    """What there is to be seen, and what was asked.

    `denied` maps an action, or `action service`, to the permission that is missing.
    """

    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    needs: tuple[tuple[str, str], ...] = NEEDS
    points: dict[tuple[str, Signal], Floats] = field(default_factory=dict[tuple[str, Signal], Floats])
    earlier: dict[int, dict[tuple[str, Signal], Floats]] = field(default_factory=dict[int, Any])
    """The same minutes so many days before, where a test gives them."""
    changes: list[Change] = field(default_factory=list[Change])
    alarms: list[Alarm] = field(default_factory=list[Alarm])
    logs: dict[str, list[LogPattern]] = field(default_factory=dict[str, list[LogPattern]])
    happenings: dict[str, list[Happening]] = field(default_factory=dict[str, list[Happening]])
    differences: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    passages: list[Passage] = field(default_factory=list[Passage])
    estate: list[Resource] = field(default_factory=list[Resource])
    spent: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    traces: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    denied: dict[str, str] = field(default_factory=dict[str, str])
    unread: tuple[Gap, ...] = ()
    asked: list[ToolCall] = field(default_factory=list[ToolCall])
    lock: threading.Lock = field(default_factory=threading.Lock)

    # -- what a test breaks

    def moves(self, service: str, signal: Signal, to: float, onset: float = ONSET, end: float = 0) -> None:
        """From `onset` until `end` the signal is around `to`."""
        values = self.points[service, signal]
        first, last = MINUTES + round(onset), MINUTES + round(end)
        values[first:last] = to * (1 + 0.02 * np.sin(np.arange(last - first)))

    def shaped(self, service: str, signal: Signal, shape: Callable[[Floats], Floats]) -> None:
        """The signal as a function of the minute, from -180 to -1."""
        self.points[service, signal] = shape(np.arange(-MINUTES, 0, dtype=np.float64))

    def hurts(self, *services: str, onset: float = ONSET, errors: float = 90, latency: float = 2.5) -> None:
        """What users notice at these services."""
        for service in services:
            self.moves(service, Signal.ERRORS, errors, onset)
            self.moves(service, Signal.LATENCY, latency, onset)

    def lost(self, service: str, *signals: Signal) -> None:
        """No point of these signals ever came."""
        for signal in signals:
            self.points[service, signal] = np.full(MINUTES, np.nan)

    def deployed(self, service: str, at: float, *differences: str, revision: int = 42) -> Change:
        """A revision rolled out so many minutes from now, and what it differs in."""
        after, before = f"{service}:{revision}", f"{service}:{revision - 1}"
        change = Change(
            id=f"deploy-{service}-{revision}",
            at=making.at(at),
            kind="deployment",
            service=service,
            summary=f"{after} was deployed to {service}",
            before=before,
            after=after,
            source="cloudtrail",
        )
        self.changes.append(change)
        self.differences[after] = differences
        return change

    def changed(self, kind: Any, service: str, at: float, summary: str, system: str = "") -> None:
        """Somebody altered something that is no revision, with `system` something that is only listed."""
        change = Change(
            id=f"{kind}-{service}",
            at=making.at(at),
            kind=kind,
            service=service,
            summary=summary,
            system=system,
            source="cloudtrail",
        )
        self.changes.append(change)

    def says(
        self, service: str, text: str, *, count: int = 60, before: int = 0, level: str = "error"
    ) -> None:
        """A pattern of log lines, so many times since the onset and so many in the hour before."""
        pattern = LogPattern.model_validate(
            {
                "service": service,
                "template": text,
                "level": level,
                "count": count,
                "before": before,
                "seconds": 1140,
                "before_seconds": 3600,
                "first_seen": making.at(ONSET),
                "example": text,
                "source": f"logs:{service}",
            }
        )
        self.logs.setdefault(service, []).append(pattern)

    def told(self, service: str, kind: str, text: str, at: float, times: int = 1) -> None:
        """What ECS reports of a service."""
        for time in range(times):
            happening = Happening.model_validate(
                {
                    "at": making.at(at + time),
                    "service": service,
                    "kind": kind,
                    "text": text,
                    "source": f"ecs:{service}",
                }
            )
            self.happenings.setdefault(service, []).append(happening)

    def rings(
        self,
        service: str,
        *,
        edited: float | None = None,
        name: str = "",
        since: float = -12,
        signal: Signal = Signal.LATENCY,
    ) -> None:
        """An alarm on a service fires; it may have been edited."""
        alarm = Alarm(
            name=name or f"{service}-{signal}",
            service=service,
            signal=signal,
            state="alarm",
            since=making.at(since),
            edited_at=making.at(edited) if edited is not None else None,
            source="cloudwatch:alarms",
        )
        self.alarms.append(alarm)

    def sets(self, service: str, **attributes: str) -> None:
        resource = self.resources[service]
        self.resources[service] = resource.model_copy(
            update={"attributes": {**resource.attributes, **attributes}}
        )

    # -- how it is asked

    def guard(self, name: str, service: str = "", **arguments: Any) -> None:
        with self.lock:
            self.asked.append(ToolCall(name=name, arguments={"service": service, **arguments}))
        permission = self.denied.get(f"{name} {service}") or self.denied.get(name)
        if permission:
            raise AccessDenied(permission, who="arn:aws:iam::1:user/worker")

    def series(self, service: str, signal: Signal, window: Window) -> Series:
        ended = window.end
        values = self.points[service, signal]
        if days := round((making.NOON - ended) / timedelta(days=1)):
            before = self.earlier.get(days, {})
            values, ended = before.get((service, signal), np.zeros(0)), ended + timedelta(days=days)
        last = MINUTES + round((ended - making.NOON).total_seconds() / 60)
        first = last - round(window.seconds / 60)
        shown = [None if np.isnan(v) else float(v) for v in values[max(0, first) : last]]
        one = making.series(shown, signal=signal, service=service)
        stat = "sum" if one.unit == "count" else "average"
        source = f"cloudwatch:AWS/{KINDS.get(service, 'service')} {signal}"
        return one.model_copy(update={"window": window, "stat": stat, "source": source})


def shop() -> World:
    """A healthy shop: every signal at its usual level, with a little noise."""
    world = World()
    for name, kind in KINDS.items():
        attributes = {"log_group": f"/ecs/{name}"} if kind in ("service", "database") else {}
        if kind == "service":
            attributes |= {"cluster": "shop", "desired": "3", "running": "3"}
        if name in ("web", "checkout", "catalog"):
            attributes["target_group"] = f"targetgroup/{name}/1"
        world.resources[name] = Resource(
            name=name, kind=kind, id=name, system=SYSTEMS.get(kind, "test"), attributes=attributes
        )
        for number, (signal, (middle, scatter)) in enumerate(USUAL.get(kind, {}).items()):
            chance = np.random.default_rng([number, *name.encode()])
            world.points[name, signal] = np.abs(middle * (1 + scatter * chance.normal(0, 1, MINUTES)))
    return world


@action(risk=Risk.READ, answers="topology")
def topology(world: World) -> Answer:
    """What runs."""
    world.guard("topology")
    edges = tuple(
        Edge(caller=a, callee=b, source="aws:xray" if world.traces else "test") for a, b in world.needs
    )
    return Answer(
        data=TopologyData(topology=Topology(resources=tuple(world.resources.values()), edges=edges)),
        source="aws",
    )


@action(risk=Risk.READ, answers="alarms")
def alarms(world: World, window: Window) -> Answer:
    """Alarms."""
    world.guard("alarms")
    return Answer(data=AlarmData(alarms=tuple(world.alarms)), source="cloudwatch:alarms")


@action(risk=Risk.READ, answers="changes")
def changes(world: World, window: Window) -> Answer:
    """Changes."""
    world.guard("changes")
    inside = tuple(change for change in world.changes if window.holds(change.at))
    return Answer(data=ChangeData(changes=inside), source="changes", gaps=world.unread)


@action(risk=Risk.READ, answers="series")
def series(world: World, targets: tuple[Target, ...], window: Window, period: int = 60) -> Answer:
    """Series, all of them or a gap for each that is denied or has no points."""
    world.guard("series", period=period)
    wanted = [t for t in targets if (t.service, t.signal) in world.points]
    shown = tuple(world.series(t.service, t.signal, window) for t in wanted)
    gaps = tuple(
        Gap(what=f"{s.signal} of {s.service}", about=s.service, why="no points in the window")
        for s in shown
        if s.empty
    )
    return Answer(data=SeriesData(series=shown), source="cloudwatch", gaps=gaps)


@action(risk=Risk.READ, answers="logs")
def logs(world: World, service: str, window: Window, before: Window) -> Answer:
    """Log patterns."""
    world.guard("logs", service)
    patterns = tuple(world.logs.get(service, ()))
    return Answer(
        data=LogData(patterns=patterns, lines=sum(p.count for p in patterns)), source=f"logs:{service}"
    )


@action(risk=Risk.READ, answers="happenings")
def ecs_events(world: World, service: str, window: Window) -> Answer:
    """Platform events."""
    world.guard("ecs_events", service)
    inside = tuple(h for h in world.happenings.get(service, ()) if window.holds(h.at))
    return Answer(data=HappeningData(happenings=inside), source=f"ecs:{service}")


@action(risk=Risk.READ, answers="state")
def ecs_revision(world: World, service: str, after: str, before: str = "") -> Answer:
    """What a revision differs in."""
    world.guard("ecs_revision", service, after=after)
    family, _, number = after.rpartition(":")
    before = before or f"{family}:{int(number) - 1}"
    found: dict[str, JsonValue] = {
        "service": service,
        "before": before,
        "after": after,
        "differences": [*world.differences[after]],
    }
    return Answer(data=StateData(state=found), source="ecs:task-definition")


@action(risk=Risk.READ, answers="state")
def ecs_service(world: World, cluster: str, service: str) -> Answer:
    """The state of a service now."""
    world.guard("ecs_service", service)
    revisions = [c.after for c in world.changes if c.service == service] or [f"{service}:1"]
    return Answer(data=StateData(state={"taskDefinition": revisions[-1], "desiredCount": 3}), source="ecs")


@action(risk=Risk.READ, answers="passages")
def runbook_search(world: World, text: str, services: tuple[str, ...] = (), limit: int = 3) -> Answer:
    """Runbooks."""
    world.guard("runbook_search", text=text)
    return Answer(data=PassageData(passages=tuple(world.passages)), source="runbooks")


@action(risk=Risk.READ, answers="resources")
def aws_query(world: World, what: str, name: str = "") -> Answer:
    """What there is."""
    world.guard("aws_query", what=what)
    return Answer(data=ResourceData(resources=tuple(world.estate)), source="aws")


@action(risk=Risk.READ, answers="series")
def aws_watch(world: World, what: str, window: Window, name: str = "") -> Answer:
    """All that is measured of what is named."""
    world.guard("aws_watch", what=what)
    found = [world.series(*key, window) for key in world.points if key[0] in what.split()]
    return Answer(data=SeriesData(series=tuple(found)), source="cloudwatch", gaps=world.unread)


@action(risk=Risk.READ, answers="state")
def aws_cost(world: World, window: Window) -> Answer:
    """What AWS costs."""
    world.guard("aws_cost", window=window.model_dump(mode="json"))
    return Answer(data=StateData(state=world.spent), source="cost explorer")


@action(risk=Risk.READ, answers="state")
def xray_traces(world: World, service: str, window: Window) -> Answer:
    """Where traces fail."""
    world.guard("xray_traces", service)
    ends = world.traces.get(service, {})
    causes: list[JsonValue] = [{"service": place, "traces": count} for place, count in ends.items()]
    state: dict[str, JsonValue] = {"traces_of": service, "traces": sum(ends.values()), "causes": causes}
    return Answer(data=StateData(state=state), source="xray")


TOOLS = Toolset(
    name="made",
    actions=(
        topology,
        alarms,
        changes,
        series,
        logs,
        ecs_events,
        ecs_revision,
        ecs_service,
        runbook_search,
        aws_query,
        aws_watch,
        aws_cost,
        xray_traces,
    ),
)
POLICY = Policy(approvers=("U0BEN",), quorum=1, ttl=timedelta(minutes=15))


class Clock:
    """A clock that moves a little whenever somebody looks at it."""

    def __init__(self, step: float = 0.01) -> None:
        self._now, self._step, self._lock = making.NOON, timedelta(seconds=step), threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self._now += self._step
            return self._now


def gate(world: World) -> Gate:
    return Gate([(TOOLS, world)], Clock())


def investigator(
    world: World,
    case: Investigation,
    *,
    budget: Budget | None = None,
    now: Callable[[], datetime] | None = None,
    reasoner: Reasoner | None = None,
    before: Callable[[], tuple[Investigation, ...]] = tuple,
    others: Callable[[], tuple[Asked, ...]] = tuple,
    meant: Callable[[str], Meant | None] = lambda _: None,
) -> Investigator:
    mind = reasoner or RuleReasoner()
    asks = gate(world)
    return Investigator(case, mind, asks, POLICY, budget or Budget(), now or Clock(), before, others, meant)


def investigate(
    world: World, text: str = "checkout is slow", *, budget: Budget | None = None, **reported: Any
) -> Investigation:
    """Everything the reasoner does with a report, without a remedy's approval being decided."""
    run = investigator(world, begun(text, **reported), budget=budget)
    for _ in run.run():
        pass
    return run.case


def begun(text: str, **reported: Any) -> Investigation:
    return making.case(text=text, **reported)


def journal(world: World, text: str = "checkout is slow") -> tuple[Event, ...]:
    return (making.reported(text), *investigator(world, begun(text)).run())


# -- one look at what is known


def sight(world: World, text: str = "checkout is slow", *asked: tuple[str, dict[str, Any]]) -> Sight:
    """What can be seen once the facts are known and these questions have been asked as well."""
    run = investigator(world, begun(text))
    for event in run.run():
        if event.type == "FactsGathered":
            break
    return Sight(more(world, run.case, asked))


def more(world: World, case: Investigation, asked: Iterable[tuple[str, dict[str, Any]]]) -> Investigation:
    """The case after these questions."""
    through = gate(world)
    for number, (name, arguments) in enumerate(asked, 1):
        if name in ("logs", "ecs_events", "xray_traces"):
            arguments = {**arguments, "window": making.window(-20, 0).model_dump(mode="json")}
        if name == "logs":
            arguments["before"] = making.window(-80, -20).model_dump(mode="json")
        query = making.query(f"x{number}", call=ToolCall(name=name, arguments=arguments))
        case = case.apply(QueryAsked(at=making.NOON, query=query))
        result = through.run(query.call)
        kind = QueryAnswered if result.ok else QueryFailed
        case = case.apply(kind(at=making.NOON, query=query.id, result=result))
    return case
