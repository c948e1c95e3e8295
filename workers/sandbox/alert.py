"""What an alert bot would post about a case, and the pulse of the alarmed metric."""

from datetime import UTC, datetime
from typing import Any

from workers.sandbox.estate.alarms import COMPARISONS, AlarmConfig, AlarmState, Transition, reason
from workers.sandbox.estate.names import REGION, fraction
from workers.sandbox.estate.world import World
from workers.sandbox.front.desk import Playing
from workers.sandbox.model.history import FINE
from workers.sandbox.scenario.rehearsal import Alarming, fired

PULSE_POINTS = 30
TOGETHER = 150.0
"""Seconds within which alarms of one incident fire; a bot tells of one of them."""


def alerting(playing: Playing) -> Alarming | None:
    """The alarm that people are told about: the entry's if it fired, else one that fired since the onset."""
    world, case = playing.world, playing.case
    found = fired(world, case.beginning.first_harm)
    found = [pair for pair in found if pair[0].config.name in case.alarms] or found
    if not found:
        return None
    first = min(move.at for _, move in found)
    found = [pair for pair in found if pair[1].at <= first + TOGETHER]
    entry = [pair for pair in found if _part(world, pair[0]) == world.application.traffic.entry]
    if entry and fraction(world.seed, "alert") < 0.75:
        return entry[0]
    return min(found, key=lambda pair: (pair[1].at, pair[0].config.name))


def alert(playing: Playing, found: Alarming) -> dict[str, Any]:
    """The post: names the alarm, the metric, the threshold, the value and since when, and no cause."""
    state, move = found
    config, service = state.config, _part(playing.world, state)
    entry = playing.world.application.traffic.entry
    return {
        "title": f'ALARM: "{config.name}" in US East (N. Virginia)',
        "text": reason(config, move),
        "service": service,
        "alarm": config.name,
        "severity": "critical" if service == entry else "high",
        "started_at": move.at,
        "fields": [{"title": title, "value": value} for title, value in _fields(config, move)],
    }


def _fields(config: AlarmConfig, move: Transition) -> list[tuple[str, str]]:
    words = COMPARISONS[config.comparison][1]
    breach = f"{config.points} of {config.periods} minutes"
    return [
        ("Alarm", config.name),
        *config.dimensions,
        ("Metric", f"{config.namespace} {config.metric} ({config.statistic})"),
        ("Condition", f"{words} {config.threshold:g} in {breach}"),
        ("Value", f"{move.points[0][1]:.4g}" if move.points else "none"),
        ("Since", datetime.fromtimestamp(move.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("Region", REGION),
    ]


def pulse(playing: Playing, found: Alarming | None, now: float) -> dict[str, Any]:
    """The alarmed metric as a small live line: its last points, the newest value, and the threshold."""
    if found is None:
        return {"alarm": None, "points": [], "value": None}
    world, config = playing.world, found[0].config
    with world.lock:
        world.catch_up(now)
        line = _line(world, config)
        moves = world.transitions(found[0])
    return {
        "alarm": config.name,
        "metric": config.metric,
        "service": _part(world, found[0]),
        "statistic": config.statistic,
        "threshold": config.threshold,
        "state": moves[-1].state if moves else "OK",
        "value": line[-1]["value"] if line else None,
        "points": line,
    }


def _line(world: World, config: AlarmConfig) -> list[dict[str, float]]:
    """The metric step by step; a sum is scaled to the alarm's period, to compare with the threshold."""
    series, start = world.series[config.key], world.time - PULSE_POINTS * FINE
    points = world.points(series, start, world.time, FINE)
    values = dict(zip(points.times.tolist(), points.value(config.statistic).tolist(), strict=True))
    scale = config.period / FINE if config.statistic == "Sum" else 1.0
    times = [start + nth * FINE for nth in range(PULSE_POINTS)]
    # Where nothing was counted there is no point, and the line shows none.
    return [
        {"at": at, "value": round(values.get(at, 0.0) * scale, 4)}
        for at in times
        if at in values or config.statistic == "Sum"
    ]


def _part(world: World, state: AlarmState) -> str:
    return world.series[state.config.key].part
