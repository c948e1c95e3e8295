"""What a model may answer, and whether it can be used: everything it names must exist."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import Field, ValidationError

from workers.agent.catalogue import Mode, modes
from workers.agent.proposals import claim, prior
from workers.agent.sight import Sight
from workers.domain.evidence import Evidence
from workers.domain.hypothesis import Hypothesis
from workers.domain.telemetry import Change
from workers.domain.value import Value

MOST_CLAIMS, MOST_SENTENCES = 3, 5
MOST_TOLD, MOST_LINES = 3, 20
"""Sentences and lines of the answer to a question."""
MOST_NAMED = 30
"""Names or ids that a refusal lists."""

# Words of which English prose always has some.
ENGLISH = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "since", "the", "to", "was", "with")
)
_IDENTIFIER = re.compile(r"(?<![\w])[\w]+(?:[-_:./@][\w]+)+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")

Answer = TypeVar("Answer", bound=Value)


class Unusable(Exception):
    """An answer that cannot be used; the message is told back."""


class Claim(Value):
    where: str
    mode: str
    change: str = ""
    why: str = ""


class Claims(Value):
    claims: tuple[Claim, ...] = Field(max_length=MOST_CLAIMS)


class Sentence(Value):
    text: str = Field(max_length=400)
    evidence: tuple[str, ...] = Field(min_length=1)


class Account(Value):
    sentences: tuple[Sentence, ...] = Field(min_length=1, max_length=MOST_SENTENCES)


class Stated(Value):
    text: str = Field(max_length=400)
    rests_on: tuple[str, ...] = Field(min_length=1)


class Findings(Value):
    answer: tuple[Stated, ...] = Field(default=(), max_length=MOST_TOLD)
    lines: tuple[Stated, ...] = Field(default=(), max_length=MOST_LINES)
    unknown: str = Field(default="", max_length=400)


def proposed(text: str, sight: Sight, places: tuple[str, ...], by: str) -> tuple[Hypothesis, ...]:
    """The new claims of an answer, worded and ranked by the catalogue; `Unusable` where one names a fiction.

    What was claimed before, and what is no claim about one of `places`, is left out.
    """
    answer = _parsed(Claims, text)
    made = {(h.where, h.mode, h.trigger.id if h.trigger else "") for h in sight.case.tree.nodes}
    drafts = [_draft(one, sight, places) for one in answer.claims]
    fresh = {(h.where, h.mode, h.trigger.id if h.trigger else ""): h for h in drafts if h.where in places}
    count = len(sight.case.tree.nodes)
    new = [h for key, h in fresh.items() if key not in made]
    return tuple(h.model_copy(update={"id": f"h{count + i}", "by": by}) for i, h in enumerate(new, 1))


def told(text: str, material: str, evidence: Iterable[Evidence], names: Iterable[str]) -> str:
    """The sentences of an account; `Unusable` where one says what `material` does not.

    `names` are all places there are: one that the material does not name must not be named.
    """
    answer = _parsed(Account, text)
    ids = [e.id for e in evidence]
    for sentence in answer.sentences:
        if unknown := [key for key in sentence.evidence if key not in ids]:
            raise Unusable(_missing("finding", unknown[0], ids))
    # What is said twice is said once.
    said = " ".join(dict.fromkeys(" ".join(sentence.text.split()) for sentence in answer.sentences))
    _english(said)
    _supported(said, material, names)
    return said


def found(text: str, asked: str, read: Mapping[str, str], heard: str, names: Iterable[str]) -> Findings:
    """The answer to a question; `Unusable` where a part of it says what the results that it cites do not.

    `read` is what was read of each result, by its id; `heard` is all that was said, failures among it.
    """
    answer = _parsed(Findings, text)
    if not answer.answer and not answer.unknown.strip():
        raise Unusable("it answers nothing; what cannot be told belongs into `unknown`")
    for one in (*answer.answer, *answer.lines):
        if unread := [key for key in one.rests_on if key not in read]:
            raise Unusable(_missing("result", unread[0], read))
        _supported(one.text, "\n".join([asked, *(read[key] for key in one.rests_on)]), names)
    _supported(answer.unknown, "\n".join([heard, *read.values()]), names)
    _english(" ".join([*(one.text for one in answer.answer), answer.unknown]))
    return answer


def _parsed(kind: type[Answer], text: str) -> Answer:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the answer"
        raise Unusable(f"{place}: {first['msg']}") from None


def _missing(what: str, named: str, there: Iterable[str]) -> str:
    """That it does not exist, and what does."""
    names = ", ".join([*there][:MOST_NAMED])
    return f"there is no {what} {named[:40]!r}" + (f"; there are only {names}" if names else "")


def _draft(one: Claim, sight: Sight, places: tuple[str, ...]) -> Hypothesis:
    place, mode = sight.topology.find(one.where), modes().get(one.mode)
    if place is None:
        raise Unusable(_missing("place", one.where, places))
    if mode is None:
        raise Unusable(f"there is no failure mode {one.mode[:40]!r}")
    if place.kind not in mode.kinds or not mode.incident:
        raise Unusable(f"{mode.id} is not what can be wrong with {place.name}, which is a {place.kind}")
    draft = claim(mode, place.name, _blamed(one, mode, sight))
    return draft.model_copy(update={"prior": prior(mode, draft, sight)})


def _blamed(one: Claim, mode: Mode, sight: Sight) -> Change | None:
    if mode.trigger not in ("deployment", "commit"):
        return None
    here = [c for c in sight.changes if c.kind == mode.trigger and c.service in (one.where, "")]
    found = next((c for c in here if c.id == one.change), None)
    if found is None:
        raise Unusable(f"there is no {mode.trigger} {one.change[:40]!r} of {one.where}")
    return found


def _english(said: str) -> None:
    plain = re.findall(r"[a-z]+", said.lower())
    foreign = sum(not c.isascii() for c in said if c.isalpha())
    if foreign > len(said) // 20 or sum(word in ENGLISH for word in plain) < len(plain) / 10:
        raise Unusable("it is not in English")


def _supported(said: str, material: str, names: Iterable[str]) -> None:
    known = material.lower()
    for found in (*_IDENTIFIER.findall(said), *(n for n in names if _named(n, said))):
        if found.lower() not in known:
            raise Unusable(f"nothing that was found speaks of {found!r}")
    numbers = {number.lstrip("0") for number in _NUMBER.findall(material)}
    for number in _NUMBER.findall(said):
        if number.lstrip("0") not in numbers:
            raise Unusable(f"no finding holds the number {number}")


def _named(name: str, said: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said, re.IGNORECASE) is not None
