"""Results as a model reads them: lines in people's words, first what sums them up, and never too many.

What is longer than a model can take stays whole in the journal under its id; the model gets the head, how
much there is, and how to narrow the question or to read on.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from workers.agent import wellness, words
from workers.domain.call import (
    ActivityData,
    AlarmData,
    ChangeData,
    HappeningData,
    LogData,
    PassageData,
    ResourceData,
    SeriesData,
    StateData,
    Tool,
    ToolData,
    ToolResult,
    TopologyData,
)
from workers.domain.telemetry import Activity, Series
from workers.domain.value import Value

POINTS = 60
"""Points of a series that are told one by one; more are told in spans."""
LONGEST = 1000
"""Characters of a line; a longer one goes on in the next."""


class ReadOn(Value):
    """The arguments of `READ_ON`."""

    result: str
    contains: str = ""
    start: int = 1


READ_ON = Tool(
    name="read_result",
    description="More of a result that was too long: its lines from number `start` on, of those that hold "
    "`contains` where that is given. It asks no system anything.",
    arguments=ReadOn.model_json_schema(),
)


def lines(result: ToolResult) -> tuple[str, ...]:
    """All that a result says, a line each; of one that failed, why."""
    if result.failure is not None:
        return (f"no answer ({result.failure.kind}): {result.failure.message} {result.failure.mend}".strip(),)
    if result.data is None:
        return ()
    told = _LINES[type(result.data)](result.data)
    return tuple(one[at : at + LONGEST] for one in told for at in range(0, max(1, len(one)), LONGEST))


def head(result: ToolResult, asks: dict[str, Any], most: int) -> tuple[tuple[str, ...], str]:
    """The first lines, up to `most` characters, and what to do where that is not all."""
    every = lines(result)
    shown = _fitting(every, most)
    cut = "The system itself gave a part only. " if result.truncated else ""
    if len(shown) == len(every):
        return shown, f"{cut}Narrow the query: {_narrower(asks)}." if cut else ""
    told = f"{cut}These are lines 1 to {len(shown)} of {len(every)}. "
    return shown, f"{told}Narrow the query: {_narrower(asks)}; or read on with {READ_ON.name}."


def part(result: ToolResult, wanted: ReadOn, most: int) -> tuple[tuple[str, ...], str]:
    """The lines of a result that are asked for, up to `most` characters, and what of them is left."""
    every = [one for one in lines(result) if wanted.contains.lower() in one.lower()]
    first = max(1, wanted.start)
    shown = _fitting(tuple(every[first - 1 :]), most)
    last = first + len(shown) - 1
    told = f"These are lines {first} to {last} of {len(every)}" if shown else f"There are {len(every)} lines"
    holding = f" that hold {wanted.contains!r}" if wanted.contains else ""
    return shown, f"{told}{holding}."


def _fitting(every: tuple[str, ...], most: int) -> tuple[str, ...]:
    """As many of the first lines as fit, one at least."""
    used = 0
    for number, one in enumerate(every):
        used += len(one) + 8  # quotes, comma, indent and end of line
        if used > most:
            return every[: max(1, number)]
    return every


def _narrower(asks: dict[str, Any]) -> str:
    """What can be narrowed in a call with these arguments."""
    ways = {"window": "a shorter window", "targets": "fewer targets", "period": "a longer period"}
    found = [way for name, way in ways.items() if name in asks]
    return " or ".join(found) or "ask about one service"


def _at(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "an unknown time"


def _plain(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


# -- each shape


def _series(data: SeriesData) -> Iterator[str]:
    """What got worse first, else what is unusual; then each metric in sum, and point by point."""
    by = {(one.service, one.signal, one.metric): one for one in data.series}
    for shift in wellness.off(data.series):
        got = wellness.worse(by[shift.service, shift.signal, shift.metric], shift)
        yield f"{'got worse' if got else 'unusual'}: {words.moved(shift)}"
    yield from map(_summed, data.series)
    for one in data.series:
        yield from _points(one)


def _summed(one: Series) -> str:
    """Its range and its end: what most questions are about."""
    name = (
        f"{one.service} {one.metric or words.signal(one.signal)} ({one.stat} per {one.period} s, {one.unit})"
    )
    known = [(v, one.time(i)) for i, v in enumerate(one.values) if v is not None and isfinite(v)]
    missing = len(one.values) - len(known)
    gone = (
        f"{missing} of {len(one.values)} points missing, which is neither zero nor healthy" if missing else ""
    )
    if not known:
        return _plain(f"{name}: no point came", gone)
    low, high, mean = min(known), max(known), sum(value for value, _ in known) / len(known)

    def told(value: float) -> str:
        return words.amount(value, one.unit)

    return _plain(
        f"{name}: highest {told(high[0])} at {_at(high[1])}, lowest {told(low[0])} at {_at(low[1])}",
        f"mean {told(mean)}, last {told(known[-1][0])} at {_at(known[-1][1])}",
        *([f"sum {words.amount(mean * len(known), one.unit)}"] if one.unit == "count" else []),
        gone,
    )


def _points(one: Series) -> Iterator[str]:
    step = -(-len(one.values) // POINTS)
    name = f"{one.service} {one.metric or words.signal(one.signal)}"
    for start in range(0, len(one.values), step):
        known = [v for v in one.values[start : start + step] if v is not None and isfinite(v)]
        said = words.amount(max(known), one.unit) if known else "no point"
        yield f"{name} {_at(one.time(start))}{f', highest of {step} points' if step > 1 else ''}: {said}"


def _logs(data: LogData) -> Iterator[str]:
    yield f"{data.lines} lines in {words.counted(len(data.patterns), 'pattern')}"
    for one in data.patterns:
        usual = "never before" if one.novel else f"{one.before} in the {one.before_seconds:.0f} s before"
        seen = f"first at {_at(one.first_seen)}" if one.first_seen else ""
        counts = f"{one.service} {one.level}: {one.count} times in {one.seconds:.0f} s, {usual}"
        yield _plain(counts, seen, one.template, f"e.g. {one.example}" if one.example != one.template else "")


def _activity(data: ActivityData) -> Iterator[str]:
    for one in data.activity:
        yield _did(one)


def _did(one: Activity) -> str:
    counts = [count for count in one.counts if count is not None]
    took = [seconds for seconds in one.seconds if seconds is not None]
    to = f" to {one.callee}" if one.callee else ""
    return _plain(
        f"{one.service} {one.kind}{to}: {one.name}",
        f"{sum(counts):.0f} times in {words.counted(len(one.times), 'period')} of {one.period} s"
        if counts
        else "",
        f"took {words.amount(min(took), 'seconds')} to {words.amount(max(took), 'seconds')}" if took else "",
    )


def _changes(data: ChangeData) -> Iterator[str]:
    yield words.counted(len(data.changes), "change")
    for one in data.changes:
        differs = f"differs in {', '.join(one.differences)}" if one.differences else ""
        by = f"by {one.actor}" if one.actor else ""
        yield _plain(f"{_at(one.at)} {one.kind} of {one.service or 'the account'}", one.told, by, differs)


def _topology(data: TopologyData) -> Iterator[str]:
    found = data.topology
    kinds = [one.kind for one in found.resources]
    counts = [words.counted(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
    yield f"{words.counted(len(kinds), 'resource')}: {words.listed(counts)}"
    for one in found.resources:
        needs = found.callees(one.name)
        shown = [f"{name} {value}" for name, value in one.attributes.items()]
        yield _plain(f"{one.name} ({one.kind})", *shown, f"needs {', '.join(needs)}" if needs else "")


def _resources(data: ResourceData) -> Iterator[str]:
    for one in data.resources:
        yield _plain(
            f"{one.name} ({one.kind})", *(f"{name} {value}" for name, value in one.attributes.items())
        )


def _alarms(data: AlarmData) -> Iterator[str]:
    firing = sum(one.state == "alarm" for one in data.alarms)
    yield f"{words.counted(len(data.alarms), 'alarm')}, of which {firing} in alarm"
    for one in sorted(data.alarms, key=lambda alarm: alarm.state != "alarm"):
        edited = f"edited at {_at(one.edited_at)} {one.edit}".strip() if one.edited_at else ""
        yield _plain(f"{one.name} of {one.service}: {one.state} since {_at(one.since)}", one.reason, edited)


def _happenings(data: HappeningData) -> Iterator[str]:
    kinds = [one.kind for one in data.happenings]
    counts = [f"{kinds.count(kind)} {kind.replace('_', ' ')}" for kind in dict.fromkeys(kinds)]
    yield f"{words.counted(len(kinds), 'event')}{f': {words.listed(counts)}' if counts else ''}"
    for one in data.happenings:
        yield _plain(f"{_at(one.at)} {one.service} {one.kind}", one.text, one.revision)


def _passages(data: PassageData) -> Iterator[str]:
    yield words.counted(len(data.passages), "passage")
    for one in data.passages:
        yield _plain(f"{one.title} › {one.section} ({one.document}, {one.age_days} days old)", one.text)


def _state(data: StateData) -> Iterator[str]:
    for name, value in data.state.items():
        yield f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


_LINES: dict[type[ToolData], Callable[[Any], Iterator[str]]] = {
    SeriesData: _series,
    LogData: _logs,
    ActivityData: _activity,
    ChangeData: _changes,
    TopologyData: _topology,
    ResourceData: _resources,
    AlarmData: _alarms,
    HappeningData: _happenings,
    PassageData: _passages,
    StateData: _state,
}
