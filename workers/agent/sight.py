"""What the journal shows, looked up by place: series, shifts, log patterns, changes, happenings.

A reader over `Investigation`, nothing more: everything is computed anew from journaled results, so a
resumed run sees what the first one saw. "Not asked", "asked and failed" and "asked and empty" differ.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from pydantic import JsonValue

from workers.agent import statistics, steering
from workers.domain.call import (
    ActivityData,
    AlarmData,
    ChangeData,
    Gap,
    HappeningData,
    LogData,
    PassageData,
    SeriesData,
    StateData,
    ToolData,
    TopologyData,
)
from workers.domain.evidence import CausalQuery
from workers.domain.facts import Deviation
from workers.domain.investigation import Investigation
from workers.domain.signal import HEALTHY
from workers.domain.telemetry import (
    COMMITS,
    Activity,
    Alarm,
    Change,
    Happening,
    LogPattern,
    Passage,
    Series,
    Signal,
    Topology,
)

Key = tuple[str, Signal]
READS: dict[str, dict[str, str]] = {
    "aws:ecs-services": {"happenings": "ecs_events", "revision": "ecs_revision"},
    "aws:autoscaling-groups": {"happenings": "autoscaling_events", "revision": "autoscaling_revision"},
    "aws:lambda-functions": {"happenings": "lambda_events", "revision": "lambda_revision"},
    "aws:rds-instances": {"happenings": "rds_events"},
}
"""What is asked about a service by what runs it."""

# A shift in these, in these directions, is trouble of the resource itself.
TROUBLE: dict[str, tuple[tuple[Signal, Literal["up", "down"]], ...]] = {
    "service": ((Signal.ERROR_RATE, "up"), (Signal.LATENCY, "up"), (Signal.ERRORS, "up")),
    "function": ((Signal.ERROR_RATE, "up"), (Signal.LATENCY, "up"), (Signal.ERRORS, "up")),
    "database": (
        (Signal.CPU, "up"),
        (Signal.CONNECTIONS, "up"),
        (Signal.READ_LATENCY, "up"),
        (Signal.WRITE_LATENCY, "up"),
        (Signal.DISK_QUEUE, "up"),
        (Signal.FREE_STORAGE, "down"),
        (Signal.READS, "up"),
    ),
    "cache": ((Signal.HIT_RATIO, "down"), (Signal.CPU, "up"), (Signal.EVICTIONS, "up")),
    "queue": ((Signal.QUEUE_AGE, "up"), (Signal.QUEUE_DEPTH, "up")),
    "synthetic": ((Signal.SUCCESS, "down"),),
}
# What means strain where it leaves what is healthy, whether or not users notice; they notice the first first.
STRAIN = (
    Signal.ERROR_RATE,
    Signal.ERRORS,
    Signal.LATENCY,
    Signal.QUEUE_AGE,
    Signal.QUEUE_DEPTH,
    Signal.MEMORY,
    Signal.CPU,
    Signal.CONNECTIONS,
    Signal.READ_LATENCY,
    Signal.WRITE_LATENCY,
    Signal.DISK_QUEUE,
    Signal.READS,
    Signal.THROTTLES,
    Signal.EVICTIONS,
    Signal.UNHEALTHY,
    Signal.HIT_RATIO,
    Signal.FREE_STORAGE,
    Signal.PROCESSED,
    Signal.SUCCESS,
)
BAD: dict[Signal, Literal["up", "down"]] = {s: "up" if HEALTHY[s] == "low" else "down" for s in STRAIN}
TRACED = "aws:xray"
"""The source of edges that were seen in traces."""
# What users notice.
FACING = (Signal.ERROR_RATE, Signal.LATENCY, Signal.ERRORS, Signal.QUEUE_AGE)
DAY = timedelta(days=1)
TOLERANCE = timedelta(minutes=2)
"""Onsets closer than this are taken for one moment: points are a minute apart, and some are late."""


class Sight:
    """One look at one state of an investigation."""

    def __init__(self, case: Investigation) -> None:
        self.case = case
        self._shifts: dict[Key, Deviation | None] = {}

    # -- answers by kind

    def _answered(self, kind: str) -> Iterator[tuple[CausalQuery, ToolData]]:
        for query_id, query in self.case.queries.items():
            result = self.case.results.get(query_id)
            if result is not None and result.data is not None and result.data.kind == kind:
                yield query, result.data

    @cached_property
    def topology(self) -> Topology:
        """What each tool that was asked told last, put together."""
        told = {q.call.name: d.topology for q, d in self._answered("topology") if isinstance(d, TopologyData)}
        return sum(told.values(), Topology())

    @cached_property
    def series(self) -> dict[Key, Series]:
        """The longest known series of each signal, error rates among them."""
        known: dict[Key, Series] = {}
        self.queries: dict[Key, str] = {}
        for query, data in self._answered("series"):
            if self._days_before(query):
                continue
            for one in data.series if isinstance(data, SeriesData) else ():
                key = (one.service, one.signal)
                if one.signal is Signal.OTHER:
                    continue
                if key not in known or one.window.seconds > known[key].window.seconds:
                    known[key] = one
                    self.queries[key] = query.id
        for service, signal in list(known):
            if signal is Signal.ERRORS and (service, Signal.REQUESTS) in known:
                share = statistics.rate(known[service, signal], known[service, Signal.REQUESTS])
                if share is not None:
                    known[service, Signal.ERROR_RATE] = share
                    self.queries[service, Signal.ERROR_RATE] = self.queries[service, signal]
        return known

    @cached_property
    def drifts(self) -> tuple[Deviation, ...]:
        """What left its usual among the metrics that have only a name of their own."""
        told = [d.series for _, d in self._answered("series") if isinstance(d, SeriesData)]
        own = {(s.service, s.metric): s for some in told for s in some if s.signal is Signal.OTHER}
        return tuple(shift for one in own.values() if (shift := statistics.deviation(one, None)) is not None)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change that may bear on this, oldest first, with the differences that were read meanwhile.

        Of a bucket or a table that nothing we look at needs, it is not weighed who changed it.
        """
        joined = {name for edge in self.topology.edges for name in (edge.caller, edge.callee)}
        read = (self._completed(c) for c in self.told if not c.system or c.service in joined)
        said = steering.changes(self.case, self.topology)
        return tuple(sorted((*read, *said), key=lambda change: change.at))

    @cached_property
    def told(self) -> tuple[Change, ...]:
        """Every change we were told of, oldest first."""
        told = {c.id: c for _, d in self._answered("changes") if isinstance(d, ChangeData) for c in d.changes}
        return tuple(sorted(told.values(), key=lambda change: change.at))

    def _completed(self, change: Change) -> Change:
        for _, data in self._answered("state"):
            state = data.state if isinstance(data, StateData) else {}
            if state.get("after") == change.after and "differences" in state and change.after:
                differences = state["differences"]
                return change.model_copy(
                    update={
                        "before": str(state.get("before", "")),
                        "differences": tuple(str(d) for d in differences)
                        if isinstance(differences, list)
                        else (),
                    }
                )
        return change

    @property
    def recorded(self) -> bool:
        """Whether all of the record of changes could be read, so that what is not in it did not happen."""
        query = self.asked("changes")
        result = self.case.results.get(query.id) if query is not None else None
        if result is None or not result.ok:
            return False
        return all(gap.what == COMMITS for gap in result.gaps)

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        found = [data.alarms for _, data in self._answered("alarms") if isinstance(data, AlarmData)]
        return found[-1] if found else ()

    @cached_property
    def activity(self) -> tuple[Activity, ...]:
        """What the places did, by operation, call and kind of line."""
        found = (data.activity for _, data in self._answered("activity") if isinstance(data, ActivityData))
        return tuple(one for some in found for one in some)

    def logs(self, service: str) -> tuple[LogPattern, ...] | None:
        """The patterns of a service, or `None` when its logs were not asked for or did not answer."""
        for query, data in self._answered("logs"):
            if query.call.arguments.get("service") == service and isinstance(data, LogData):
                return data.patterns
        return None

    def happenings(self, service: str) -> tuple[Happening, ...] | None:
        for query, data in self._answered("happenings"):
            if query.call.arguments.get("service") == service and isinstance(data, HappeningData):
                return data.happenings
        return None

    def passages(self, hypothesis: str) -> tuple[Passage, ...]:
        found = [
            data.passages
            for query, data in self._answered("passages")
            if query.hypothesis == hypothesis and isinstance(data, PassageData)
        ]
        return tuple(passage for some in found for passage in some)

    def earlier(self, place: str, days: int) -> tuple[str, dict[Signal, Series]]:
        """The series of a place at this hour so many days before, with the query that told or is to tell."""
        for query in self.case.queries.values():
            if self._days_before(query) == days and _asks_about(query, place):
                result = self.case.results.get(query.id)
                data = result.data if result is not None else None
                found = data.series if isinstance(data, SeriesData) else ()
                return query.id, {one.signal: one for one in found if one.service == place}
        return "", {}

    def _days_before(self, query: CausalQuery) -> int:
        """How many days before the report the series are from that it asks for."""
        return round((self.case.incident.at - query.window.end) / DAY) if query.call.name == "series" else 0

    def failed(self, place: str) -> bool:
        """Whether a question about this place gave no answer."""
        results, queries = self.case.results, self.case.queries
        return any(not r.ok and queries[k].call.arguments.get("service") == place for k, r in results.items())

    def read(self, kind: str, place: str) -> str:
        """The action that answers this kind of question about a place; empty where nothing does."""
        if kind == "zones":
            return "cloudwatch_zones"
        resource = self.topology.find(place)
        return "logs" if kind == "logs" else READS.get(resource.system if resource else "", {}).get(kind, "")

    def zones(self, service: str) -> tuple[str | None, dict[str, tuple[float, float]]]:
        """Requests and errors of a service by availability zone since the onset, with the query that told."""
        for query, data in self._answered("state"):
            state = data.state if isinstance(data, StateData) else {}
            zones = state.get("zones")
            if state.get("zones_of") == service and isinstance(zones, dict):
                return query.id, {zone: _pair(counts) for zone, counts in zones.items()}
        return None, {}

    def traced(self, place: str) -> bool:
        """Whether anything is traced there."""
        return any(e.source == TRACED and place in (e.caller, e.callee) for e in self.topology.edges)

    def traces(self, service: str) -> tuple[str, int, dict[str, int]]:
        """The query that told of failed traces of a service, how many there are, and where they end."""
        for query, data in self._answered("state"):
            state = data.state if isinstance(data, StateData) else {}
            traces, causes = state.get("traces"), state.get("causes")
            if state.get("traces_of") == service and isinstance(causes, list) and isinstance(traces, int):
                ends: Counter[str] = Counter()
                for one in causes:
                    count = one.get("traces") if isinstance(one, dict) else 0
                    name = one.get("service") if isinstance(one, dict) else ""
                    ends[str(name)] += count if isinstance(count, int) else 0
                return query.id, traces, dict(ends)
        return "", 0, {}

    def asked(self, action: str, **arguments: str) -> CausalQuery | None:
        """The query of this action about these arguments, answered or not."""
        for query in self.case.queries.values():
            same = all(query.call.arguments.get(key) == value for key, value in arguments.items())
            if query.call.name == action and same:
                return query
        return None

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be seen and bears on this: failed calls, missing parts about suspected places."""
        concerned = {"", self.symptom, *(h.where for h in self.case.tree.nodes)}
        aside = steering.gaps(self.case, self.topology)
        return (*(gap for gap in self._all_gaps() if gap.about in concerned), *aside)

    def _all_gaps(self) -> tuple[Gap, ...]:
        found: dict[tuple[str, str], Gap] = {}  # one a cause: a part that is away is said once
        for query_id, query in self.case.queries.items():  # results come in any order
            result = self.case.results.get(query_id)
            if result is None:
                continue
            if result.failure is not None:
                what = query.call.why or query.call.name
                failure = result.failure
                gap = Gap(what=what, why=failure.message, mend=failure.mend, permission=failure.permission)
                found.setdefault((gap.about, gap.permission or gap.why), gap)
            for gap in () if self._days_before(query) else result.gaps:  # not everybody has a history
                found.setdefault((gap.about, gap.permission or gap.why), gap)
        return tuple(found.values())

    # -- what moved

    def shift(self, service: str, signal: Signal) -> Deviation | None:
        key = (service, signal)
        if key not in self._shifts:
            one = self.series.get(key)
            self._shifts[key] = statistics.deviation(one, self._asked_for(key)) if one is not None else None
        return self._shifts[key]

    def _asked_for(self, key: Key) -> Series | None:
        """The requests that an error rate is a share of."""
        return self.series.get((key[0], Signal.REQUESTS)) if key[1] is Signal.ERROR_RATE else None

    def known(self, service: str, signal: Signal) -> bool:
        """Whether there are points enough to say that a signal did or did not move."""
        one = self.series.get((service, signal))
        return one is not None and statistics.baseline(one) is not None

    def seen(self, service: str, signal: Signal) -> bool:
        """Whether a signal can be seen now, so that it would show if it had moved."""
        return self.known(service, signal) and not statistics.stopped(self.series[service, signal])

    def trouble(self, service: str) -> tuple[Deviation, ...]:
        """The shifts that mean trouble of this resource, most telling first."""
        resource = self.topology.find(service)
        wanted = TROUBLE.get(resource.kind if resource else "service", ())
        found = (
            shift
            for signal, direction in wanted
            if (shift := self.shift(service, signal)) is not None and shift.direction == direction
        )
        return tuple(found)

    def strained(self, service: str) -> tuple[Deviation, ...]:
        """Every shift of a resource in its bad direction, what users notice first."""
        found = ((s, way) for s, way in BAD.items() if (service, s) in self.series)
        shifts = (shift for s, way in found if (shift := self.shift(service, s)) and shift.direction == way)
        return tuple(shifts)

    def above(self, place: str) -> frozenset[str]:
        """Everything that needs `place`, directly or not."""
        names = (resource.name for resource in self.topology.resources if resource.name != place)
        return frozenset(name for name in names if place in self.topology.downstream(name))

    @property
    def symptom(self) -> str:
        return self.case.facts.service if self.case.facts else ""

    @property
    def onset(self) -> datetime | None:
        return self.case.facts.since if self.case.facts else None

    @property
    def slack(self) -> timedelta:
        return timedelta(seconds=self.case.facts.slack if self.case.facts else 0)

    def in_time(self, shift: Deviation) -> bool:
        """Whether a shift can belong to this incident: no later than the symptom, not hours before it."""
        if self.onset is None:
            return False
        late = shift.onset - self.onset
        return timedelta(minutes=-45) <= late <= self.slack + 2 * TOLERANCE


def _asks_about(query: CausalQuery, place: str) -> bool:
    """Whether series of a place are among those that are asked for."""
    targets = query.call.arguments.get("targets")
    found = targets if isinstance(targets, list) else []
    return any(isinstance(one, dict) and one.get("service") == place for one in found)


def _pair(counts: JsonValue) -> tuple[float, float]:
    """Requests and errors, as `cloudwatch_zones` told them of the time since the onset."""
    now = counts.get("now") if isinstance(counts, dict) else None
    pair = [float(n) for n in now if isinstance(n, (int, float))] if isinstance(now, list) else []
    return (pair[0], pair[1]) if len(pair) == 2 else (0.0, 0.0)
