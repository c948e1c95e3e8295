"""Which environment a thing is of: as the settings say, else by its tags, else by its name or cluster."""

import re
from collections.abc import Mapping

from workers.domain.telemetry import Resource
from workers.settings import Environment

TAGS = ("env", "environment", "stage")
ALIKE = (
    ("prod", "production", "prd", "live"),
    ("staging", "stage", "stg", "preprod"),
    ("test", "testing", "qa"),
    ("dev", "development"),
)
"""What people call the same."""

Environments = Mapping[str, Environment]


def of(one: Resource, region: str, asked: str, known: Environments) -> bool | None:
    """Whether a thing is of the environment that is asked for; `None` where nothing says of which it is."""
    stated = [name for name, environment in known.items() if _holds(environment, one, region)]
    if stated:
        return any(_same(name, known[name], asked) for name in stated)
    tagged = [value for key, value in one.tags.items() if key.lower() in TAGS and value]
    if tagged:
        return any(_called(value) == _called(asked) for value in tagged)
    parts = re.split(r"[^a-z0-9]+", f"{one.name} {one.attributes.get('cluster', '')}".lower())
    words = {_called(word) for word in (*known, *(word for some in ALIKE for word in some))}
    named = {_called(part) for part in parts} & words
    return _called(asked) in named if named else None


def _holds(environment: Environment, one: Resource, region: str) -> bool:
    names = {one.name, one.attributes.get("cluster", "")} - {""}
    tags = environment.tags.items()
    return (
        bool(names & {*environment.clusters, *environment.services})
        or one.account in environment.accounts
        or region in environment.regions
        or (bool(tags) and tags <= one.tags.items())
    )


def _same(name: str, environment: Environment, asked: str) -> bool:
    production = environment.production and _called(asked) == _called("prod")
    return production or _called(name) == _called(asked)


def _called(word: str) -> str:
    """The word for an environment, whichever of those alike people use."""
    plain = word.strip().lower()
    return next((some[0] for some in ALIKE if plain in some), plain)
