"""What people told a running investigation, as it bears on places, claims and changes.

A person's word is attributed evidence and never more: it says where to look first, what to leave untested
and what was done; what the statistics show decides.
"""

import re
from collections.abc import Iterator

from workers.domain.call import Gap
from workers.domain.event import Steered
from workers.domain.hypothesis import Hypothesis
from workers.domain.investigation import Investigation
from workers.domain.steering import Direction, read
from workers.domain.telemetry import Change, Topology

KINDS = {
    "database": ("database", "db", "postgres", "mysql", "aurora", "rds", "sql"),
    "cache": ("cache", "redis", "memcached", "valkey", "elasticache"),
    "queue": ("queue", "sqs", "kafka", "backlog"),
    "function": ("lambda", "function"),
}
"""What people call a kind of resource."""
SOURCE = "people"


def told(case: Investigation) -> Iterator[tuple[Steered, Direction]]:
    """Every direction that was given, in order, with who gave it."""
    for event in case.steering:
        direction = read(event.text, event.at, event.offset)
        if direction is not None:
            yield event, direction


def meant(words: str, topology: Topology) -> tuple[str, ...]:
    """The places that somebody's words mean: by name, else by a part of the name, else by kind."""
    spoken = set(re.split(r"[\s,/]+", words))
    parts = {word for one in spoken for word in re.split(r"[-_.]", one)}
    names = [r.name for r in topology.resources]
    exact = [name for name in names if name.lower() in spoken]
    near = [name for name in names if parts & set(re.split(r"[-_.]", name.lower()))]
    kinds = [r.name for r in topology.resources if parts & set(KINDS.get(r.kind, ()))]
    return tuple(exact or near or kinds)


def wanted(case: Investigation, topology: Topology) -> tuple[str, ...]:
    """The places that people want to be looked at, the latest wish first."""
    looks = [d.what for _, d in told(case) if d.kind == "look"]
    return tuple(dict.fromkeys(name for what in reversed(looks) for name in meant(what, topology)))


def left(case: Investigation, hypothesis: Hypothesis, topology: Topology) -> Steered | None:
    """Who asked to leave this claim aside, if somebody did and nobody asked to look there since."""
    answer: Steered | None = None
    for event, direction in told(case):
        if direction.kind in ("look", "leave") and _about(direction.what, hypothesis, topology):
            answer = event if direction.kind == "leave" else None
    return answer


def _about(what: str, hypothesis: Hypothesis, topology: Topology) -> bool:
    places = meant(what, topology)
    if places:
        return hypothesis.where in places
    # What is no place may be what a claim says happened: "the cron job", "the deployment".
    said = f"{hypothesis.statement} {hypothesis.trigger.summary if hypothesis.trigger else ''}".lower()
    return all(word in said for word in what.split())


def changes(case: Investigation, topology: Topology) -> tuple[Change, ...]:
    """What people said that they did; one whose place nobody can tell counts for the one in question."""
    found: list[Change] = []
    for event, direction in told(case):
        if direction.kind != "did" or direction.at is None:
            continue
        places = meant(direction.what, topology) or ((case.facts.service,) if case.facts else ("",))
        found += [_change(event, direction, place) for place in places]
    return tuple(found)


def _change(event: Steered, direction: Direction, place: str) -> Change:
    assert direction.at is not None
    return Change(
        id=f"told:{event.message or event.at.isoformat()}:{place}",
        at=direction.at,
        kind=direction.change,
        service=place,
        summary=f"“{event.text[:120]}”, says {event.person.id}",
        actor=event.person.id,
        source=SOURCE,
    )


def gaps(case: Investigation, topology: Topology) -> tuple[Gap, ...]:
    """What was left aside because somebody asked to."""
    found: dict[str, Gap] = {}
    for event, direction in told(case):
        if direction.kind not in ("look", "leave"):
            continue
        places = meant(direction.what, topology)
        claims = (h for h in case.tree.nodes if not h.seen and left(case, h, topology) is event)
        for name in places or ([direction.what] if next(claims, None) else []):
            found.pop(name, None)
            if direction.kind == "leave":
                why = f"{event.person.id} asked to leave it aside"
                found[name] = Gap(what=name, about=name if places else "", why=why)
    return tuple(found.values())
