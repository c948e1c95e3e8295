"""The index in a real Chroma server: written, asked, restarted, gone."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import create_server

import chromadb
import pytest

from knowledge.document import Chunk, Cover
from knowledge.store import Store
from tests.knowledge.conftest import free_port
from workers.domain.errors import Unreachable

Start = Callable[..., AbstractContextManager[tuple[str, "subprocess.Popen[bytes]"]]]
ROOT = Path(__file__).parents[2]


def piece(name: str = "a.md", position: int = 0, text: str = "text", **fields: object) -> Chunk:
    cover = {
        "id": name,
        "source": "s",
        "title": "T",
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
        "hash": "1",
    }
    return Chunk(cover=Cover.model_validate(cover | fields), path=("A", "B"), position=position, text=text)


def vector(at: int) -> list[float]:
    return [1.0 if place == at else 0.0 for place in range(8)]


def texts(store: Store, **asked: frozenset[str]) -> list[str]:
    return [hit.chunk.text for hit in store.nearest(vector(0), 10, **asked)]


def test_a_chunk_comes_back_as_it_went_in(store: Store) -> None:
    chunk = piece(
        kind="known_issue",
        services=("checkout", "shop-db"),
        symptoms=("slow",),
        severity="high",
        tags=("db",),
        owner="team-a",
        last_validated=date(2026, 8, 1),
        path="a.md",
        url="https://wiki.example/a",
    )

    store.replace([chunk], [vector(0)])

    [hit] = store.nearest(vector(0), 5)
    assert hit.chunk == chunk
    assert hit.cosine == pytest.approx(1.0, abs=1e-6)
    assert list(store.rows().values()) == [chunk]


def test_nearest_comes_first_by_cosine(store: Store) -> None:
    far = [0.5, 0.5, *[0.0] * 6]
    store.replace([piece(position=0, text="other"), piece(position=1, text="far")], [vector(1), far])
    store.replace([piece("b.md", text="same")], [[5.0, *[0.0] * 7]])

    hits = store.nearest(vector(0), 10)

    assert [hit.chunk.text for hit in hits] == ["same", "far", "other"]
    assert [round(hit.cosine, 3) for hit in hits] == [1.0, 0.707, 0.0]


def test_services_filter_and_documents_without_services_stay(store: Store) -> None:
    store.replace([piece("a.md", text="checkout", services=("checkout", "cart"))], [vector(0)])
    store.replace([piece("b.md", text="search", services=("search",))], [vector(0)])
    store.replace([piece("c.md", text="all")], [vector(0)])

    assert sorted(texts(store)) == ["all", "checkout", "search"]
    assert sorted(texts(store, services=frozenset({"cart"}))) == ["all", "checkout"]
    assert sorted(texts(store, services=frozenset({"search", "cart"}))) == ["all", "checkout", "search"]
    assert texts(store, services=frozenset({"other"})) == ["all"]


def test_a_new_version_replaces_all_rows_of_the_old(store: Store) -> None:
    store.replace([piece(position=n, text=f"old{n}") for n in range(3)], [vector(n) for n in range(3)])

    store.replace([piece(text="new", hash="2")], [vector(0)])

    assert texts(store) == ["new"]
    assert store.hashes("s") == {"a.md": {"2"}}


def test_a_write_that_was_cut_short_shows_in_the_hashes(store: Store, chroma_url: str) -> None:
    store.replace([piece(text="old")], [vector(0)])
    rows = chromadb.HttpClient(chroma_url).get_collection(store.collection, embedding_function=None)

    # What the server holds when the writer dies between its two steps.
    held = rows.get(include=["metadatas", "documents"])
    rows.add(
        ids=["s:a.md@2#0"],
        embeddings=[vector(0)],
        documents=["new"],
        metadatas=[{**(held["metadatas"] or [{}])[0], "hash": "2"}],
    )

    assert store.hashes("s") == {"a.md": {"1", "2"}}
    store.replace([piece(text="new", hash="2")], [vector(0)])
    assert store.hashes("s") == {"a.md": {"2"}}


def test_sources_do_not_touch_each_other(store: Store) -> None:
    store.replace([piece(text="one", source="one")], [vector(0)])
    store.replace([piece(text="two", source="two")], [vector(0)])

    store.remove("one", ["a.md"])

    assert texts(store) == ["two"]
    assert store.hashes("one") == {}
    assert store.sources() == {"two"}


def test_among_drops_rows_that_are_gone(store: Store) -> None:
    store.replace([piece("a.md")], [vector(0)])
    store.replace([piece("b.md")], [vector(1)])
    keys = list(store.rows())
    store.remove("s", ["a.md"])

    hits = store.among(keys, vector(0))

    assert [hit.chunk.document for hit in hits] == ["b.md"]
    assert store.among([], vector(0)) == ()


def test_the_revision_changes_with_the_rows_only(store: Store) -> None:
    empty = store.revision()
    store.replace([piece()], [vector(0)])
    written = store.revision()
    store.nearest(vector(0), 1)
    store.remove("s", [])

    assert empty != written == store.revision()
    store.remove("s", ["a.md"])
    assert store.revision() != written


def test_the_collection_is_named_after_the_model() -> None:
    assert Store("http://127.0.0.1:1", "minilm-int8-1").collection == "runbooks-v1-minilm-int8-1"


def test_no_server_is_said_with_what_to_do() -> None:
    with pytest.raises(
        Unreachable, match=r"Chroma is unreachable: http://127.0.0.1:\d+: .*refused"
    ) as caught:
        Store(f"http://127.0.0.1:{free_port()}", "x").hashes("s")

    assert "chroma_url" in caught.value.mend


def test_a_server_that_never_answers_is_given_up() -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        store = Store(f"http://127.0.0.1:{silent.getsockname()[1]}", "x", timeout=0.5)
        started = time.monotonic()

        with pytest.raises(Unreachable, match="timed out"):
            store.hashes("s")

    assert time.monotonic() - started < 5


def test_a_server_that_stops_answering_is_given_up(tmp_path: Path, start_chroma: Start) -> None:
    with start_chroma(tmp_path) as (url, server):
        store = Store(url, "x", timeout=1)
        store.replace([piece()], [vector(0)])
        server.send_signal(19)  # SIGSTOP: it takes connections and says nothing

        with pytest.raises(Unreachable, match="timed out"):
            store.nearest(vector(0), 1)

        server.send_signal(18)
        assert texts(store) == ["text"]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name that http.server asks for
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>It works</html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def other_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_another_kind_of_server_is_not_taken_for_chroma(other_server: str) -> None:
    with pytest.raises(Unreachable, match="not a Chroma server"):
        Store(other_server, "x").hashes("s")


def test_a_restarted_server_is_found_again_with_its_rows(tmp_path: Path, start_chroma: Start) -> None:
    port = free_port()
    with start_chroma(tmp_path, port) as (url, _):
        store = Store(url, "x")
        store.replace([piece()], [vector(0)])
    with pytest.raises(Unreachable):
        store.nearest(vector(0), 1)

    with start_chroma(tmp_path, port):
        assert texts(store) == ["text"]


def test_a_restart_between_two_questions_goes_unnoticed(tmp_path: Path, start_chroma: Start) -> None:
    port = free_port()
    with start_chroma(tmp_path, port) as (url, _):
        store = Store(url, "x")
        store.replace([piece()], [vector(0)])

    with start_chroma(tmp_path, port):
        assert texts(store) == ["text"]


def test_a_server_that_lost_its_data_is_an_empty_index(tmp_path: Path, start_chroma: Start) -> None:
    port = free_port()
    with start_chroma(tmp_path / "one", port) as (url, _):
        store = Store(url, "x")
        store.replace([piece()], [vector(0)])

    with start_chroma(tmp_path / "two", port):
        assert store.hashes("s") == {}
        store.replace([piece()], [vector(0)])
        assert texts(store) == ["text"]


def test_a_forked_child_and_its_parent_both_ask(chroma_url: str) -> None:
    code = f"""
import os
from knowledge.store import Store
store = Store({chroma_url!r}, "forked")
store.hashes("s")
children = [os.fork() for _ in range(1)]
for _ in range(50):
    store.hashes("s")
if 0 in children:
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "0", done.stderr


def test_our_own_dotenv_is_not_chromas(chroma_url: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CHROMA_SERVER_HOST=elsewhere.example\nCHROMA_SERVER_HTTP_PORT=1\n")
    code = f"from knowledge.store import Store; print(Store({chroma_url!r}, 'dotenv').hashes('s'))"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.stdout.strip() == "{}", done.stderr


def test_vectors_of_another_size_are_our_mistake(store: Store) -> None:
    store.replace([piece()], [vector(0)])

    with pytest.raises(Exception, match="dimension") as caught:
        store.nearest([1.0, 0.0], 1)

    assert not isinstance(caught.value, Unreachable)
