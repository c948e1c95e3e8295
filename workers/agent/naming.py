"""From a word of a report to the things it may mean: by the rest of their names, or by their tags."""

import re
from collections.abc import Iterator

from workers.agent.reach import bare
from workers.agent.steering import KINDS
from workers.domain.naming import Candidate
from workers.domain.telemetry import Resource, Topology
from workers.domain.value import Value

ENVIRONMENTS = (
    frozenset(("prod", "production", "prd", "live")),
    frozenset(("staging", "stage", "stg", "preprod")),
    frozenset(("dev", "development")),
    frozenset(("test", "qa", "uat")),
)
PLAIN = frozenset(("svc", "service", "server", "app", *(one for some in ENVIRONMENTS for one in some)))
"""Parts of a name that say nothing of what it is called."""
VAGUE = frozenset(
    ("api", "web", "worker", "public", "internal", "db", "new", "old", "main", "core", "cluster")
)
"""Words that are parts of many names, and nobody's."""
RUNS = ("service", "function")
SHORTEST, LONGEST = 3, 60
"""Characters of a word that can name something."""
MOST = 5
"""A word that may mean more things than these names none."""


class Sense(Value):
    """A word and the things it may mean, all equally."""

    word: str
    things: tuple[Resource, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return tuple(Candidate(name=one.name, kind=one.kind, place=_place(one)) for one in self.things)


def sense(text: str, topology: Topology, common: frozenset[str]) -> Sense | None:
    """The first word of a text that may mean something without being its name; `None` without one."""
    spoken: list[str] = re.findall(r"[a-z0-9][a-z0-9._-]*[a-z0-9]", text.lower())
    wanted = [named for named in ENVIRONMENTS if named & set(spoken)]
    for word, kinds in _words(spoken, common):
        able = [one for one in topology.resources if one.kind in kinds]
        ranked = ([one for one in able if fits(word, one)] for fits in _RANKS)
        found = next(filter(None, ranked), list[Resource]())
        there = [one for one in found if any(named & set(_parts(one.name)) for named in wanted)]
        if 0 < len(there or found) <= MOST:
            return Sense(word=word, things=tuple(there or found))
    return None


def _words(spoken: list[str], common: frozenset[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each word that may name something, with the kinds of thing; then what longer words are made of."""
    for word, after in zip(spoken, [*spoken[1:], ""], strict=False):
        if _names(word, common):
            kinds = tuple(kind for kind, called in KINDS.items() if after in called)
            yield word, kinds or RUNS
    for word in spoken:
        yield from ((part, RUNS) for part in _parts(word) if part != word and _names(part, common))


def _names(word: str, common: frozenset[str]) -> bool:
    return SHORTEST <= len(word) <= LONGEST and not word.isdigit() and word not in common | PLAIN | VAGUE


def _called(word: str, one: Resource) -> bool:
    """Whether it is its name without what names have in common, or its tags say that it is of it."""
    names = {bare(part) for part in _parts(one.name)} - PLAIN - {""}
    return {bare(part) for part in _parts(word)} - {""} == names or one.part_of.lower() == word


def _begins_or_ends(word: str, one: Resource) -> bool:
    own, parts = _parts(word), [part for part in _parts(one.name) if part not in PLAIN]
    return own in (parts[: len(own)], parts[-len(own) :])


_RANKS = (_called, _begins_or_ends)


def _parts(name: str) -> list[str]:
    return re.split(r"[-_./]", name.lower())


def _place(one: Resource) -> str:
    """Where it is, as far as it says so: its cluster and its region."""
    region = one.id.split(":")[3] if one.id.startswith("arn:") else ""
    return " in ".join(filter(None, (one.attributes.get("cluster", ""), region)))
