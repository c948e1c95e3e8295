"""Secrets as other people's tools know them, made from their patterns."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import yaml
from rstr import Rstr

from tests.workers.safety.planted import Kind, Secret


def foreign() -> dict[str, dict[str, Kind]]:
    """The kinds by where their patterns come from."""
    sources = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {
        source: {name: Kind(key, _made(pattern)) for name, (key, pattern) in kinds.items()}
        for source, kinds in sources.items()
    }


def _made(pattern: str) -> Callable[[random.Random], Secret]:
    def make(chance: random.Random) -> Secret:
        text = Rstr(chance).xeger(pattern)
        match = re.fullmatch(pattern, text)
        assert match is not None, (pattern, text)
        own = match.groupdict().get("secret", text)
        return Secret(text, tuple(own.split("\\n")))

    return make
