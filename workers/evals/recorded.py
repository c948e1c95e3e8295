"""A recorded incident as a system that can be asked: the same questions and answers as a live one's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workers.domain.call import ActivityData, AlarmData, ChangeData, Gap, LogData, SeriesData, TopologyData
from workers.domain.risk import Risk
from workers.domain.telemetry import Activity, Alarm, Change, LogPattern, Series, Signal, Topology, Unit
from workers.domain.value import Value
from workers.domain.window import Window, from_epoch
from workers.evals.replay import Journal
from workers.tools.action import Answer, Period, Target, Toolset, action
from workers.tools.templates import Level

Key = tuple[str, Signal]
Template = str


class Counted(Value):
    """Lines of one template: how many in each minute (Unix seconds of its start)."""

    level: Level
    example: str
    minutes: dict[int, int]


@dataclass(frozen=True)
class Recorded:
    """All that may be seen of one incident. `text` is what was reported, `at` when it is looked into."""

    id: str
    at: datetime
    text: str
    topology: Topology
    series: Mapping[Key, Series]
    alarms: tuple[Alarm, ...] = ()
    changes: tuple[Change, ...] = ()
    logs: Mapping[str, tuple[LogPattern, ...]] = field(default_factory=dict[str, tuple[LogPattern, ...]])
    activity: tuple[Activity, ...] = ()
    own: tuple[Series, ...] = ()
    """Series that have only a name of their own."""
    lines: Mapping[str, Mapping[Template, Counted]] = field(
        default_factory=dict[str, Mapping[Template, Counted]]
    )
    """The lines of each service by template, counted by the minute."""
    candidates: tuple[str, ...] = ()
    """What may be named as the place of the cause; empty where everything may."""
    journal: Journal | None = None
    """What was asked before, where an investigation was recorded: then only that is answered."""


def on_grid(
    key: Key,
    points: Mapping[int, float],
    window: Window,
    period: int,
    *,
    unit: Unit,
    stat: str,
    reference: tuple[float, ...] = (),
) -> Series:
    """A series of recorded points, by epoch seconds; `None` where the record has none."""
    start, count = int(window.start.timestamp()), round(window.seconds / period)
    return Series(
        service=key[0],
        signal=key[1],
        unit=unit,
        stat=stat,
        window=window,
        period=period,
        values=tuple(points.get(start + i * period) for i in range(count)),
        source="recorded",
        reference=reference,
    )


@action(risk=Risk.READ, answers="topology", name="topology")
def topology(recorded: Recorded) -> Answer:
    """What there is, and who needs whom."""
    return Answer(data=TopologyData(topology=recorded.topology), source="recorded")


@action(risk=Risk.READ, answers="alarms", name="alarms")
def alarms(recorded: Recorded, window: Window) -> Answer:
    """The alarms that fired."""
    return Answer(data=AlarmData(alarms=recorded.alarms), source="recorded:alarms")


@action(risk=Risk.READ, answers="changes", name="changes")
def changes(recorded: Recorded, window: Window) -> Answer:
    """What was changed in the window."""
    inside = tuple(change for change in recorded.changes if window.holds(change.at))
    return Answer(data=ChangeData(changes=inside), source="recorded:changes")


@action(risk=Risk.READ, answers="series", name="series")
def series(recorded: Recorded, targets: tuple[Target, ...], window: Window, period: Period = 60) -> Answer:
    """The series as they were recorded, at their own resolution; a gap for each that was not."""
    wanted = [(target.service, target.signal) for target in targets]
    gaps = tuple(
        Gap(what=f"{signal.value} of {service}", about=service, why="it was not recorded")
        for service, signal in wanted
        if (service, signal) not in recorded.series
    )
    found = tuple(recorded.series[key] for key in wanted if key in recorded.series)
    return Answer(data=SeriesData(series=found), source="recorded", gaps=gaps)


@action(risk=Risk.READ, answers="logs", name="logs")
def logs(recorded: Recorded, service: str, window: Window, before: Window) -> Answer:
    """The patterns of a service's lines."""
    counted = recorded.lines.get(service, {}).items()
    mined = (_pattern(service, name, one, window, before) for name, one in counted)
    patterns = (*recorded.logs.get(service, ()), *(p for p in mined if p.count or p.before))
    return Answer(
        data=LogData(patterns=patterns, lines=sum(p.count for p in patterns)), source=f"logs:{service}"
    )


@action(risk=Risk.READ, answers="activity", name="activity")
def activity(recorded: Recorded, services: tuple[str, ...], window: Window) -> Answer:
    """What each service did by minute: operations, calls with their time on the wire, kinds of log lines."""
    found = tuple(one for one in recorded.activity if one.service in services)
    return Answer(data=ActivityData(activity=found), source="recorded")


def _pattern(service: str, template: str, one: Counted, window: Window, before: Window) -> LogPattern:
    def inside(of: Window) -> int:
        return sum(n for at, n in one.minutes.items() if of.holds(from_epoch(at)))

    return LogPattern(
        service=service,
        template=template,
        level=one.level,
        count=inside(window),
        before=inside(before),
        seconds=window.seconds,
        before_seconds=before.seconds,
        example=one.example,
        source=f"logs:{service}",
    )


@action(risk=Risk.READ, answers="series", name="measures")
def measures(recorded: Recorded, services: tuple[str, ...], window: Window) -> Answer:
    """Every metric of these services, whatever its name."""
    known = (*recorded.series.values(), *recorded.own)
    return Answer(data=SeriesData(series=tuple(s for s in known if s.service in services)), source="recorded")


TOOLSET = Toolset(name="recorded", actions=(topology, alarms, changes, series, measures, logs, activity))
