"""The database: migrations that make what the tables say, and a database that fails without half a step."""

import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import incident, now, opened, said
from workers.domain.errors import Unreachable
from workers.ledger import Ledger, connect, migrate
from workers.ledger.schema import metadata


def test_migrations_make_exactly_the_tables_of_the_code(database: str) -> None:
    engine = connect(database)
    with engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), metadata
        )
        tables = set(inspect(connection).get_table_names())
    engine.dispose()

    assert differences == []
    assert tables == {*metadata.tables, "alembic_version"}


def test_migrating_again_changes_nothing(database: str) -> None:
    ledger = Ledger(connect(database))
    investigation = opened(ledger)

    migrate(database)

    assert ledger.load(investigation).seq == 1
    ledger.close()


def test_two_migrating_at_once_make_one_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'ledger.db'}"
    command = [sys.executable, "-c", f"from workers.ledger import migrate; migrate({url!r})"]

    both = [subprocess.Popen(command) for _ in range(2)]

    assert [one.wait(60) for one in both] == [0, 0]

    ledger = Ledger(connect(url))
    opened(ledger)
    ledger.close()


def test_many_opening_a_new_file_at_once_all_get_it(tmp_path: Path) -> None:
    """Turning a file to WAL needs it alone for a moment, and SQLite's own timeout does not wait for that."""
    urls = [f"sqlite:///{tmp_path / f'{n}.db'}" for n in range(20)]

    for url in urls:
        opened_by = race(8, lambda _, url=url: _opens(url))

        assert opened_by == [True] * 8


def _opens(url: str) -> bool:
    engine = connect(url)
    with engine.connect():
        pass
    engine.dispose()
    return True


def test_sqlite_is_safe_against_power_loss(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'ledger.db'}")
    with engine.connect() as connection:
        kept = [
            connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")
        ]
    engine.dispose()

    assert kept == ["wal", 2]


@contextmanager
def ledger_with(url: str, pragma: str) -> Generator[Ledger]:
    """A ledger whose database is, as of now, full or read-only."""
    engine: Engine = connect(url)
    event.listen(engine, "connect", lambda raw, _record: raw.execute(f"PRAGMA {pragma}"))
    ledger = Ledger(engine)
    yield ledger
    ledger.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(url)
    return url


def test_read_only_database_is_unreachable_for_writers_and_answers_readers(sqlite_url: str) -> None:
    ledger = Ledger(connect(sqlite_url))
    investigation = opened(ledger)

    with ledger_with(sqlite_url, "query_only = 1") as read_only:
        with pytest.raises(Unreachable, match="readonly") as refused:
            read_only.record(investigation, said())

        assert "database_url" in refused.value.mend
        assert read_only.load(investigation).seq == 1
    ledger.close()


def test_full_disk_takes_nothing_or_all_of_a_step(sqlite_url: str, tmp_path: Path) -> None:
    pages = pages_of(tmp_path / "ledger.db")
    with ledger_with(sqlite_url, f"max_page_count = {pages + 3}") as ledger:
        with pytest.raises(Unreachable, match="full"):
            fill(ledger, 200)

        taken = [link for link in ledger.audit_records() if "IncidentReported" in link.body]
        assert 0 < len(taken) < 200
        assert_whole(tmp_path / "ledger.db", len(taken))


def fill(ledger: Ledger, requests: int) -> None:
    for number in range(requests):
        ledger.accept(incident(), (f"ev:{number}", f"msg:{number}"), now())


def pages_of(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    return pages


def assert_whole(path: Path, taken: int) -> None:
    """As many rows everywhere as requests were taken, and a file without damage."""
    with sqlite3.connect(path) as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("investigations", "events", "audit", "requests")
        }
        check = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()

    assert counts == {"investigations": taken, "events": taken, "audit": taken, "requests": 2 * taken}
    assert check == "ok"


@pytest.mark.parametrize("damage", ["folder", "garbage", "no tables"])
def test_database_that_cannot_be_used_is_unreachable(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ledger.db"
    if damage == "folder":
        path.mkdir()
    elif damage == "garbage":
        path.write_bytes(b"this is no database " * 500)
    ledger = Ledger(connect(f"sqlite:///{path}"))

    for use in (ledger.ping, lambda: opened(ledger)):
        with pytest.raises(Unreachable) as refused:
            use()
        assert refused.value.mend

    ledger.close()
