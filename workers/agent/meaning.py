"""What a report is about: the thing that it names; words of it that nobody knows or that are unclear."""

import re
from datetime import timedelta
from functools import cache
from importlib.resources import files

from workers.agent import naming
from workers.agent.sight import Sight
from workers.domain.event import NameAsked
from workers.domain.facts import Deviation
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Signal


@cache
def common_words() -> frozenset[str]:
    """Words of a report that name no service."""
    return frozenset((files("workers.agent") / "common_words.txt").read_text(encoding="utf-8").split())


def named(case: Investigation, sight: Sight) -> str:
    """The resource that the report means, or that an alarm it names watches; empty when there is none."""
    return _exactly(case, sight) or _meant(case, sight)


def _exactly(case: Investigation, sight: Sight) -> str:
    if case.incident.service and sight.topology.find(case.incident.service):
        return case.incident.service
    text = case.incident.text.lower()
    for alarm in sight.alarms:
        if alarm.name.lower() in text and alarm.service:
            return alarm.service
    spoken = set(re.findall(r"[a-z0-9][a-z0-9._-]*[a-z0-9]", text))
    names = [r.name for r in sight.topology.resources]
    told = [name for name in names if name.lower() in spoken]
    return max(told, key=len, default="")


def _meant(case: Investigation, sight: Sight) -> str:
    """What a word of the report means that is no name: as people said, else the likeliest thing."""
    found = naming.sense(case.incident.text, sight.topology, common_words())
    if found is None:
        return ""
    settled = case.names.get(found.word)
    return settled.name if settled else likeliest(found, sight)


def likeliest(found: naming.Sense, sight: Sight) -> str:
    """Of what a word may mean the thing in the worst trouble, else with the most traffic."""

    def weight(name: str) -> tuple[float, float]:
        trouble = max((s.score for s in strained(name, sight) if not old(s, sight)), default=0.0)
        requests = sight.series.get((name, Signal.REQUESTS))
        return trouble, sum(value or 0.0 for value in requests.values) if requests else 0.0

    return max((one.name for one in found.things), key=weight)


def unclear(case: Investigation) -> NameAsked | None:
    """What has to be asked about a word of the report that may mean several things."""
    sight = Sight(case)
    found = naming.sense(case.incident.text, sight.topology, common_words())
    if found is None or len(found.things) < 2 or found.word in (*case.unclear, *case.names):
        return None
    if _exactly(case, sight):
        return None
    taken = likeliest(found, sight)
    return NameAsked(at=case.updated_at, word=found.word, candidates=found.candidates, taken=taken)


def unknown_word(case: Investigation, sight: Sight) -> str:
    """A word of the report that looks like a service's name and is nobody's."""
    if named(case, sight) or case.incident.source == "alert" or not sight.topology.resources:
        return ""
    asked = sight.asked("topology")
    if asked and case.results[asked.id].gaps:
        return ""  # what could not be listed may well be what was named
    spoken = re.findall(r"[a-z0-9][a-z0-9_-]*[a-z0-9]", case.incident.text.lower())
    known = {part for r in sight.topology.resources for part in re.split(r"[-_.]", r.name.lower())}
    strange = [
        word for word in spoken if word not in common_words() and word not in known and not word.isdigit()
    ]
    return strange[0] if strange else ""


def strained(service: str, sight: Sight) -> tuple[Deviation, ...]:
    return sight.strained(service) or tuple(s for s in sight.drifts if s.service == service)


def old(shift: Deviation, sight: Sight) -> bool:
    return shift.over and sight.case.incident.at - shift.onset > timedelta(minutes=60)
