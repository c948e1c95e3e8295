"""Source to index: only what changed, nothing lost, everything said."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen

import pytest

from knowledge.document import Document
from knowledge.embedder import Embedder
from knowledge.sources.filesystem import Filesystem
from knowledge.store import Store
from knowledge.sync import SyncReport, prune, sync
from tests.knowledge.conftest import free_port
from workers.domain.errors import BadDocument, Unreachable

Start = Callable[..., AbstractContextManager[tuple[str, "Popen[bytes]"]]]


class Counted:
    """The embedder, counting what it is given."""

    def __init__(self, embed: Embedder) -> None:
        self.embed = embed
        self.texts = 0

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.texts += len(texts)
        return self.embed(texts)


class Listed:
    """A source that holds what it is given."""

    name = "listed"

    def __init__(self, *found: Document | BadDocument) -> None:
        self.found = found

    def read(self) -> Iterator[Document | BadDocument]:
        yield from self.found


@pytest.fixture
def counted(embed: Embedder) -> Counted:
    return Counted(embed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nAll about {name}.\n")
    return tmp_path


def held(store: Store) -> list[str]:
    return sorted(chunk.text for chunk in store.rows().values())


def documents(folder: Path) -> list[Document]:
    found = [one for one in Filesystem(folder, "listed").read() if isinstance(one, Document)]
    assert len(found) == 3
    return found


def test_everything_is_added_once(folder: Path, store: Store, counted: Counted) -> None:
    first = sync(Filesystem(folder), store, counted)
    second = sync(Filesystem(folder), store, counted)

    names = ("a.md", "b.md", "c.md")
    assert first == SyncReport(source=folder.as_posix(), added=names)
    assert second == SyncReport(source=folder.as_posix(), unchanged=names)
    assert counted.texts == 3
    assert held(store) == ["All about a.", "All about b.", "All about c."]


def test_only_what_changed_is_embedded(folder: Path, store: Store, counted: Counted) -> None:
    sync(Filesystem(folder), store, counted)
    counted.texts = 0
    (folder / "b.md").write_text("# b\n\nSomething else.\n")
    (folder / "c.md").unlink()
    (folder / "d.md").write_text("# d\n\nNew.\n")

    report = sync(Filesystem(folder), store, counted)

    assert (report.added, report.updated, report.removed, report.unchanged) == (
        ("d.md",),
        ("b.md",),
        ("c.md",),
        ("a.md",),
    )
    assert counted.texts == 2
    assert held(store) == ["All about a.", "New.", "Something else."]


def test_a_change_of_frontmatter_alone_is_followed(folder: Path, store: Store, embed: Embedder) -> None:
    sync(Filesystem(folder), store, embed)
    (folder / "a.md").write_text("---\nowner: team-x\n---\n# a\n\nAll about a.\n")

    assert sync(Filesystem(folder), store, embed).updated == ("a.md",)
    assert {chunk.cover.owner for chunk in store.rows().values()} == {"", "team-x"}


def test_a_document_that_grew_shorter_leaves_nothing_behind(
    folder: Path, store: Store, embed: Embedder
) -> None:
    (folder / "a.md").write_text("# a\n\nOne.\n\n## B\n\nTwo.\n\n## C\n\nThree.\n")
    sync(Filesystem(folder), store, embed)
    (folder / "a.md").write_text("# a\n\n## B\n\nTwo.\n")

    sync(Filesystem(folder), store, embed)

    assert held(store) == ["All about b.", "All about c.", "Two."]


def test_a_moved_document_is_found_where_it_is(folder: Path, store: Store, embed: Embedder) -> None:
    sync(Filesystem(folder), store, embed)
    (folder / "sub").mkdir()
    (folder / "a.md").rename(folder / "sub" / "a.md")

    report = sync(Filesystem(folder), store, embed)

    assert (report.added, report.removed) == (("sub/a.md",), ("a.md",))
    assert held(store) == ["All about a.", "All about b.", "All about c."]


def test_bad_documents_are_reported_and_the_rest_is_kept(folder: Path, store: Store, embed: Embedder) -> None:
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    (folder / "empty.md").write_text("# Only\n\n## Headings\n")

    report = sync(Filesystem(folder), store, embed)

    assert report.added == ("a.md", "b.md", "c.md")
    assert [one.name for one in report.failed] == ["bad.md", "empty.md"]
    assert "UTF-16" in report.failed[0].why
    assert "no text under them" in report.failed[1].why
    assert all(one.mend for one in report.failed)


def test_a_slip_does_not_take_the_last_good_version_away(folder: Path, store: Store, embed: Embedder) -> None:
    sync(Filesystem(folder), store, embed)
    (folder / "a.md").write_text("---\ntitle: 'open\n---\n# a\n\nNewer.\n")

    report = sync(Filesystem(folder), store, embed)

    assert [one.name for one in report.failed] == ["a.md"]
    assert report.removed == ()
    assert "All about a." in held(store)


def test_a_folder_that_cannot_be_listed_is_not_deleted(folder: Path, store: Store, embed: Embedder) -> None:
    found = documents(folder)
    moved = [
        one.model_copy(update={"id": f"{place}/{one.id}"}) for place, one in zip("xxy", found, strict=True)
    ]
    sync(Listed(*moved), store, embed)

    report = sync(Listed(BadDocument("x/", "it cannot be listed")), store, embed)

    assert report.removed == ("y/c.md",)
    assert held(store) == ["All about a.", "All about b."]


def test_a_folder_that_is_gone_deletes_nothing(folder: Path, store: Store, embed: Embedder) -> None:
    sync(Filesystem(folder), store, embed)
    elsewhere = folder.rename(folder.with_name("elsewhere"))

    with pytest.raises(Unreachable):
        sync(Filesystem(folder), store, embed)

    assert len(held(store)) == 3
    elsewhere.rename(folder)


def test_an_id_used_twice_is_reported(folder: Path, store: Store, embed: Embedder) -> None:
    found = documents(folder)

    report = sync(Listed(found[0], found[1].model_copy(update={"id": "a.md"})), store, embed)

    assert report.added == ("a.md",)
    assert "used twice" in report.failed[0].why
    assert held(store) == ["All about a."]


def test_many_documents_are_written_in_portions(tmp_path: Path, store: Store, embed: Embedder) -> None:
    for number in range(300):
        (tmp_path / f"{number}.md").write_text(f"Number {number}.")

    report = sync(Filesystem(tmp_path), store, embed)

    assert len(report.added) == len(held(store)) == 300
    assert len(sync(Filesystem(tmp_path), store, embed).unchanged) == 300


def test_a_sync_that_was_cut_short_is_finished_by_the_next(
    tmp_path: Path, start_chroma: Start, embed: Embedder
) -> None:
    runbooks = tmp_path / "runbooks"
    runbooks.mkdir()
    for number in range(300):
        (runbooks / f"{number:03}.md").write_text(f"Number {number}.")
    port = free_port()
    with start_chroma(tmp_path / "chroma", port) as (url, server):
        store = Store(url, "x")

        def dying(texts: Sequence[str]) -> list[list[float]]:
            if len(texts) < 256:  # the second portion
                server.kill()
                server.wait()
            return embed(texts)

        with pytest.raises(Unreachable):
            sync(Filesystem(runbooks), store, dying)

    with start_chroma(tmp_path / "chroma", port):
        report = sync(Filesystem(runbooks), store, embed)
        assert (len(report.unchanged), len(report.added)) == (256, 44)
        assert len(held(store)) == 300


def test_sources_that_are_no_longer_configured_go(folder: Path, store: Store, embed: Embedder) -> None:
    sync(Filesystem(folder, "kept"), store, embed)
    sync(Filesystem(folder, "dropped"), store, embed)

    assert prune(store, frozenset({"kept"})) == {"dropped"}
    assert store.sources() == {"kept"}
    assert len(held(store)) == 3
