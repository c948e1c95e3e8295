"""Source to index, only what changed: called by the clock and by `runbook knowledge sync`."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from knowledge.chunker import chunks
from knowledge.document import Chunk, Document
from knowledge.store import Store
from workers.domain.errors import BadDocument
from workers.domain.value import Value

Embed = Callable[[Sequence[str]], list[list[float]]]

# Enough for full batches of the model, little enough to hold.
_PENDING = 256


class Source(Protocol):
    """A place that holds documents; `name` stays the same as long as it means the same place."""

    name: str

    def read(self) -> Iterator[Document | BadDocument]:
        """Everything there is now, bad documents by name. Raises `Unreachable` if that cannot be known."""
        ...


class Unread(Value):
    """A document that could not be taken in; what was held of it before stays."""

    name: str
    why: str
    mend: str


class SyncReport(Value):
    """What one sync did, by document id."""

    source: str
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Unread, ...] = ()


def sync(source: Source, store: Store, embed: Embed) -> SyncReport:
    """Make the index hold what `source` holds. Raises `Unreachable`; what was written until then stays.

    A document that cannot be read keeps the rows of its last good version: a slip in its
    frontmatter must not take a runbook away in the middle of an incident.
    """
    held = store.hashes(source.name)
    seen: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    failed: list[Unread] = []
    pending: list[Chunk] = []
    known: set[str] = set()
    for found in source.read():
        try:
            document = _good(found, known)
            known.add(document.id)
            verdict = _verdict(document, held)
            if verdict != "unchanged":
                pending += _pieces(document)
            seen[verdict].append(document.id)
        except BadDocument as bad:
            failed.append(Unread(name=bad.name, why=str(bad), mend=bad.mend))
        if len(pending) >= _PENDING:
            _write(pending, store, embed)
            pending = []
    _write(pending, store, embed)
    removed = [name for name in held if name not in known and not _excused(name, failed)]
    store.remove(source.name, removed)
    return SyncReport(
        source=source.name,
        added=tuple(seen["added"]),
        updated=tuple(seen["updated"]),
        removed=tuple(removed),
        unchanged=tuple(seen["unchanged"]),
        failed=tuple(failed),
    )


def prune(store: Store, keep: frozenset[str]) -> frozenset[str]:
    """Remove everything of sources that are not in `keep`; the names of those that went."""
    gone = store.sources() - keep
    for source in gone:
        store.remove(source, store.hashes(source))
    return gone


def _good(found: Document | BadDocument, known: set[str]) -> Document:
    if isinstance(found, BadDocument):
        raise found
    if found.id in known:
        raise BadDocument(found.id, "its id is used twice", "Give one of the two another name.")
    return found


def _verdict(document: Document, held: dict[str, frozenset[str]]) -> str:
    if document.id not in held:
        return "added"
    return "unchanged" if held[document.id] == frozenset({document.hash}) else "updated"


def _pieces(document: Document) -> tuple[Chunk, ...]:
    pieces = chunks(document)
    if not pieces:
        raise BadDocument(document.id, "it has headings and no text under them", "Write it or delete it.")
    return pieces


def _write(pending: Sequence[Chunk], store: Store, embed: Embed) -> None:
    if pending:
        store.replace(pending, embed([chunk.embedded for chunk in pending]))


def _excused(name: str, failed: Sequence[Unread]) -> bool:
    """It failed itself, or lies below a folder (a name with a slash at its end) that did."""
    return any(name == bad.name or (bad.name.endswith("/") and name.startswith(bad.name)) for bad in failed)
