"""The knowledge index in a Chroma server: rows of chunk, cover and vector, rebuildable from the sources.

This module is the one place that knows Chroma. Vectors are always given, so that Chroma never fetches
a model of its own, and its in-process client is never used (it goes stale across processes and hangs
after a fork). A document's rows carry its hash: the new ones are written before the old ones go, so a
search in between finds it, and whatever a crash leaves behind is seen at the next sync.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple, Protocol, TypedDict, TypeVar, cast
from uuid import uuid4

from knowledge.document import Chunk, Cover
from workers.domain.errors import Unreachable

# Raised when the rows or the way documents are cut change: a new name means a fresh index.
SCHEMA = "runbooks-v1"

_TIMEOUT = 10.0
_ROWS = 1000
_AGAIN = 2

_T = TypeVar("_T")
_Metadata = dict[str, str | int | bool | list[str]]
_Where = dict[str, Any]  # Chroma's filter language: nested operators


class Hit(NamedTuple):
    """A row near a vector: its key in the index, the chunk, and their cosine similarity."""

    key: str
    chunk: Chunk
    cosine: float


class Store:
    """The collection for one `version` of the embedding model, on the Chroma server at `url`.

    Nothing is opened before the first question, and every process (a fork too) opens its own
    connection. Every method raises `Unreachable` if the server does not answer within `timeout` seconds.
    """

    def __init__(self, url: str, version: str, timeout: float = _TIMEOUT) -> None:
        self.url = url
        self.collection = f"{SCHEMA}-{version}"
        self._timeout = timeout
        self._lock = Lock()
        self._opened: _Opened | None = None

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
        self._ask(lambda chroma: chroma.rows.delete(where=older))
        self._touch()

    def remove(self, source: str, documents: Iterable[str]) -> None:
        gone = list(documents)
        if gone:
            where = _all({"source": source}, {"document": {"$in": gone}})
            self._ask(lambda chroma: chroma.rows.delete(where=where))
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
        found = self._ask(
            lambda chroma: chroma.rows.query(
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
        found = self._ask(
            lambda chroma: chroma.rows.get(ids=list(keys), include=["documents", "metadatas", "embeddings"])
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
        found = self._ask(lambda chroma: chroma.rows.get(include=["documents", "metadatas"]))
        columns = zip(found["ids"], found["documents"] or (), found["metadatas"] or (), strict=True)
        return {key: _chunk(text, data) for key, text, data in columns if text and data}

    def revision(self) -> str:
        """Changes with the rows: who keeps something derived from them compares this."""
        fresh = self._ask(
            lambda chroma: chroma.client.get_collection(self.collection, embedding_function=None)
        )
        return str((fresh.metadata or {}).get("revision", ""))

    def _upsert(self, rows: Sequence[tuple[Chunk, list[float]]]) -> None:
        self._ask(
            lambda chroma: chroma.rows.upsert(
                ids=[_key(chunk) for chunk, _ in rows],
                embeddings=[vector for _, vector in rows],
                metadatas=[_metadata(chunk) for chunk, _ in rows],
                documents=[chunk.text for chunk, _ in rows],
            )
        )

    def _touch(self) -> None:
        self._ask(lambda chroma: chroma.rows.modify(metadata={"revision": uuid4().hex}))

    def _heads(self, where: _Where | None = None) -> list[_Metadata]:
        """One row of each document."""
        first = _all({"position": 0}, where) if where else {"position": 0}
        found = self._ask(lambda chroma: chroma.rows.get(where=first, include=["metadatas"]))
        return [data for data in found["metadatas"] or () if data]

    def _ask(self, question: "Callable[[_Opened], _T]") -> _T:
        """The answer. Asked again where the server was restarted or the collection made anew, and where
        rows were deleted under the question, which Chroma answers with an internal error."""
        import httpx
        from chromadb.errors import ChromaError, InternalError, InvalidArgumentError, NotFoundError

        try:
            for _ in range(_AGAIN):
                try:
                    return question(self._open())
                except (httpx.NetworkError, httpx.RemoteProtocolError, NotFoundError, InternalError):
                    self._opened = None
            return question(self._open())
        except Exception as error:
            # Chroma raises a bare Exception for a server's own failure; everything else is our mistake.
            lost = isinstance(error, (httpx.HTTPError, ChromaError)) or type(error) is Exception
            if lost and not isinstance(error, InvalidArgumentError):
                raise self._lost(error) from error
            raise

    def _open(self) -> "_Opened":
        with self._lock:
            if self._opened is None or self._opened.process != os.getpid():
                self._opened = _open(self.url, self.collection, self._timeout)
            return self._opened

    def _lost(self, error: Exception) -> Unreachable:
        why = " ".join(str(error).split()) or type(error).__name__
        return Unreachable("Chroma", f"{self.url}: {why}", "Start it, or correct its address (chroma_url).")


def _open(url: str, name: str, timeout: float) -> "_Opened":
    import chromadb
    import httpx
    from chromadb.config import Settings

    # Chroma's client waits for ever, from its constructor on: ask once with a limit, then set one.
    answer = httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=timeout)
    if "heartbeat" not in answer.raise_for_status().text:
        raise httpx.RemoteProtocolError("what answers there is not a Chroma server")
    # No reading of `.env`, which is Runbook's own.
    settings = cast("Any", Settings)(_env_file=None, anonymized_telemetry=False)
    try:
        client: Any = chromadb.HttpClient(host=url, settings=settings)
    except ValueError as error:
        raise httpx.ConnectError(str(error)) from error
    client._server._session.timeout = httpx.Timeout(timeout)
    rows = client.get_or_create_collection(
        name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    return _Opened(os.getpid(), client, rows)


def _key(chunk: Chunk) -> str:
    return f"{chunk.cover.source}:{chunk.document}@{chunk.cover.hash[:12]}#{chunk.position}"


def _metadata(chunk: Chunk) -> _Metadata:
    """What is filtered by, as Chroma can hold it (no `None`, no empty list), and the whole cover as JSON."""
    cover = chunk.cover
    metadata: _Metadata = {
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


def _chunk(text: str, metadata: _Metadata) -> Chunk:
    return Chunk(
        cover=Cover.model_validate_json(str(metadata["cover"])),
        path=tuple(cast("list[str]", json.loads(str(metadata["path"])))),
        position=cast("int", metadata["position"]),
        text=text,
    )


def _all(*conditions: _Where) -> _Where:
    return {"$and": list(conditions)}


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    import numpy as np

    a, b = np.asarray(one), np.asarray(other)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) or 1.0))


class _Got(TypedDict):
    ids: list[str]
    documents: list[str | None] | None
    metadatas: list[_Metadata | None] | None
    embeddings: Sequence[Sequence[float]] | None


class _Found(TypedDict):
    ids: list[list[str]]
    documents: list[list[str | None]]
    metadatas: list[list[_Metadata | None]]
    distances: list[list[float]]


class _Rows(Protocol):
    """What we use of Chroma's `Collection`, with the types it has for our calls."""

    metadata: Mapping[str, object] | None

    def upsert(
        self, ids: list[str], embeddings: list[list[float]], metadatas: list[_Metadata], documents: list[str]
    ) -> None: ...
    def delete(self, where: _Where) -> object: ...
    def get(
        self, ids: list[str] | None = None, where: _Where | None = None, *, include: list[str]
    ) -> _Got: ...
    def query(
        self,
        query_embeddings: list[list[float]],
        n_results: int,
        where: _Where | None,
        include: list[str],
    ) -> _Found: ...
    def modify(self, metadata: dict[str, str]) -> None: ...


class _Client(Protocol):
    def get_collection(self, name: str, embedding_function: None) -> _Rows: ...


class _Opened(NamedTuple):
    process: int
    client: _Client
    rows: _Rows
