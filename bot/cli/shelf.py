"""Runbooks searched straight from their folders, where no knowledge index runs."""

import threading
from collections.abc import Sequence
from itertools import islice
from typing import Any, cast

import numpy as np

from knowledge.chunker import chunks
from knowledge.document import Chunk
from knowledge.embedder import Embedder
from knowledge.retriever import Retriever
from knowledge.sources.filesystem import Filesystem
from knowledge.store import Hit, Store
from workers.domain.errors import BadDocument

MOST_PIECES = 200
"""More than these take longer to read than an investigation takes."""


class Nothing:
    """A search that finds nothing."""

    def search(self, *_: Any, **__: Any) -> tuple[()]:
        return ()


def shelf(sources: Sequence[Filesystem]) -> Retriever | Nothing | None:
    """A search in these folders; `None` where there is too much in them."""
    pieces = (piece for source in sources for one in source.read() for piece in _pieces(one))
    found = tuple(islice(pieces, MOST_PIECES + 1))
    if len(found) > MOST_PIECES:
        return None
    embed = Embedder()
    if not found:
        return Nothing()
    made = _Shelf(found, embed)
    # By the time somebody asks, most of it is read.
    threading.Thread(target=made.vectors, daemon=True, name="shelf").start()
    # The retriever asks a store four questions, and here they are answered from memory.
    return Retriever(cast(Store, made), embed)


def _pieces(document: Any) -> tuple[Chunk, ...]:
    # A document that cannot be read is reported where it is indexed.
    return () if isinstance(document, BadDocument) else chunks(document)


class _Shelf:
    """The reading half of `knowledge.store.Store`, in memory."""

    def __init__(self, found: tuple[Chunk, ...], embed: Embedder) -> None:
        self._chunks = {f"{chunk.cover.source}:{chunk.document}#{chunk.position}": chunk for chunk in found}
        self._embed = embed
        self._lock = threading.Lock()
        self._vectors: dict[str, Any] = {}

    def revision(self) -> str:
        return "once"

    def rows(self) -> dict[str, Chunk]:
        return self._chunks

    def nearest(
        self, vector: list[float], count: int, services: frozenset[str] = frozenset()
    ) -> tuple[Hit, ...]:
        keys = [k for k, c in self._chunks.items() if not services or _bears(c, services)]
        return tuple(sorted(self.among(keys, vector), key=lambda hit: -hit.cosine)[:count])

    def among(self, keys: Sequence[str], vector: list[float]) -> tuple[Hit, ...]:
        vectors = self.vectors()
        asked = np.asarray(vector)
        return tuple(Hit(k, self._chunks[k], float(vectors[k] @ asked)) for k in keys if k in self._chunks)

    def vectors(self) -> dict[str, Any]:
        """Each piece's vector of length one, computed when first asked for."""
        with self._lock:
            if not self._vectors:
                made = self._embed([chunk.embedded for chunk in self._chunks.values()])
                units = (np.asarray(v) / (np.linalg.norm(v) or 1.0) for v in made)
                self._vectors = dict(zip(self._chunks, units, strict=True))
            return self._vectors


def _bears(chunk: Chunk, services: frozenset[str]) -> bool:
    named = chunk.cover.services
    return not named or not services.isdisjoint(named)
