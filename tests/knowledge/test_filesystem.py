"""A folder of Markdown, and everything that can be wrong with one."""

import os
from pathlib import Path

import pytest

from knowledge.document import Document
from knowledge.sources.filesystem import MAX_DEPTH, Filesystem
from knowledge.sources.markdown import MAX_BYTES
from workers.domain.errors import BadDocument, Unreachable


def write(folder: Path, name: str, text: str | bytes = "# Title\n\nText.\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(folder: Path) -> tuple[dict[str, Document], dict[str, BadDocument]]:
    found = list(Filesystem(folder).read())
    good = {one.id: one for one in found if isinstance(one, Document)}
    return good, {one.name: one for one in found if isinstance(one, BadDocument)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runbooks"


def test_markdown_is_read_with_its_path_as_id(folder: Path) -> None:
    write(folder, "team/Slow.md", "---\nowner: team-a\n---\n# Slow checkout\n\nRoll back.\n")
    write(folder, "b.markdown")
    write(folder, "notes.txt")
    write(folder, ".git/hidden.md")
    write(folder, ".draft.md")

    good, bad = read(folder)

    assert list(good) == ["b.markdown", "team/Slow.md"]
    assert bad == {}
    slow = good["team/Slow.md"]
    assert (slow.title, slow.owner, slow.path, slow.link) == (
        "Slow checkout",
        "team-a",
        "team/Slow.md",
        "team/Slow.md",
    )
    assert slow.updated_at.timestamp() == pytest.approx((folder / "team/Slow.md").stat().st_mtime)


def test_the_hash_follows_the_contents_and_not_the_time(folder: Path) -> None:
    path = write(folder, "a.md", "# A\n\none")
    first = read(folder)[0]["a.md"].hash

    os.utime(path, (1, 1))
    touched = read(folder)[0]["a.md"].hash
    write(folder, "a.md", "---\nowner: x\n---\n# A\n\none")
    changed = read(folder)[0]["a.md"].hash

    assert first == touched != changed


def test_the_file_name_is_the_title_where_nothing_else_is(folder: Path) -> None:
    write(folder, "pods-stay_pending.md", "Just text.")

    assert read(folder)[0]["pods-stay_pending.md"].title == "Pods stay pending"


def test_a_byte_order_mark_and_windows_lines_are_read(folder: Path) -> None:
    write(folder, "a.md", b"\xef\xbb\xbf---\r\nowner: x\r\n---\r\n# T\xc3\xa4st\r\n\r\nText.\r\n")

    document = read(folder)[0]["a.md"]

    assert (document.title, document.owner, document.text) == ("Täst", "x", "# Täst\n\nText.\n")


def test_invisible_characters_are_gone_before_anything_is_read(folder: Path) -> None:
    write(folder, "a.md", "---\nowner: te\u200bam\n---\n# Ti\u202etle\n\nText\U000e0041.")

    document = read(folder)[0]["a.md"]

    assert (document.owner, document.title, document.text) == ("team", "Title", "# Title\n\nText.")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not text"),
        ("# Täst".encode("latin-1"), "not UTF-8 text (byte 3)"),
        ("# Test".encode("utf-16"), "UTF-16"),
        (b"", "no text"),
        (b"---\nowner: x\n---\n\n", "no text"),
        (b"x" * (MAX_BYTES + 1), "larger than 2 MiB"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_kept(folder: Path, raw: bytes, why: str) -> None:
    write(folder, "bad.md", raw)
    write(folder, "good.md")

    good, bad = read(folder)

    assert list(good) == ["good.md"]
    assert str(bad["bad.md"]).startswith(f"bad.md: it is {why}") or why in str(bad["bad.md"])
    assert bad["bad.md"].mend


def test_links_are_reported_and_never_followed(folder: Path) -> None:
    secret = write(folder.parent / "outside", "secret.md", "# Secret\n\nkey")
    inside = write(folder, "a.md")
    (folder / "out.md").symlink_to(secret)
    (folder / "in.md").symlink_to(inside)
    (folder / "broken.md").symlink_to(folder / "nowhere.md")
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "up").symlink_to(folder.parent)
    (folder / "passwd.md").symlink_to("/etc/passwd")

    good, bad = read(folder)

    assert list(good) == ["a.md"]
    assert sorted(bad) == ["broken.md", "in.md", "loop.md", "out.md", "passwd.md", "up"]
    assert "out of the folder" in str(bad["out.md"])
    assert "out of the folder" in str(bad["up"])


def test_a_pipe_does_not_stop_the_reading(folder: Path) -> None:
    write(folder, "good.md")
    os.mkfifo(folder / "pipe.md")

    good, bad = read(folder)

    assert list(good) == ["good.md"]
    assert "not a regular file" in str(bad["pipe.md"])


@pytest.mark.parametrize("name", ["a\u202eb.md", "a\nb.md", "a\x1b[31m.md", os.fsdecode(b"\xff.md")])
def test_a_name_that_cannot_be_shown_is_refused(folder: Path, name: str) -> None:
    write(folder, name)

    good, bad = read(folder)

    assert good == {}
    [shown] = bad
    assert shown.isascii()
    assert shown.isprintable()


def test_deep_folders_are_reported(folder: Path) -> None:
    write(folder, "/".join(["d"] * MAX_DEPTH + ["kept.md"]))
    write(folder, "/".join(["d"] * (MAX_DEPTH + 1) + ["lost.md"]))

    good, bad = read(folder)

    assert len(good) == 1
    assert list(bad) == ["d/" * (MAX_DEPTH + 1)]


def test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_is_kept(folder: Path) -> None:
    write(folder, "good.md")
    here = os.open(folder, os.O_RDONLY)
    for _ in range(20):  # longer than any path may be
        os.mkdir("x" * 250, dir_fd=here)
        here, above = os.open("x" * 250, os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)

    good, bad = read(folder)

    assert list(good) == ["good.md"]
    [name] = bad
    assert name.endswith("x/")
    assert "cannot be listed" in str(bad[name])


def test_a_missing_folder_is_not_an_empty_one(folder: Path) -> None:
    with pytest.raises(Unreachable, match="no such folder"):
        read(folder)
