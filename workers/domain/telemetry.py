"""Telemetry in one shape, whatever system answers.

The engine sees series, log patterns, changes, alarms, happenings and a topology; which
vendor they came from stands in `source`, for the reader and for counting independent sources.
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from workers.domain.signal import Healthy, Signal
from workers.domain.value import Value
from workers.domain.window import Window

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


Unit = Literal["count", "seconds", "percent", "ratio", "bytes", "per_second"]


class Series(Value):
    """One signal of one resource on a regular grid.

    `values[i]` covers `window.start + i * period` for `period` seconds; `None` means no point came,
    which is neither zero nor healthy. `lag` is how many seconds late this source usually is. `reference`
    are points of a time that was in order (the days before), where the source has any. `metric` is its own
    system's name for it, where that says more than `signal` (always with `Signal.OTHER`). `healthy` stands
    where its row says another than `HEALTHY`.
    """

    service: str
    signal: Signal
    unit: Unit
    stat: str
    window: Window
    period: int
    values: tuple[float | None, ...]
    source: str
    link: str = ""
    lag: int = 0
    reference: tuple[float, ...] = ()
    metric: str = ""
    healthy: Healthy | None = None

    def time(self, index: int) -> datetime:
        return self.window.start + timedelta(seconds=index * self.period)

    @property
    def newest(self) -> datetime | None:
        """The end of the last period that has a point."""
        for index in range(len(self.values) - 1, -1, -1):
            if self.values[index] is not None:
                return self.time(index + 1)
        return None

    @property
    def empty(self) -> bool:
        return self.newest is None


ResourceKind = Literal[
    "service",
    "function",
    "database",
    "cache",
    "queue",
    "balancer",
    "synthetic",
    "external",
    "cluster",
    "unknown",
]


SIGNALS = "signals"
"""The attribute of a resource that names what is measured of it, where its kind does not tell."""
TAGS = ("service", "app", "application", "component", "app.kubernetes.io/name")
"""The tags that say what a thing is a part of, the narrowest first."""


class Resource(Value):
    """A thing that can be at fault. `name` is what people call it, `id` what its system calls it.

    `tags` are those that its owners gave it, as far as they were read.
    """

    name: str
    kind: ResourceKind
    id: str
    system: str
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    link: str = ""

    @property
    def part_of(self) -> str:
        """The service that its tags say it is of; empty where none does."""
        tags = {key.lower(): value for key, value in self.tags.items()}
        return next((tags[key] for key in TAGS if tags.get(key)), "")

    @property
    def account(self) -> str:
        """The AWS account that its id names, if it names one."""
        found = _ACCOUNT.search(self.id)
        return found.group() if found else ""


class Edge(Value):
    """`caller` needs `callee`; `source` says who told us."""

    caller: str
    callee: str
    source: str


SUPPOSED = frozenset(("aws:security-group", "aws:tag"))
"""Sources that tell who may need whom; where another tells who needs a place, they do not count."""
UNSEEN = ("external", "unknown")
"""Kinds of what is only heard of."""


class Topology(Value):
    resources: tuple[Resource, ...] = ()
    edges: tuple[Edge, ...] = ()

    def __add__(self, other: "Topology") -> "Topology":
        """What either knows: of a resource that both do, what says more; of an edge, every source."""
        known = {r.name: r for r in self.resources}
        for resource in other.resources:
            known[resource.name] = _fuller(known.get(resource.name, resource), resource)
        edges = tuple(dict.fromkeys((*self.edges, *other.edges)))
        seen = {edge.callee for edge in edges if edge.source not in SUPPOSED}
        kept = tuple(e for e in edges if e.source not in SUPPOSED or e.callee not in seen)
        return Topology(resources=tuple(known.values()), edges=kept)

    def find(self, name: str) -> Resource | None:
        return next((r for r in self.resources if r.name == name), None)

    def callees(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e.callee for e in self.edges if e.caller == name))

    def callers(self, name: str) -> tuple[str, ...]:
        """What needs it. Of balancers, which only pass on what others ask, see `doors`."""
        return tuple(n for n in self._before(name) if not self.passes_on(n))

    def doors(self, name: str) -> tuple[str, ...]:
        """The balancers that pass requests on to it."""
        return tuple(n for n in self._before(name) if self.passes_on(n))

    def _before(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e.caller for e in self.edges if e.callee == name))

    def passes_on(self, name: str) -> bool:
        """Whether it is a balancer."""
        found = self.find(name)
        return found is not None and found.kind == "balancer"

    def downstream(self, name: str) -> tuple[str, ...]:
        """`name` and everything it needs, nearest first; cycles end where they began."""
        seen = [name]
        for current in seen:
            seen += [callee for callee in self.callees(current) if callee not in seen]
        return tuple(seen)


def _fuller(one: Resource, other: Resource) -> Resource:
    """Of two tellings of a resource the one that has seen it, with the attributes of both."""
    first, second = (other, one) if one.kind in UNSEEN and other.kind not in UNSEEN else (one, other)
    return first.model_copy(
        update={"attributes": second.attributes | first.attributes, "tags": second.tags | first.tags}
    )


ChangeKind = Literal[
    "deployment",
    "configuration",
    "scaling",
    "alarm",
    "access",
    "infrastructure",
    "commit",
    "flag",
    "other",
]


COMMITS = "commits of deployments"
"""What is missing where it could not be read which commit a deployment runs; the record is no less whole."""


class Change(Value):
    """Something that somebody or something altered, as its own system recorded it.

    `before` and `after` name revisions where there are any; `differences` lists what differs between
    them (`image`, `environment.DB_POOL_SIZE`), empty while unknown. `commit` is what a deployment runs, or
    the commit itself, which has the `files` it touches and its `diff` (what others wrote, cut to size).
    `system` is set where an investigation weighs it only if the thing it changed is one it looks at.
    """

    id: str
    at: AwareDatetime
    kind: ChangeKind
    service: str
    summary: str
    actor: str = ""
    before: str = ""
    after: str = ""
    differences: tuple[str, ...] | None = None
    commit: str = ""
    files: tuple[str, ...] = ()
    diff: str = ""
    system: str = ""
    source: str
    link: str = ""

    @property
    def told(self) -> str:
        """The summary, with the commit that a deployment runs."""
        named = self.commit[:7]
        shown = named and self.kind == "deployment" and named not in self.summary
        return f"{self.summary} (commit {named})" if shown else self.summary


class LogPattern(Value):
    """Lines that differ only in their variables, counted in the window and before it.

    `seconds` and `before_seconds` are how long each was looked at, so that counts compare as rates.
    `streams` counts lines by writer (a task, an instance).
    """

    service: str
    template: str
    level: Literal["debug", "info", "warning", "error", "fatal", "unknown"]
    count: int
    before: int
    seconds: float
    before_seconds: float
    first_seen: AwareDatetime | None = None
    example: str = ""
    streams: dict[str, int] = {}
    source: str
    link: str = ""

    @property
    def novel(self) -> bool:
        return self.before == 0 and self.count > 0

    @property
    def growth(self) -> float:
        """How many times more often than before; a template never seen before counts as one seen."""
        was = max(self.before, 1) / max(self.before_seconds, 1.0)
        return (self.count / max(self.seconds, 1.0)) / was


class Activity(Value):
    """What a place did, by period: an operation it ran, a kind of call it made, a kind of line it wrote.

    `times` are the starts of the periods that were recorded, `period` seconds each, and may have gaps; the
    columns go with them. `seconds` is how long one took and `own` the part of it that nothing further down
    accounts for: of a call, its time on the wire. `counts` hold `None` where nobody counted. `usual` is the
    same of better days, as (count, seconds, own) by period, the same periods for all activity of a source.
    """

    service: str
    kind: Literal["operation", "call", "line"]
    name: str
    callee: str = ""
    level: str = ""
    period: int
    times: tuple[AwareDatetime, ...]
    counts: tuple[float | None, ...]
    seconds: tuple[float | None, ...] = ()
    own: tuple[float | None, ...] = ()
    usual: tuple[tuple[float, float | None, float | None], ...] = ()
    source: str
    link: str = ""


class Alarm(Value):
    """An alarm as its system holds it now; `edited_at` is when its definition last changed."""

    name: str
    service: str
    signal: Signal | None
    state: Literal["ok", "alarm", "unknown"]
    since: AwareDatetime
    edited_at: AwareDatetime | None = None
    edit: str = ""
    threshold: float | None = None
    reason: str = ""
    source: str
    link: str = ""


class Happening(Value):
    """One entry of a system's own event stream: a task stopped, a rollout finished, a failover."""

    at: AwareDatetime
    service: str
    kind: Literal[
        "task_stopped",
        "out_of_memory",
        "placement_failed",
        "rollout",
        "steady",
        "failover",
        "impaired",
        "other",
    ]
    text: str
    revision: str = ""
    source: str
    link: str = ""


class Passage(Value):
    """A piece of a document that bears on the question; `age_days` since it was last validated."""

    document: str
    title: str
    section: str
    text: str
    link: str = ""
    kind: str = "runbook"
    services: tuple[str, ...] = ()
    age_days: int
    score: float
