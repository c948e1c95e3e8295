"""The facts, before any hypothesis: what is affected, since when, how badly, what changed, what helps now."""

import difflib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import JsonValue

from workers.agent import statistics, words
from workers.agent.meaning import named, old, strained, unknown_word
from workers.agent.sight import FACING, Sight
from workers.domain import telemetry
from workers.domain.call import ToolCall
from workers.domain.evidence import CausalQuery
from workers.domain.facts import Affected, Deviation, Facts, Trend
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Change, LogPattern, Resource, Signal
from workers.domain.window import Window, ending

HISTORY_MINUTES = 180
CHANGES_MINUTES = 360
ALARMS_MINUTES = 1440
LOGS_MINUTES = 90
OWN = "measures"
"""The attribute of a resource that publishes metrics by names of its own."""
LINES, WIDEST = 3, 200
"""Lines of a log that are quoted where nothing else tells of a service, and characters of each."""
LOUD = ("fatal", "error", "warning", "unknown")
COMPLAINT = re.compile(
    r"(?i)\b(?:not|cannot|can't|couldn't|unable|fail\w*|undefined|missing|invalid|unknown|refused|denied|rejected"
    r"|expired|exceeded|insufficient|killed|timeout|timed out|error|exception|panic)\b|(?:Error|Exception)\b"
)
MOST_RESOURCES = 40
"""More than these are narrowed to what the affected service needs and who needs it."""


# Words of a report that name no service.
def questions(case: Investigation) -> tuple[CausalQuery, ...]:
    """What still has to be asked before the facts can be stated; none when they can be."""
    for batch in (_first, _second, _third):
        missing = tuple(query for query in batch(case) if query.id not in case.queries)
        if missing:
            return missing
    return ()


def _first(case: Investigation) -> tuple[CausalQuery, ...]:
    at = case.incident.at
    alarms, changes = ending(at, minutes=ALARMS_MINUTES), ending(at, minutes=CHANGES_MINUTES)
    return (
        _query("f1", "topology", "what runs, and who needs whom", changes, {}),
        _query("f2", "alarms", "which alarms fire, and were they edited", alarms, _within(alarms)),
        _query("f3", "changes", "what changed before and since", changes, _within(changes)),
    )


def _second(case: Investigation) -> tuple[CausalQuery, ...]:
    window = ending(case.incident.at, minutes=HISTORY_MINUTES)
    about: dict[str, JsonValue] = {"text": case.incident.text[:500]}
    runbooks = _query("f4", "runbook_search", "runbooks about what was reported", window, about)
    asked = (runbooks, _survey(case), _activity(case), _own(case))
    return tuple(query for query in asked if query is not None)


def _own(case: Investigation) -> CausalQuery | None:
    """Every metric of what publishes them by names of its own."""
    names: list[JsonValue] = [r.name for r in Sight(case).topology.resources if OWN in r.attributes]
    if not names:
        return None
    window = ending(case.incident.at, minutes=HISTORY_MINUTES)
    arguments: dict[str, JsonValue] = {"services": names[: 2 * MOST_RESOURCES], **_within(window)}
    return _query("f7", "measures", f"every metric of {len(names)} resources", window, arguments)


def _third(case: Investigation) -> tuple[CausalQuery, ...]:
    """What the services log, where the text of commits is known that it can be held against.

    Of a service that nothing else tells of, what it logs is asked too.
    """
    sight = Sight(case)
    kept = [r.name for r in sight.topology.resources if "log_group" in r.attributes]
    diffs = any(change.diff for change in sight.changes)
    places = kept[:MOST_RESOURCES] if diffs else [name for name in kept if name == _unseen(sight)]
    end, start = case.incident.at, _began(sight)
    window, before = Window(start=start, end=end), ending(start, minutes=LOGS_MINUTES)
    return tuple(
        _query(
            f"f{number}",
            "logs",
            f"what {place} logs that it did not log before",
            window,
            {"service": place, **_within(window), "before": before.model_dump(mode="json")},
        )
        for number, place in enumerate(places, 8)
    )


def _unseen(sight: Sight) -> str:
    """The service that was named, where nothing moved and nothing is measured that its users notice."""
    service = named(sight.case, sight)
    moved = any(sight.shift(*key) is not None for key in sight.series) or sight.drifts
    return "" if moved or any(sight.known(service, signal) for signal in FACING) else service


def _began(sight: Sight) -> datetime:
    """When the first thing moved that still belongs to this, two hours back at most."""
    at = sight.case.incident.at
    moved = [s.onset for key in sight.series if (s := sight.shift(*key)) is not None]
    recent = [o for o in [*moved, *(s.onset for s in sight.drifts)] if at - o <= timedelta(hours=2)]
    return min([*recent, at - timedelta(minutes=10)]) - timedelta(minutes=2)


def _within(window: Window) -> dict[str, JsonValue]:
    return {"window": window.model_dump(mode="json")}


def _query(key: str, name: str, why: str, window: Window, arguments: dict[str, JsonValue]) -> CausalQuery:
    return CausalQuery(
        id=key, role="facts", call=ToolCall(name=name, arguments=arguments, why=why), window=window
    )


def _survey(case: Investigation) -> CausalQuery | None:
    """One batch of golden signals of everything the affected service needs, over one window."""
    sight = Sight(case)
    names = _near(sight, named(case, sight))
    targets: list[JsonValue] = [
        {"service": name, "signal": signal.value} for name in names for signal in _signals(sight, name)
    ]
    if not targets:
        return None
    window = ending(case.incident.at, minutes=HISTORY_MINUTES)
    arguments: dict[str, JsonValue] = {"targets": targets, "period": 60, **_within(window)}
    why = f"the golden signals of {len(names)} resources"
    return _query("f5", "series", why, window, arguments)


def _activity(case: Investigation) -> CausalQuery | None:
    """What the places near the affected service do, where anybody keeps that."""
    sight = Sight(case)
    kept = {r.name for r in sight.topology.resources if r.attributes.get("activity")}
    names: list[JsonValue] = [name for name in _near(sight, named(case, sight)) if name in kept]
    if not names:
        return None
    window = ending(case.incident.at, minutes=HISTORY_MINUTES)
    arguments: dict[str, JsonValue] = {"services": names, **_within(window)}
    return _query(
        "f6", "activity", f"what {len(names)} services do, and whom they wait for", window, arguments
    )


def _near(sight: Sight, service: str) -> tuple[str, ...]:
    everything = tuple(r.name for r in sight.topology.resources if r.kind != "external")
    if len(everything) <= MOST_RESOURCES or not service:
        return everything[: 2 * MOST_RESOURCES]
    below = sight.topology.downstream(service)
    above = sight.topology.callers(service)
    return tuple(n for n in dict.fromkeys((*below, *above)) if n in everything)[:MOST_RESOURCES]


SIGNALS: dict[str, tuple[Signal, ...]] = {
    "service": (
        Signal.REQUESTS,
        Signal.ERRORS,
        Signal.LATENCY,
        Signal.UNHEALTHY,
        Signal.CPU,
        Signal.MEMORY,
    ),
    "function": (
        Signal.REQUESTS,
        Signal.ERRORS,
        Signal.LATENCY,
        Signal.THROTTLES,
        Signal.CONCURRENCY,
        Signal.MEMORY,
    ),
    "database": (
        Signal.CPU,
        Signal.CONNECTIONS,
        Signal.READS,
        Signal.WRITES,
        Signal.READ_LATENCY,
        Signal.WRITE_LATENCY,
        Signal.DISK_QUEUE,
        Signal.FREE_STORAGE,
    ),
    "cache": (Signal.CPU, Signal.HITS, Signal.MISSES, Signal.HIT_RATIO, Signal.EVICTIONS, Signal.CONNECTIONS),
    "queue": (Signal.QUEUE_AGE, Signal.QUEUE_DEPTH, Signal.SENT, Signal.PROCESSED),
    "synthetic": (Signal.SUCCESS,),
    # The rest of what it counts, the services behind it count, too.
    "balancer": (Signal.BALANCER_ERRORS,),
}
BALANCED = (Signal.REQUESTS, Signal.ERRORS, Signal.LATENCY, Signal.UNHEALTHY)


def _signals(sight: Sight, name: str) -> tuple[Signal, ...]:
    resource = sight.topology.find(name)
    if resource is None or OWN in resource.attributes:
        return ()
    told = _told(resource)
    wanted = SIGNALS.get(resource.kind, told)
    wanted = tuple(s for s in wanted if s in told) if told else wanted
    behind = resource.kind != "service" or "target_group" in resource.attributes
    return wanted if behind else tuple(s for s in wanted if s not in BALANCED)


def _told(resource: Resource) -> tuple[Signal, ...]:
    named = resource.attributes.get(telemetry.SIGNALS, "").split()
    return tuple(signal for one in named if (signal := Signal(one)) is not Signal.OTHER)


def facts(case: Investigation) -> Facts:
    """What can be said from the answers."""
    sight = Sight(case)
    strange = unknown_word(case, sight)
    if strange:
        names = [r.name for r in sight.topology.resources]
        near = difflib.get_close_matches(strange, names, n=4, cutoff=0.5)
        summary = f"I know no service called “{strange}”."
        return Facts(summary=summary, unknown_service=strange, nearest=tuple(near), gaps=sight.gaps())
    affected = _affected(sight)
    service = _main(named(case, sight), affected, sight)
    mine = next((a.deviations for a in affected if a.service == service), ())
    if service and not mine:
        # What an alarm watches may be a strain that no user notices yet.
        mine = tuple(s for s in strained(service, sight) if not old(s, sight))
        affected = (Affected(service=service, deviations=mine), *affected) if mine else affected
    first = min(mine, key=lambda d: d.onset, default=None)
    changes = _relevant(sight, first)
    safe, limits = _mitigation(service, changes, first, sight)
    return Facts(
        summary=_summary(service, mine, affected, sight),
        service=service,
        affected=affected,
        since=first.onset if first else None,
        slack=first.slack if first else 0,
        trend=_trend(first, sight),
        changes=changes,
        mitigation=safe,
        mitigation_limits=limits,
        passages=sight.passages(""),
        gaps=sight.gaps(),
    )


def _affected(sight: Sight) -> tuple[Affected, ...]:
    """Everything whose users notice, worst first; what ended long ago does not count."""
    found: list[Affected] = []
    for resource in sight.topology.resources:
        if telemetry.SIGNALS in resource.attributes:
            continue  # users notice what asks it
        shifts = [s for signal in FACING if (s := sight.shift(resource.name, signal)) is not None]
        bad = tuple(s for s in shifts if s.direction == "up" and not old(s, sight))
        if bad:
            found.append(Affected(service=resource.name, deviations=_plain(bad)))
    return tuple(sorted(found, key=lambda a: -max(d.score for d in a.deviations)))


def _plain(shifts: tuple[Deviation, ...]) -> tuple[Deviation, ...]:
    """Without the count of errors where their rate says the same thing better."""
    rated = any(s.signal is Signal.ERROR_RATE for s in shifts)
    return tuple(s for s in shifts if not (rated and s.signal is Signal.ERRORS))


def _main(wanted: str, affected: tuple[Affected, ...], sight: Sight) -> str:
    """The service that was named if it is in trouble; else one it needs, else the worst, else the named."""
    hurt = [a.service for a in affected]
    if wanted in hurt or any(not old(s, sight) for s in strained(wanted, sight)):
        return wanted
    below = [name for name in sight.topology.downstream(wanted) if name in hurt] if wanted else []
    alarms = sorted((a for a in sight.alarms if a.state == "alarm" and a.service), key=lambda a: a.since)
    firing = [a.service for a in reversed(alarms)]
    told = [wanted] if wanted else []
    return next(iter([*below, *(f for f in firing if f in hurt), *hurt, *told, *firing]), "")


def _relevant(sight: Sight, first: Deviation | None) -> tuple[Change, ...]:
    """The changes around the onset; without one, of the last hour."""
    middle = first.onset if first else sight.case.incident.at
    window = Window(start=middle - timedelta(minutes=60), end=middle + timedelta(minutes=30))
    return tuple(change for change in sight.changes if window.holds(change.at))


def _summary(service: str, mine: Iterable[Deviation], affected: tuple[Affected, ...], sight: Sight) -> str:
    mine = tuple(mine)
    if not mine:
        places = (service,) if service else tuple(place for place, _ in sight.series)
        if any(sight.seen(place, signal) for place in places for signal in FACING):
            what, whose = (service, "its users") if service else ("Everything that I see", "users")
            return f"{what} is as usual: nothing that {whose} notice left its baseline in the last 3 hours."
        resource = sight.topology.find(service)
        behind = resource is not None and resource.kind != "service"  # nobody's requests are counted there
        if behind and any(sight.seen(service, signal) for signal in _signals(sight, service)):
            return f"{service} is as usual: nothing that is measured of it left its baseline."
        blind = "I cannot see whether anything is wrong: the signals that would tell are missing."
        return f"{blind}{_logged(service, sight)}"
    first = min(mine, key=lambda d: d.onset)
    parts = [
        f"{name} {words.amount(d.now, d.unit)} (usually {words.amount(d.baseline, d.unit)})"
        for d, name in ((d, d.metric or words.signal(d.signal)) for d in mine)
    ]
    others = [a.service for a in affected if a.service != service]
    also = f" Also affected: {words.listed(others[:4])}." if others else ""
    ended = " It has come back since." if all(d.over for d in mine) else ""
    return f"{service}: {words.listed(parts)} since {words.clock(first.onset)}.{also}{ended}"


def _logged(service: str, sight: Sight) -> str:
    """What a service complains about in its log, where there is nothing else to go by."""
    complaints = [p for p in sight.logs(service) or () if p.count and _complains(p)]
    first = sorted(complaints, key=lambda p: (LOUD.index(p.level), not p.novel, -p.growth))[:LINES]
    lines = [f"“{(p.example or p.template)[:WIDEST]}” ({words.counted(p.count, 'time')})" for p in first]
    return f" {service} logs {words.listed(lines)}." if lines else ""


def _complains(pattern: LogPattern) -> bool:
    """Whether a line says that it is of trouble or, where it has no level, sounds like it."""
    sounds = pattern.level == "unknown" and COMPLAINT.search(pattern.example or pattern.template)
    return bool(sounds) or pattern.level in LOUD[:-1]


def _trend(first: Deviation | None, sight: Sight) -> Trend:
    if first is None:
        return "none"
    one = sight.series.get((first.service, first.signal))
    return statistics.trend(one, first) if one is not None else "unknown"


def _mitigation(
    service: str, changes: tuple[Change, ...], first: Deviation | None, sight: Sight
) -> tuple[str, str]:
    """The safest thing to do right now, and what it would not help against."""
    if first is None or first.over:
        return "", ""
    reach = sight.topology.downstream(service)
    ahead = [
        c
        for c in changes
        if c.kind == "deployment"
        and c.service in reach
        and c.at <= first.onset + timedelta(seconds=first.slack)
    ]
    if ahead:
        change = ahead[-1]
        to = f" to {change.before}" if change.before else ""
        return (
            f"Rolling {change.service} back{to} can itself be undone.",
            f"It helps only if {change.after or 'that deployment'} is the cause.",
        )
    requests = sight.shift(service, Signal.REQUESTS)
    if requests is not None and requests.direction == "up":
        return (
            f"Adding tasks to {service} is safe.",
            "It helps only if its own capacity is what is short, not a database behind it.",
        )
    return "Nothing is clearly safe before the cause is known.", ""
