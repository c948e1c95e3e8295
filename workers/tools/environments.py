"""Which environment a thing is of: as the settings say, else by its tags, else by its name or cluster."""

import re
from collections.abc import Mapping

from workers.domain.environment import ALIKE, ENVIRONMENT, called
from workers.domain.telemetry import Resource
from workers.settings import Environment

TAGS = ("env", "environment", "stage")

Environments = Mapping[str, Environment]


def of(one: Resource, region: str, asked: str, known: Environments) -> bool | None:
    """Whether a thing is of the environment that is asked for; `None` where nothing says of which it is."""
    said = names(one, region, known)
    return called(asked) in said if said else None


def names(one: Resource, region: str, known: Environments) -> frozenset[str]:
    """What a thing's environment is called; a production one of the settings is prod, too."""
    if stated := [name for name, environment in known.items() if _holds(environment, one, region)]:
        return frozenset(word for name in stated for word in (called(name), _prod(known[name])) if word)
    if tagged := [value for key, value in one.tags.items() if key.lower() in TAGS and value]:
        return frozenset(map(called, tagged))
    parts = re.split(r"[^a-z0-9]+", f"{one.name} {one.attributes.get('cluster', '')}".lower())
    words = {called(word) for word in (*known, *(some[0] for some in ALIKE))}
    return frozenset(map(called, parts)) & words


def marked(one: Resource, region: str, known: Environments) -> Resource:
    """The same with its environment among its attributes, where anything says of which it is."""
    said = sorted(names(one, region, known), key=lambda name: (name != called("prod"), name))
    return one.model_copy(update={"attributes": {**one.attributes, ENVIRONMENT: said[0]}}) if said else one


def _holds(environment: Environment, one: Resource, region: str) -> bool:
    own = {one.name, one.attributes.get("cluster", "")} - {""}
    tags = environment.tags.items()
    return (
        bool(own & {*environment.clusters, *environment.services})
        or one.account in environment.accounts
        or region in environment.regions
        or (bool(tags) and tags <= one.tags.items())
    )


def _prod(environment: Environment) -> str:
    return called("prod") if environment.production else ""
