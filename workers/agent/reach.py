"""Where and when a change takes effect: a commit with the deployment that carries it, a flag at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workers.agent import diffs
from workers.agent.sight import Sight
from workers.domain.telemetry import Change

DIRECT = frozenset(
    ("config", "configs", "deploy", "k8s", "helm", "infra", "terraform", "migrations", "charts")
)
"""Folders whose files may take effect without a deployment."""
COMMON = ("pkg", "internal", "lib", "libs", "shared", "common", "src", "core", "platform", "api", "build")
SHARED = frozenset((*COMMON, *DIRECT, "db", "proto", "schema", "schemas")) - {"charts"}
"""Folders that belong to nobody alone."""
OWNED = 0.6
"""The share of a service's name that a path has to have to be the service's."""


@dataclass(frozen=True)
class Reach:
    """A change is in effect at a service from `at` on; `weight` from 0 to 1 is how sure that is."""

    service: str
    at: datetime
    weight: float


def reaches(change: Change, sight: Sight) -> tuple[Reach, ...]:
    """Every service that a change reached."""
    if change.kind != "commit":
        return (Reach(change.service, change.at, 1.0),)
    at = max([change.at, *(flag.at for flag in sight.changes if _guards(flag, change))])
    rollouts = [c for c in sight.changes if c.kind == "deployment" and c.commit]
    made = {c.commit: c.at for c in sight.changes if c.kind == "commit"}
    found = {c.service: Reach(c.service, max(at, c.at), 1.0) for c in rollouts if c.commit == change.commit}
    owner, whose = _owner(change.files, sight)
    for later in rollouts:
        if later.at < change.at or made.get(later.commit, later.at) < change.at or later.service in found:
            continue
        if later.service == owner:
            found[later.service] = Reach(later.service, max(at, later.at), 1.0)
        elif whose == "shared":
            found[later.service] = Reach(later.service, max(at, later.at), 0.8)
    if not found:
        direct = any(part in DIRECT for name in change.files for part in name.split("/"))
        weight = {"owned": 0.8 if direct else 0.5, "shared": 0.5 if direct else 0.25}.get(whose, 0.1)
        places = [owner] if owner else [sight.symptom]
        found = {place: Reach(place, at, weight) for place in places}
    return tuple(found.values())


def _guards(flag: Change, change: Change) -> bool:
    """Whether a flag that was turned stands in the text of a commit."""
    name = flag.id.rpartition("/")[2] or flag.id
    return flag.kind == "flag" and len(name) > 3 and flag.at > change.at and name in change.diff


def _owner(files: Iterable[str], sight: Sight) -> tuple[str, str]:
    """Whose files these are: a service, everybody's, or somebody's who is not known here."""
    names = dict.fromkeys([*(r.name for r in sight.topology.resources), *(c.service for c in sight.changes)])
    best, share, foreign, count = "", 0.0, 0, 0
    for path in files:
        count += 1
        folders = path.split("/")[:-1]
        for name in filter(None, names):
            owned = _owned(name, folders)
            if owned > share:
                best, share = name, owned
        if folders and folders[0] not in SHARED:
            foreign += 1
    if share >= OWNED:
        return best, "owned"
    return ("", "foreign") if count and foreign == count else ("", "shared")


def _owned(name: str, folders: list[str]) -> float:
    """The share of the words of a service's name that stand in a path."""
    plain = {bare(word) for word in diffs.words([name])} - {""}
    there = {bare(word) for word in diffs.words(folders)}
    return sum(any(_same(word, other) for other in there) for word in plain) / max(1, len(plain))


def bare(word: str) -> str:
    """A word of a service's name without what says that it is one."""
    for end in ("service", "server", "svc"):
        word = word.removesuffix(end)
    return word


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= 5 and long.startswith(short))
