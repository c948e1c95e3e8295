"""One collection on a Chroma server: the only module that knows Chroma, used by the store alone.

Vectors are always given, so that Chroma never fetches a model of its own, and its in-process client is
never used: it goes stale across processes and hangs after a fork.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple, Protocol, TypedDict, TypeVar, cast

from workers.domain.errors import Unreachable

_AGAIN = 2

_T = TypeVar("_T")
Metadata = dict[str, str | int | bool | list[str]]
Where = dict[str, Any]  # Chroma's filter language: nested operators


class Got(TypedDict):
    ids: list[str]
    documents: list[str | None] | None
    metadatas: list[Metadata | None] | None
    embeddings: Sequence[Sequence[float]] | None


class Found(TypedDict):
    """Columns for each vector asked. A row that is deleted while it is found is an empty shell in them."""

    ids: list[list[str]]
    documents: list[list[str | None]]
    metadatas: list[list[Metadata | None]]
    distances: list[list[float]]


class Rows(Protocol):
    """What we use of Chroma's `Collection`, with the types it has for our calls."""

    def upsert(
        self, ids: list[str], embeddings: list[list[float]], metadatas: list[Metadata], documents: list[str]
    ) -> None: ...
    def delete(self, where: Where) -> object: ...
    def get(self, ids: list[str] | None = None, where: Where | None = None, *, include: list[str]) -> Got: ...
    def query(
        self, query_embeddings: list[list[float]], n_results: int, where: Where | None, include: list[str]
    ) -> Found: ...
    def modify(self, metadata: dict[str, str]) -> None: ...


class Chroma:
    """The collection called `name`, made at need. Every process (a fork too) opens its own connection."""

    def __init__(self, url: str, name: str, timeout: float) -> None:
        self.url = url
        self._name = name
        self._timeout = timeout
        self._lock = Lock()
        self._opened: _Opened | None = None

    def ask(self, question: Callable[[Rows], _T]) -> _T:
        """The answer of the collection. Raises `Unreachable`."""
        return self._ask(lambda opened: question(opened.rows))

    def note(self, key: str) -> str:
        """What stands in the collection's own metadata now, written by whatever process."""

        def read(opened: "_Opened") -> str:
            fresh = opened.client.get_collection(self._name, embedding_function=None)
            return str((fresh.metadata or {}).get(key, ""))

        return self._ask(read)

    def _ask(self, question: "Callable[[_Opened], _T]") -> _T:
        """Asked again where the server was restarted or the collection made anew, and where rows were
        deleted under the question, which Chroma answers with an internal error."""
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
                self._opened = _open(self.url, self._name, self._timeout)
            return self._opened

    def _lost(self, error: Exception) -> Unreachable:
        why = " ".join(str(error).split()) or type(error).__name__
        return Unreachable(
            "Chroma", f"{self.url}: {why}", "Start Chroma, or correct its address (chroma_url)."
        )


class _Collection(Rows, Protocol):
    metadata: Mapping[str, object] | None


class _Client(Protocol):
    def get_collection(self, name: str, embedding_function: None) -> _Collection: ...


class _Opened(NamedTuple):
    process: int
    client: _Client
    rows: Rows


def _open(url: str, name: str, timeout: float) -> _Opened:
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
