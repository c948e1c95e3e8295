"""Markdown files under one folder."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from knowledge.document import Document
from knowledge.sources.markdown import MAX_BYTES, document
from knowledge.visible import visible
from workers.domain.errors import BadDocument, Unreachable

SUFFIXES = frozenset({".md", ".markdown"})
MAX_DEPTH = 32


class Filesystem:
    """Every Markdown file under `path`, in order of name; hidden folders are left out.

    `name` tells this source's documents from others' in the index: it must stay the same while the
    folder means the same, and defaults to the path as it was given.
    """

    def __init__(self, path: str | Path, name: str = "") -> None:
        self.path = Path(path)
        self.name = name or self.path.as_posix()

    def read(self) -> Iterator[Document | BadDocument]:
        """Each document, or why it cannot be one.

        Raises `Unreachable` if the folder is not there: an unmounted disk is not a hundred deletions.
        """
        root = Path(os.path.realpath(self.path))
        if not root.is_dir():
            raise Unreachable(
                f"The knowledge folder {self.path}", "no such folder", "Create it or correct its path."
            )
        for file in _files(root):
            if isinstance(file, BadDocument):
                yield file
                continue
            try:
                yield self._document(root, file)
            except BadDocument as bad:
                yield bad

    def _document(self, root: Path, file: Path) -> Document:
        name = file.relative_to(root).as_posix()
        if name != visible(name.encode("utf-8", "replace").decode()) or "\n" in name:
            raise BadDocument(ascii(name), "its name holds characters that cannot be shown", "Rename it.")
        raw, changed = _contents(root, file, name)
        return document(raw, id=name, source=self.name, updated_at=changed)


def _files(root: Path) -> Iterator[Path | BadDocument]:
    """Candidates below `root`. Links are yielded, never followed, so that `_contents` can judge them."""
    folders = [root]
    while folders:
        folder = folders.pop()
        # The slash says "and everything below": what cannot be listed is not known to be deleted.
        name = f"{folder.relative_to(root).as_posix()}/"
        if name.count("/") > MAX_DEPTH:
            yield BadDocument(name, f"it lies deeper than {MAX_DEPTH} folders", "Move it up.")
            continue
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise Unreachable(
                    f"The knowledge folder {root}", str(error), "Check who may read it."
                ) from error
            yield BadDocument(name, f"it cannot be listed: {error.strerror}", "Check who may read it.")
            continue
        yield from (Path(entry.path) for entry in entries if _wanted(entry))
        folders += [
            Path(e.path) for e in reversed(entries) if e.is_dir(follow_symlinks=False) and e.name[0] != "."
        ]


def _wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name[0] == ".":
        return False
    if os.path.isdir(entry.path):  # which, unlike `entry.is_dir()`, bears a link to itself
        return entry.is_symlink()
    return Path(entry.name).suffix.casefold() in SUFFIXES


def _contents(root: Path, file: Path, name: str) -> tuple[bytes, datetime]:
    if file.is_symlink():
        inside = Path(os.path.realpath(file)).is_relative_to(root)
        why = "it is a link within the folder" if inside else "it is a link out of the folder"
        raise BadDocument(name, why, "Put the file itself here.")
    try:
        # Not following a link and not waiting for a pipe's writer: the entry may change under us.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BadDocument(name, f"it cannot be opened: {error.strerror}", "Check who may read it.") from error
    with open(handle, "rb") as opened:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BadDocument(name, "it is not a regular file", "Keep only Markdown here.")
        return opened.read(MAX_BYTES + 1), datetime.fromtimestamp(status.st_mtime, UTC)
