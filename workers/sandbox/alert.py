"""What an alert bot would post about a case, and the pulse of the alarmed metric."""

from datetime import UTC, datetime
from typing import Any

from workers.sandbox.estate.alarms import COMPARISONS, AlarmState, Transition, reason
from workers.sandbox.estate.names import REGION, fraction
from workers.sandbox.estate.world import World
from workers.sandbox.front.cloud import Cloud

PULSE_POINTS = 30
TOGETHER = 150.0
"""Seconds within which alarms of one incident fire; a bot tells of one of them."""


def alerting(cloud: Cloud) -> tuple[AlarmState, Transition] | None:
    """The alarm that people are told about: the entry's if it fired, else one that fired since the onset."""
    world, case = cloud.world, cloud.case
    assert world is not None
    assert case is not None
    fired = [
        pair for state in world.alarms.values() if (pair := _fired(world, state, case.beginning.first_harm))
    ]
    fired = [pair for pair in fired if pair[0].config.name in case.alarms] or fired
    if not fired:
        return None
    first = min(move.at for _, move in fired)
    fired = [pair for pair in fired if pair[1].at <= first + TOGETHER]
    entry = [pair for pair in fired if _part(world, pair[0]) == world.application.traffic.entry]
    if entry and fraction(world.seed, "alert") < 0.75:
        return entry[0]
    return min(fired, key=lambda pair: (pair[1].at, pair[0].config.name))


def _fired(world: World, state: AlarmState, since: float) -> tuple[AlarmState, Transition] | None:
    """An alarm that people are told about, with the first moment at which it went off."""
    moves = [m for m in world.transitions(state) if m.at >= since and m.state == "ALARM"]
    told = any(action.endswith("-alerts") for action in state.config.actions)
    return (state, moves[0]) if moves and told else None


def alert(cloud: Cloud, found: tuple[AlarmState, Transition] | None) -> dict[str, Any] | None:
    """The post: names the alarm, the metric, the threshold, the value and since when, and no cause."""
    if found is None or cloud.world is None:
        return None
    state, move = found
    config, service = state.config, _part(cloud.world, state)
    value = move.points[0][1] if move.points else 0.0
    words = COMPARISONS[config.comparison][1]
    fields = [
        {"title": "Alarm", "value": config.name},
        {"title": "Metric", "value": f"{config.namespace} {config.metric} ({config.statistic})"},
        {
            "title": "Condition",
            "value": f"{words} {config.threshold:g} in {config.points} of {config.periods} minutes",
        },
        {"title": "Value", "value": f"{value:.4g}"},
        {"title": "Since", "value": _stamp(move.at)},
        {"title": "Region", "value": REGION},
    ]
    fields[1:1] = [{"title": name, "value": given} for name, given in config.dimensions]
    return {
        "title": f'ALARM: "{config.name}" in US East (N. Virginia)',
        "text": reason(config, move),
        "service": service,
        "alarm": config.name,
        "severity": "critical" if service == cloud.world.application.traffic.entry else "high",
        "started_at": move.at,
        "fields": fields,
    }


def pulse(cloud: Cloud) -> dict[str, Any]:
    """The alarmed metric as a small live line: its last points, the newest value, and the threshold."""
    world = cloud.world
    if world is None or cloud.case is None:
        return {"alarm": None, "points": [], "value": None}
    with world.lock:
        world.catch_up(cloud.clock())
        found = cloud.pulsing or alerting(cloud)
        cloud.pulsing = found
        if found is None:
            return {"alarm": None, "points": [], "value": None}
        config = found[0].config
        series = world.series[config.key]
        period = 10
        end = world.time
        points = world.points(series, end - PULSE_POINTS * period, end, period)
        values = points.value(config.statistic)
        if config.statistic == "Sum":
            values = values * config.period / period
        line = [
            {"at": float(at), "value": round(float(v), 4)} for at, v in zip(points.times, values, strict=True)
        ]
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


def _part(world: World, state: AlarmState) -> str:
    config = state.config
    return world.series[config.key].part


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
