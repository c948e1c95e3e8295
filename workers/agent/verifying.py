"""Looking whether users are well again: one reading of the watched signal at a time."""

from datetime import datetime, timedelta

import numpy as np
from pydantic import JsonValue

from workers.agent import statistics, words
from workers.domain.call import SeriesData, ToolCall, ToolResult
from workers.domain.conclusion import Watch
from workers.domain.telemetry import Series, Signal
from workers.domain.value import Value
from workers.domain.window import Window

FINE, COARSE = 10, 60
"""Seconds a point: applications that publish every ten seconds are seen to recover sooner."""


class Reading(Value):
    """The newest value of the watched signal; `None` when no point has come yet, which is not healthy."""

    value: float | None
    healthy: bool
    at: datetime | None
    finding: str


def question(watch: Watch, now: datetime, *, period: int) -> ToolCall:
    """The call that reads the watched signal over the last minutes."""
    window = Window(start=now - timedelta(seconds=max(180, 8 * period)), end=now)
    signals = [Signal.ERRORS, Signal.REQUESTS] if watch.signal is Signal.ERROR_RATE else [watch.signal]
    targets: list[JsonValue] = [{"service": watch.service, "signal": s.value} for s in signals]
    name, bound = f"{watch.service} {words.signal(watch.signal)}", words.amount(watch.bound, watch.unit)
    return ToolCall(
        name="series",
        arguments={"targets": targets, "window": window.model_dump(mode="json"), "period": period},
        why=f"whether {name} is back {watch.healthy} {bound}",
    )


def read(watch: Watch, result: ToolResult, since: datetime) -> Reading:
    """What a result says of the watched signal after `since`."""
    series = _watched(watch, result)
    if series is None:
        why = result.failure.message if result.failure else "no points"
        return Reading(value=None, healthy=False, at=None, finding=f"cannot be seen: {why}")
    values = statistics.numbers(series)
    known = [int(i) for i in np.flatnonzero(~np.isnan(values)) if series.time(int(i)) >= since]
    if not known:
        return Reading(value=None, healthy=False, at=None, finding="no point has come yet")
    value = float(values[known[-1]])
    healthy = value <= watch.bound if watch.healthy == "below" else value >= watch.bound
    name = f"{watch.service} {words.signal(watch.signal)}"
    now, usual, worst = (words.amount(v, watch.unit) for v in (value, watch.baseline, watch.worst))
    return Reading(
        value=value,
        healthy=healthy,
        at=series.time(known[-1]),
        finding=f"{name} is {now} (usually {usual}, at worst {worst})",
    )


def empty(result: ToolResult) -> bool:
    """Whether an answered reading has no points at all: the signal is not published this finely."""
    data = result.data
    return isinstance(data, SeriesData) and all(series.empty for series in data.series)


def _watched(watch: Watch, result: ToolResult) -> Series | None:
    data = result.data
    if not isinstance(data, SeriesData):
        return None
    by_signal = {series.signal: series for series in data.series}
    if watch.signal is not Signal.ERROR_RATE:
        return by_signal.get(watch.signal)
    errors, requests = by_signal.get(Signal.ERRORS), by_signal.get(Signal.REQUESTS)
    return statistics.rate(errors, requests) if errors and requests else None
