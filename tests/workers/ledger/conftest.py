"""Ledgers to test: SQLite always, PostgreSQL too where RUNBOOK_TEST_POSTGRES is the URL of a server.

The contract is one, so every test runs on both.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from workers.ledger import Ledger, Mirror, connect, migrate

POSTGRES = os.environ.get("RUNBOOK_TEST_POSTGRES", "")


@pytest.fixture(scope="session", params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def fresh_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Makes migrated databases, each a copy of one that was migrated once."""
    made = _postgres() if request.param == "postgresql" else _sqlite(tmp_path_factory.mktemp("ledgers"))
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
def _postgres() -> Generator[Callable[[], str]]:
    names: list[str] = []

    def database(template: str) -> str:
        names.append(f"runbook_{secrets.token_hex(4)}")
        _sql(f'CREATE DATABASE "{names[-1]}" TEMPLATE "{template}"')
        return names[-1]

    def url(name: str) -> str:
        return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)

    first = database("template0")
    migrate(url(first))
    yield lambda: url(database(first))
    for name in reversed(names):
        _sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def _sql(statement: str) -> None:
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


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
