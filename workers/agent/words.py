"""Numbers and times as people say them."""

from datetime import UTC, datetime

from workers.domain.facts import Deviation
from workers.domain.telemetry import Signal

NAMES: dict[Signal, str] = {
    Signal.REQUESTS: "requests",
    Signal.ERRORS: "errors",
    Signal.ERROR_RATE: "error rate",
    Signal.CLIENT_ERRORS: "client errors",
    Signal.BALANCER_ERRORS: "balancer errors",
    Signal.LATENCY: "p95 latency",
    Signal.CPU: "CPU",
    Signal.MEMORY: "memory",
    Signal.RUNNING: "running tasks",
    Signal.UNHEALTHY: "unhealthy targets",
    Signal.CONNECTIONS: "connections",
    Signal.READS: "reads",
    Signal.WRITES: "writes",
    Signal.READ_LATENCY: "read latency",
    Signal.WRITE_LATENCY: "write latency",
    Signal.DISK_QUEUE: "disk queue",
    Signal.FREE_STORAGE: "free storage",
    Signal.HITS: "cache hits",
    Signal.MISSES: "cache misses",
    Signal.HIT_RATIO: "hit ratio",
    Signal.EVICTIONS: "evictions",
    Signal.QUEUE_DEPTH: "waiting messages",
    Signal.QUEUE_AGE: "age of the oldest message",
    Signal.LAG: "lag",
    Signal.SENT: "messages sent",
    Signal.PROCESSED: "messages processed",
    Signal.THROTTLES: "throttled calls",
    Signal.CONCURRENCY: "concurrency",
    Signal.SUCCESS: "passed runs",
}


def signal(name: Signal) -> str:
    return NAMES.get(name, name.value.replace("_", " "))


def amount(value: float, unit: str) -> str:
    """A value with its unit: `840 ms`, `4.1 s`, `31 %`, `1.2 GB`, `1,240`."""
    if unit == "seconds":
        return _seconds(value)
    if unit in ("percent", "ratio"):
        share = value * 100 if unit == "ratio" else value
        return f"{share:.1f} %" if abs(share) < 10 else f"{share:.0f} %"
    if unit == "bytes":
        return _bytes(value)
    number = f"{value:,.1f}" if abs(value) < 10 and value != int(value) else f"{value:,.0f}"
    return f"{number}/s" if unit == "per_second" else number


def _seconds(value: float) -> str:
    if abs(value) < 0.9995:
        return f"{value * 1000:.0f} ms"
    if abs(value) < 120:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.0f} min"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M} UTC"


def span(seconds: float) -> str:
    """A stretch of time: `40 seconds`, `6 minutes`, `2 hours`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def ago(days: int) -> str:
    """When it was that an earlier day did the same."""
    return {1: "on the day before", 7: "a week before"}.get(days, f"{days} days before")


def moved(shift: Deviation) -> str:
    """`checkout p95 latency rose to 4.1 s (usually 340 ms) at 18:02 UTC`."""
    verb = "rose" if shift.direction == "up" else "fell"
    return (
        f"{shift.service} {shift.metric or signal(shift.signal)} {verb} to {amount(shift.now, shift.unit)} "
        f"(usually {amount(shift.baseline, shift.unit)}) at {clock(shift.onset)}"
    )


def counted(number: int, what: str) -> str:
    """`1 attempt`, `3 attempts`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(names: list[str] | tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def platform(action: str) -> str:
    """Whose events an action reads: `ECS` of `ecs_events`."""
    name = action.partition("_")[0]
    named = {"ecs": "ECS", "autoscaling": "Auto Scaling", "lambda": "Lambda", "rds": "RDS"}
    return named.get(name, name)
