"""Finds the passages that bear on a question, or none: vectors and keywords fused, exact identifiers first.

Every number here was chosen on one half of the labelled questions in `tests/knowledge` and checked on the
other; `python -m tests.knowledge.quality` prints what they give.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import NamedTuple

from knowledge.document import Chunk, How, Kind, Passage
from knowledge.identifiers import Identifiers
from knowledge.keywords import Keywords
from knowledge.store import Hit, Store
from knowledge.sync import Embed

# Both are absolute (cosine; share of the best possible BM25), so that a floor means the same for every
# question; scaling them per question ranked no better and made the best of nothing look good.
DENSE, SPARSE = 0.8, 0.2
# How much the document's first piece (title, symptoms, tags) counts beside its best one.
FIRST = 0.3
IDENTIFIER = 0.3
# A page about all services, where the question is about known ones.
GENERAL = 0.95
# A piece of few words is quoted only where it is much nearer than the longer ones beside it.
BRIEF = 0.8
# Under this a passage is not about the question: better no citation than a wrong one.
FLOOR = 0.33
# What tells people what to do comes before what tells them how it was.
KINDS: Mapping[Kind, float] = {
    "runbook": 1.0,
    "known_issue": 1.0,
    "playbook": 0.98,
    "faq": 0.95,
    "postmortem": 0.93,
    "environment": 0.93,
    "ownership": 0.9,
    "architecture": 0.9,
}

_NEAREST = 50
_WORDED = 12
_LEADING = 20
_BRIEF_WORDS = 25
_QUESTION_CHARS = 2000
_ANY = "our service"

_Name = tuple[str, str]  # source and id: what makes a document


class Retriever:
    """Searches one store. Safe to call from several threads; build it before forking workers to share
    the keyword index it keeps for the store's revision."""

    def __init__(self, store: Store, embed: Embed) -> None:
        self._store = store
        self._embed = embed
        self._lock = Lock()
        self._index: _Index | None = None

    def search(
        self,
        text: str,
        services: frozenset[str] = frozenset(),
        limit: int = 5,
        *,
        now: datetime,
        floor: float = FLOOR,
    ) -> tuple[Passage, ...]:
        """The best passage of each document that bears on `text`, best first; often fewer than `limit`.

        With `services`, documents that name only other services are out. Old advice is found like any
        other: its age stands on the passage. A person who searches may want a lower `floor` than a
        conclusion that cites. Raises `Unreachable` if the store does not answer.
        """
        services = frozenset(service.strip().casefold() for service in services)
        question = _unnamed(text[:_QUESTION_CHARS], services)
        if not question.strip():
            return ()
        [vector] = self._embed([question])
        near = self._store.nearest(vector, _NEAREST, services)
        index = self._fresh()
        words, exact = index.words(question), index.exact(question)
        told = index.told(words, exact, services)
        leading = [hit.chunk for hit in near[:_LEADING]] + [index.chunks[key] for key in told]
        wanted = told | index.firsts(leading)
        beside = self._store.among(sorted(wanted - {hit.key for hit in near}), vector)
        rows = [_row(hit, "vector", words, exact) for hit in near]
        rows += [_row(hit, "keyword", words, exact) for hit in beside]
        ranked = sorted(_best(rows, services), key=lambda row: -row.score)
        good = (row for row in ranked if row.score >= floor)
        return tuple(_passage(row, now) for row in islice(good, limit))

    def _fresh(self) -> "_Index":
        """The keyword index for the rows as they are now."""
        revision = self._store.revision()
        with self._lock:
            if self._index is None or self._index.revision != revision:
                self._index = _Index(revision, self._store.rows())
            return self._index


class _Row(NamedTuple):
    chunk: Chunk
    score: float
    found: How


class _Index:
    """What is asked of all rows at once, by key. It may lag behind the store: `among` drops what is gone."""

    def __init__(self, revision: str, chunks: Mapping[str, Chunk]) -> None:
        self.revision = revision
        self.chunks = chunks
        self._keys = tuple(chunks)
        texts = [_searched(chunk) for chunk in chunks.values()]
        self._keywords = Keywords(texts)
        self._identifiers = Identifiers(texts, [_name(chunk) for chunk in chunks.values()])
        self._first = {_name(chunk): key for key, chunk in chunks.items() if chunk.position == 0}

    def words(self, question: str) -> Mapping[str, float]:
        scores = self._keywords.scores(question)
        return {self._keys[row]: float(scores[row]) for row in scores.nonzero()[0]}

    def exact(self, question: str) -> frozenset[str]:
        return frozenset(self._keys[row] for row in self._identifiers.holders(question))

    def told(
        self, words: Mapping[str, float], exact: frozenset[str], services: frozenset[str]
    ) -> frozenset[str]:
        """The rows that words and identifiers point at, of documents that `services` leave in."""
        naming = {_name(self.chunks[key]) for service in services for key in self.exact(service)}
        best = sorted(words, key=lambda key: -words[key])
        left = (key for key in best if self._fits(key, services, naming))
        return frozenset([*islice(left, _WORDED), *(k for k in exact if self._fits(k, services, naming))])

    def firsts(self, chunks: Iterable[Chunk]) -> frozenset[str]:
        return frozenset(self._first[name] for name in map(_name, chunks) if name in self._first)

    def _fits(self, key: str, services: frozenset[str], naming: set[_Name]) -> bool:
        """It names one of `services`, in its frontmatter or as an exact name in its text, or none at all."""
        cover = self.chunks[key].cover
        named = not services or not cover.services or not services.isdisjoint(cover.services)
        return named or _name(self.chunks[key]) in naming


def _row(hit: Hit, found: How, words: Mapping[str, float], exact: frozenset[str]) -> _Row:
    score = DENSE * hit.cosine + SPARSE * words.get(hit.key, 0.0)
    if hit.key in exact:
        return _Row(hit.chunk, score + IDENTIFIER, "identifier")
    return _Row(hit.chunk, score, found)


def _best(rows: Iterable[_Row], services: frozenset[str]) -> Iterable[_Row]:
    """One row for each document, with the document's score."""
    documents: dict[_Name, list[_Row]] = {}
    for row in rows:
        documents.setdefault(_name(row.chunk), []).append(row)
    for pieces in documents.values():
        best = max(pieces, key=lambda row: row.score)
        first = next((row for row in pieces if row.chunk.position == 0), best)
        cover = best.chunk.cover
        weight = KINDS[cover.kind] * (GENERAL if services and not cover.services else 1.0)
        score = weight * ((1 - FIRST) * best.score + FIRST * first.score)
        yield max(pieces, key=_telling)._replace(score=score)


def _telling(row: _Row) -> float:
    """What to quote: a piece of few words is mostly its headings, and near to all that they are near to."""
    return row.score * (BRIEF if len(row.chunk.text.split()) < _BRIEF_WORDS else 1.0)


def _passage(row: _Row, now: datetime) -> Passage:
    return Passage(
        chunk=row.chunk,
        score=round(min(row.score, 1.0), 3),
        found=row.found,
        age_days=row.chunk.cover.age_days(now),
    )


def _unnamed(text: str, services: frozenset[str]) -> str:
    """`text` with "our service" for the names of `services`.

    The names choose documents; in the text they would make every page about a service look like an
    answer to any question about it. A question that is only a name stays as it is.
    """
    names = "|".join(re.escape(service) for service in sorted(services, key=len, reverse=True) if service)
    if not names:
        return text
    rest = re.sub(rf"(?<![\w.-])(?:{names})(?![\w-]|\.\w):?", _ANY, text, flags=re.IGNORECASE)
    return text if rest.strip() == _ANY else rest


def _searched(chunk: Chunk) -> str:
    return f"{chunk.embedded}\n{' '.join(chunk.cover.services)}"


def _name(chunk: Chunk) -> _Name:
    return chunk.cover.source, chunk.cover.id
