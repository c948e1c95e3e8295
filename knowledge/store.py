"""The knowledge index in a Chroma server: rows of chunk, cover and vector, rebuildable from the sources.

A document's rows carry its hash: the new ones are written before the old ones go, so a search in
between finds it, and whatever a crash leaves behind is seen at the next sync.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast
from uuid import uuid4

from knowledge.chroma import Chroma, Metadata, Where
from knowledge.document import Chunk, Cover

# Counted up when the rows, or the way documents are cut, change: a new name is a fresh index.
SCHEMA = "runbooks-v1"

_ROWS = 1000


class Hit(NamedTuple):
    """A row near a vector: its key in the index, the chunk, and their cosine similarity."""

    key: str
    chunk: Chunk
    cosine: float


class Store:
    """The collection for one `version` of the embedding model, on the Chroma server at `url`.

    Nothing is opened before the first question. Every method raises `Unreachable` if the server does
    not answer within `timeout` seconds.
    """

    def __init__(self, url: str, version: str, timeout: float = 10.0) -> None:
        self.collection = f"{SCHEMA}-{version}"
        self._chroma = Chroma(url, self.collection, timeout)

    def replace(self, chunks: Sequence[Chunk], vectors: Sequence[list[float]]) -> None:
        """Make `chunks`, all of one source, the only rows of the documents that they belong to."""
        covers = {chunk.document: chunk.cover for chunk in chunks}
        # First pieces go last: `hashes` sees a document only when all of it is there.
        rows = sorted(zip(chunks, vectors, strict=True), key=lambda row: -row[0].position)
        for start in range(0, len(rows), _ROWS):
            self._upsert(rows[start : start + _ROWS])
        older = _all(
            {"source": chunks[0].cover.source},
            {"document": {"$in": list(covers)}},
            {"hash": {"$nin": [cover.hash for cover in covers.values()]}},
        )
        self._chroma.ask(lambda table: table.delete(where=older))
        self._touch()

    def remove(self, source: str, documents: Iterable[str]) -> None:
        gone = list(documents)
        if gone:
            where = _all({"source": source}, {"document": {"$in": gone}})
            self._chroma.ask(lambda table: table.delete(where=where))
            self._touch()

    def hashes(self, source: str) -> dict[str, frozenset[str]]:
        """What is held of `source`: each document's hash, or several where a write was cut short."""
        held: dict[str, frozenset[str]] = {}
        for head in self._heads({"source": source}):
            document = str(head["document"])
            held[document] = held.get(document, frozenset()) | {str(head["hash"])}
        return held

    def sources(self) -> frozenset[str]:
        return frozenset(str(head["source"]) for head in self._heads())

    def nearest(
        self, vector: list[float], count: int, services: frozenset[str] = frozenset()
    ) -> tuple[Hit, ...]:
        """The rows closest to `vector`, closest first.

        With `services`, only those of documents that name one of them or name none at all.
        """
        about = [{"services": {"$contains": service}} for service in sorted(services)]
        where = {"$or": [*about, {"bound": False}]} if about else None
        found = self._chroma.ask(
            lambda table: table.query(
                query_embeddings=[vector],
                n_results=count,
                where=where,
                include=["documents", "metadatas", "distances"],
            )
        )
        columns = zip(
            found["ids"][0], found["documents"][0], found["metadatas"][0], found["distances"][0], strict=True
        )
        # A row that is deleted while it is found comes back as an empty shell.
        return tuple(
            Hit(key, _chunk(text, data), 1.0 - far) for key, text, data, far in columns if text and data
        )

    def among(self, keys: Sequence[str], vector: list[float]) -> tuple[Hit, ...]:
        """Those of the rows called `keys` that are still there."""
        if not keys:
            return ()
        # Not a query within ids: Chroma answers that with an error once one of them is gone.
        found = self._chroma.ask(
            lambda table: table.get(ids=list(keys), include=["documents", "metadatas", "embeddings"])
        )
        columns = zip(
            found["ids"],
            found["documents"] or (),
            found["metadatas"] or (),
            () if found["embeddings"] is None else found["embeddings"],
            strict=True,
        )
        return tuple(
            Hit(key, _chunk(text, data), _cosine(vector, row))
            for key, text, data, row in columns
            if text and data
        )

    def rows(self) -> dict[str, Chunk]:
        """Every chunk by its key."""
        found = self._chroma.ask(lambda table: table.get(include=["documents", "metadatas"]))
        columns = zip(found["ids"], found["documents"] or (), found["metadatas"] or (), strict=True)
        return {key: _chunk(text, data) for key, text, data in columns if text and data}

    def revision(self) -> str:
        """Changes with the rows: who keeps something derived from them compares this."""
        return self._chroma.note("revision")

    def _upsert(self, rows: Sequence[tuple[Chunk, list[float]]]) -> None:
        self._chroma.ask(
            lambda table: table.upsert(
                ids=[_key(chunk) for chunk, _ in rows],
                embeddings=[vector for _, vector in rows],
                metadatas=[_metadata(chunk) for chunk, _ in rows],
                documents=[chunk.text for chunk, _ in rows],
            )
        )

    def _touch(self) -> None:
        self._chroma.ask(lambda table: table.modify(metadata={"revision": uuid4().hex}))

    def _heads(self, where: Where | None = None) -> list[Metadata]:
        """One row of each document."""
        first = _all({"position": 0}, where) if where else {"position": 0}
        found = self._chroma.ask(lambda table: table.get(where=first, include=["metadatas"]))
        return [data for data in found["metadatas"] or () if data]


def _key(chunk: Chunk) -> str:
    return f"{chunk.cover.source}:{chunk.document}@{chunk.cover.hash[:12]}#{chunk.position}"


def _metadata(chunk: Chunk) -> Metadata:
    """What is filtered by, as Chroma can hold it (no `None`, no empty list), and the whole cover as JSON."""
    cover = chunk.cover
    metadata: Metadata = {
        "source": cover.source,
        "document": cover.id,
        "hash": cover.hash,
        "position": chunk.position,
        "kind": cover.kind,
        "bound": bool(cover.services),
        "path": json.dumps(chunk.path),
        "cover": cover.model_dump_json(),
    }
    return metadata | ({"services": list(cover.services)} if cover.services else {})


def _chunk(text: str, metadata: Metadata) -> Chunk:
    return Chunk(
        cover=Cover.model_validate_json(str(metadata["cover"])),
        path=tuple(cast("list[str]", json.loads(str(metadata["path"])))),
        position=cast("int", metadata["position"]),
        text=text,
    )


def _all(*conditions: Where) -> Where:
    return {"$and": list(conditions)}


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    import numpy as np

    a, b = np.asarray(one), np.asarray(other)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) or 1.0))
