"""Opening the database: SQLite in WAL mode with full sync, or PostgreSQL by URL; and its migrations."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_fixed

from workers.domain.errors import Unreachable
from workers.ledger.schema import investigations

BUSY_SECONDS = 15


def connect(url: str) -> Engine:
    """An engine whose write transactions take the write lock at their start. Opens nothing yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        _make(Path(parsed.database).parent)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _sqlite_settings)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unreachable(
            "the ledger",
            f"{folder} cannot be used: {error.strerror}",
            "Choose another place: data_dir (RUNBOOK_DATA_DIR).",
        ) from error


def _sqlite_settings(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # pysqlite must not open transactions of its own; see _sqlite_begin
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@retry(
    retry=retry_if_exception_message(match="database is locked"),
    stop=stop_after_delay(BUSY_SECONDS),
    wait=wait_fixed(0.05),
    reraise=True,
)
def _write_ahead(cursor: Any) -> None:
    # Turning a new file to WAL does not wait for others that do the same, whatever the timeout.
    cursor.execute("PRAGMA journal_mode=WAL")


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    # A reader that turns writer half-way can only fail, so writers say so at the start.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Generator[Connection]:
    """A write transaction: all of it or nothing."""
    with _reachable(), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Generator[Connection]:
    with _reachable(), engine.connect() as connection, connection.begin():
        yield connection


def alone_in(connection: Connection, table: Table) -> None:
    """No other transaction writes to this table until ours ends, as SQLite's write lock has it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))


def alone_with(connection: Connection, investigation: str) -> None:
    """No other write transaction touches this investigation until ours ends."""
    connection.execute(
        select(investigations.c.id).where(investigations.c.id == investigation).with_for_update()
    )


@contextmanager
def _reachable() -> Generator[None]:
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError):
        raise  # what was asked is wrong, not the database
    except (DatabaseError, InterfaceError) as error:
        raise Unreachable(
            "the ledger", _first_line(error), "Check database_url and its disk space."
        ) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).splitlines()[0]


def migrate(url: str) -> None:
    """Bring the schema to the newest revision; safe to call again."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = connect(url)
    with _reachable(), engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
