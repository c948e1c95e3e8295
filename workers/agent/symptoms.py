"""What is not as usual, as text that a change can be held against: metrics that moved, lines that are new."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from workers.agent import diffs, words
from workers.agent.sight import Sight
from workers.domain.facts import Deviation
from workers.domain.telemetry import Alarm, LogPattern, Signal

GROWTH, FEW, CHATTY = 4.0, 2, 5
"""The growth of a known pattern, and the lines of any, that make it a sign; the same of debug lines."""
EARLY = timedelta(minutes=45)
"""So long before the onset something may have moved and still belong to it."""
SURGE = 1.5
"""Times the usual requests, from which there is more traffic."""
MOST, LONGEST = 200, 500
"""Signs that are looked at, and characters of each."""
BAD = ("warning", "error", "fatal", "unknown")
_REQUESTS = re.compile(r"(?:http_|incoming_)?requests?_(?:per|rate|count|total)|rps$|qps$")
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|app|cloud|co|eu)\b", re.I)


@dataclass(frozen=True)
class Sign:
    """`text` is what is compared, `said` what people read; `count` the lines that say so."""

    kind: Literal["alarm", "metric", "log", "chatter"]
    place: str
    text: str
    said: str
    count: int = 1
    source: str = ""
    link: str = ""

    @property
    def record(self) -> str:
        """What kept it: two records of the same lines count each for itself."""
        return self.source.partition(":")[0]

    @cached_property
    def words(self) -> frozenset[str]:
        return diffs.words([self.text])


class Symptoms:
    """The signs of one incident."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight

    @cached_property
    def signs(self) -> tuple[Sign, ...]:
        alarms = [_alarmed(alarm) for alarm in self.alarms]
        return tuple([*alarms, *map(_metric, self.moved), *self._logged()][:MOST])

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """Those the report names; where it names none, all that fire."""
        text = self.sight.case.incident.text.lower()
        firing = [a for a in self.sight.alarms if a.state == "alarm"]
        return tuple([a for a in firing if a.name.lower() in text] or firing)

    @cached_property
    def moved(self) -> tuple[Deviation, ...]:
        """Every metric that left its usual and belongs to this, of whatever name and direction."""
        sight = self.sight
        known = [shift for key in sight.series if (shift := sight.shift(*key)) is not None]
        earliest = (sight.onset or sight.case.incident.at) - EARLY
        return tuple(s for s in (*known, *sight.drifts) if s.onset >= earliest)

    @cached_property
    def onset(self) -> datetime:
        """When what the alarm watches moved; without that the onset, or when it was reported."""
        told = " ".join(alarm.reason for alarm in self.alarms)
        watched = [s.onset for s in self.moved if s.metric and s.metric in told]
        return min(watched, default=self.sight.onset or self.sight.case.incident.at)

    @cached_property
    def first(self) -> datetime:
        """When the first thing that belongs to this moved."""
        return min([s.onset for s in self.moved] + [self.onset])

    @cached_property
    def places(self) -> frozenset[str]:
        """Where anything is not as usual."""
        return frozenset(sign.place for sign in self.signs if sign.place)

    @cached_property
    def lines(self) -> tuple[Sign, ...]:
        """The complaints that are new in the logs."""
        return tuple(sign for sign in self.signs if sign.kind == "log")

    def share(self, sign: Sign) -> float:
        """Of a line: its part of all that complain in the same record."""
        if sign.kind != "log":
            return 1.0
        return sign.count / max(1, sum(one.count for one in self.lines if one.record == sign.record))

    @cached_property
    def outside(self) -> float:
        """The share of the complaints that are about a host which is not ours."""
        ours = {r.name.lower() for r in self.sight.topology.resources if r.kind != "external"}
        far = [s for s in self.lines if any(host.lower() not in ours for host in _HOST.findall(s.text))]
        parts = {
            record: sum(self.share(s) for s in far if s.record == record)
            for record in {s.record for s in far}
        }
        return max(parts.values(), default=0.0)

    @cached_property
    def surge(self) -> Deviation | None:
        """More requests than usual where they come in: at a place that nothing of ours calls."""
        more = [s for s in self.moved if s.signal is Signal.REQUESTS or _REQUESTS.match(s.metric)]
        found = self.sight.topology
        # A balancer counts again what the services behind it count, also what they ask of each other.
        own = [s for s in more if not found.passes_on(s.service)]
        doors = [s for s in own if not found.callers(s.service) and s.direction == "up"]
        return next((s for s in doors if s.now >= SURGE * s.baseline), None)

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """The words of what is logged as ever, which tell nothing."""
        return diffs.words(p.template for p in self._patterns() if p.before and not _more(p))

    def naming(self, place: str) -> frozenset[str]:
        """The places whose complaints name this one."""
        return frozenset(sign.place for sign in self.lines if place.lower() in sign.text.lower())

    def _patterns(self) -> list[LogPattern]:
        found = (self.sight.logs(resource.name) for resource in self.sight.topology.resources)
        return [pattern for some in found for pattern in some or ()]

    def _logged(self) -> list[Sign]:
        fresh = [p for p in self._patterns() if _more(p)]
        bad = [_logged(p, "log") for p in fresh if p.level in BAD and p.count >= FEW]
        chatter = [_logged(p, "chatter") for p in fresh if p.level == "debug" and p.count >= CHATTY]
        return sorted(bad, key=lambda sign: -sign.count) + chatter


def _more(pattern: LogPattern) -> bool:
    return pattern.novel or pattern.growth >= GROWTH


def _alarmed(alarm: Alarm) -> Sign:
    text = f"{alarm.name}: {alarm.reason}"[:LONGEST]
    return Sign("alarm", alarm.service, text, text, source=alarm.source, link=alarm.link)


def _metric(shift: Deviation) -> Sign:
    name = shift.metric or words.signal(shift.signal)
    text = f"{name} {shift.direction}"
    return Sign("metric", shift.service, text, words.moved(shift), source=shift.source, link=shift.link)


def _logged(pattern: LogPattern, kind: Literal["log", "chatter"]) -> Sign:
    text = (pattern.example or pattern.template)[:LONGEST]
    level = "new debug line: " if kind == "chatter" else ""
    return Sign(
        kind, pattern.service, level + text, text, pattern.count, source=pattern.source, link=pattern.link
    )
