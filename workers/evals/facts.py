"""Whether an answer names what a sentence tells: by its words, since nobody here can judge by meaning."""

import re

from workers.agent.meaning import common_words

ENOUGH = 0.5
"""The share of a sentence's words that have to stand in an answer, and of the names among them as well."""
# What names one thing: quoted or not, a path, an address, an identifier, an abbreviation.
_NAME = re.compile(
    r"`([^`]+)`|\"([^\"]+)\"|\b(\w+(?:[./:_-]+\w+)+|[A-Z]{3,}|[a-z]*[A-Z][a-z]+(?:[A-Z][a-z]+)+)\b"
)
_WORD = re.compile(r"[a-z]{4,}")
_TO_THE_JUDGE = frozenset(
    {"must", "should", "might", "mention", "mentions", "mentioning", "output"}
    | {"state", "states", "answer", "following", "either", "exact"}
)
"""Words that say how to judge, and nothing of what is to be said."""


def named(fact: str, answer: str) -> bool:
    """Whether enough of a sentence's words stand in an answer; a sentence without any is never named."""
    said = answer.lower()
    names = {next(filter(None, found.groups())).lower() for found in _NAME.finditer(fact)}
    words = set(_WORD.findall(_NAME.sub(" ", fact).lower())) - common_words() - _TO_THE_JUDGE
    told = [sum(one in said for one in some) >= ENOUGH * len(some) for some in (names, names | words) if some]
    return bool(told) and all(told)
