"""How things of any kind are doing: everything that CloudWatch measures of those that somebody names."""

import re
from collections import Counter

from workers.domain.call import Gap, SeriesData
from workers.domain.risk import Risk
from workers.domain.telemetry import Resource, Series, Signal
from workers.domain.window import Window
from workers.tools import estate, listing, metrics, points
from workers.tools.action import Answer, Target, Toolset, action
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.points import Meter
from workers.tools.rows import Metric, Service, services

MOST = 20
"""Things that are measured at once."""
POINTS = 360
"""Points of a series, at most so many; a point is a minute at least."""
LITTLE = frozenset(
    ("a", "all", "an", "and", "any", "called", "in", "my", "named", "of", "our", "the", "their")
)
"""Words that name nothing."""

Measured = tuple[Service, Resource, tuple[tuple[Signal, Metric], ...]]


@action(risk=Risk.READ, answers="series")
def aws_watch(account: Account, what: str, window: Window, name: str = "") -> Answer:
    """How things in AWS are doing: all metrics of `what` (table orders), or of its kind's called `name`."""
    rows = estate.here(account, what)
    names = frozenset({name.lower()} - {""}) or named(what)
    gaps: list[Gap] = []
    with Counted() as counted:
        found = [
            one for row in rows for one in guarded(row.id, lambda row=row: _found(account, row, names), gaps)
        ]
        if found and names:
            gaps.clear()  # what is called so was found
        kept = found[:MOST]
        wanted = _wanted(account, kept, gaps)
        period = max(60, -(-int(window.seconds) // POINTS // 60) * 60)
        grid = points.regular(window, period)
        known, failed = points.read(account, wanted, grid, period)
    series = [points.series(to, metric, known, grid, period, account) for to, metric in wanted.items()]
    told = {gap.about for gap in failed}
    return Answer(
        data=SeriesData(series=tuple(one for one in series if not one.empty)),
        source="cloudwatch",
        gaps=(*gaps, *failed, *(gap for gap in _silent(series) if gap.about not in told)),
        truncated=len(found) > MOST,
        cost=counted.calls,
    )


TOOLSET = Toolset(name="watch", actions=(aws_watch,))


def named(what: str) -> frozenset[str]:
    """What a text says beside the kinds of things in it."""
    words = re.findall(r"[^\s,?!]+", estate.unnamed(what))
    return frozenset(word for word in words if word not in LITTLE)


def _found(account: Account, row: Service, names: frozenset[str]) -> list[Measured]:
    """A row's things of these names, else those that have one as a part of theirs, with what is measured."""
    if row in services():
        inventory = account.inventory()
        mine = [one for one in inventory.topology.resources if one.system == f"aws:{row.id}"]
        return [(row, one, inventory.metrics.get(one.name, ())) for one in _called(mine, names)]
    exact = listing.called(account.aws, row, names) if names and row.each is None else []
    every = exact or listing.resources(account.aws, row, estate.MOST)
    region = account.aws.region
    return [(row, one, metrics.measured(row, one, region)) for one in _called(every, names)]


def _called(found: list[Resource], names: frozenset[str]) -> list[Resource]:
    exact = [one for one in found if {one.name.lower(), one.id.lower()} & names]
    return exact or [one for one in found if all(name in one.name.lower() for name in names)]


def _wanted(account: Account, found: list[Measured], gaps: list[Gap]) -> dict[Target, Metric]:
    """Each metric by a key of its own, and gaps for what is not measured, or not here."""
    twice = {name for name, count in Counter(one.name for _, one, _ in found).items() if count > 1}
    wanted: dict[Target, Metric] = {}
    for row, one, measured in found:
        label = f"{one.name} ({row.id})" if one.name in twice else one.name
        if not measured:
            gaps.append(Gap(what=f"metrics of {label}", about=one.name, why="CloudWatch keeps none of it"))
        here = account.aws.region
        places = {_kept_in(metric, one, here) for _, metric in measured}
        for signal, metric in measured:
            if _kept_in(metric, one, here) == here:
                own = metric.metric if signal is Signal.OTHER else ""
                wanted[Meter(service=label, signal=signal, metric=own)] = metric
        if away := sorted(places - {here}):
            why = f"CloudWatch keeps them in {', '.join(away)}"
            gaps.append(Gap(what=f"metrics of {label}", about=one.name, why=why))
    return wanted


def _kept_in(metric: Metric, one: Resource, here: str) -> str:
    """The region in which a metric is kept: its row's, or a bucket's own."""
    return metric.region or one.attributes.get("region") or here


def _silent(series: list[Series]) -> list[Gap]:
    """For each thing one gap that names those of its metrics that have no points."""
    empty: dict[str, list[str]] = {}
    for one in series:
        if one.empty:
            empty.setdefault(one.service, []).append(one.metric or one.signal.value.replace("_", " "))
    return [
        Gap(what=f"{', '.join(some)} of {name}", about=name, why="CloudWatch has no points of them then")
        for name, some in empty.items()
    ]
