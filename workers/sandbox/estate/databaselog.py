"""What PostgreSQL writes in its log: checkpoints, slow statements, and statements that wait for a lock."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from workers.sandbox.estate.names import number
from workers.sandbox.estate.world import World
from workers.sandbox.model.table import Table

_SCAN = "SELECT * FROM {table} WHERE status = $1 AND created_at > $2 ORDER BY created_at"
_STATEMENTS = (
    "UPDATE {table} SET updated_at = now() WHERE id = $1",
    "INSERT INTO {table} (id, payload, created_at) VALUES ($1, $2, now())",
    "SELECT * FROM {table} WHERE id = $1 FOR UPDATE",
)

MIGRATIONS = (
    "ALTER TABLE {table} ADD COLUMN channel text NOT NULL DEFAULT 'web'",
    "ALTER TABLE {table} ALTER COLUMN reference TYPE varchar(64)",
    "CREATE INDEX {table}_created_at_idx ON {table} (created_at)",
)


def database_lines(
    world: World, name: str, table: Table, index: int, rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    """The lines of one row, as (milliseconds, text)."""
    at, length = float(table.times[index]), table.seconds
    spec = world.application.databases[name]

    def say(when: float, text: str, pid: int) -> tuple[int, str]:
        stamp = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        address = f"10.0.{pid % 48}.{pid % 250 + 4}({30000 + pid})"
        return int(when * 1000), f"{stamp}:{address}:{spec.database}_app@{spec.database}:[{pid}]:{text}"

    if at % 300 < length:
        when = at - at % 300 + 7
        wrote = int(900 + 700 * rng.random())
        yield int(when * 1000), _checkpoint(when, wrote)
    yield from _job(world, name, table, index, rng)
    for _ in range(rng.poisson(0.4 * length / 60)):
        took, statement = 1000 + 900 * rng.random(), _statement(list(spec.tables), rng)
        text = f"LOG:  duration: {took:.3f} ms  execute <unnamed>: {statement}"
        yield say(at + length * rng.random(), text, int(rng.integers(400, 32000)))
    locked = world.locked.get(name)
    if locked is not None and locked.migration and at <= locked.since + 1 < at + length:
        statement = MIGRATIONS[locked.relation % len(MIGRATIONS)].format(table=locked.table)
        yield say(locked.since + 1, f"LOG:  statement: {statement}", locked.pid)
    for column in table.columns:
        if column[1] == "failed by" and column[3] == f"full {name}":
            values = table.column(column)
            for _ in range(0 if values is None else int(min(values[index], 4 * length))):
                when, pid = at + length * rng.random(), int(rng.integers(400, 32000))
                yield say(
                    when, f'ERROR:  could not extend file "{file_of(name)}": No space left on device', pid
                )
                yield say(when, "HINT:  Check free disk space.", pid)
        if column[0] == name and column[1] in _COUNTED:
            values = table.column(column)
            count = 0 if values is None else int(min(values[index], 4 * length))
            for _ in range(count):
                when, pid = at + length * rng.random(), int(rng.integers(400, 32000))
                texts = _COUNTED[column[1]](world, name, column[-1], rng, pid)
                yield from (say(when, text, pid) for text in texts)


def file_of(database: str) -> str:
    """The file that a database could not make longer."""
    return f"base/16401/{16384 + number(9000, database)}"


def _job(
    world: World, name: str, table: Table, index: int, rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    """A job reads all there is, piece by piece, and sorts it on disk."""
    busy, at = table.column((name, "job")), float(table.times[index])
    if busy is None or busy[index] < 0.05:
        return
    spec, pid = world.application.databases[name], 300 + number(90, name, at // 86400)
    for _ in range(rng.poisson(0.12 * table.seconds)):
        when = at + table.seconds * rng.random()
        stamp = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        who = f"{stamp}:10.0.7.41(41230):reports@{spec.database}:[{pid}]"
        took = 9000 + 14000 * rng.random()
        yield (
            int(when * 1000),
            f"{who}:LOG:  duration: {took:.3f} ms  statement: FETCH FORWARD 50000 FROM report",
        )
        size = int(2e8 + 9e8 * rng.random())
        path = f"base/pgsql_tmp/pgsql_tmp{pid}.{int(rng.integers(90))}"
        yield int(when * 1000), f'{who}:LOG:  temporary file: path "{path}", size {size}'


def _checkpoint(when: float, wrote: int) -> str:
    stamp = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{stamp}::@:[391]:LOG:  checkpoint complete: wrote {wrote} buffers ({wrote / 2600:.1f}%)"


def _statement(tables: list[str], rng: np.random.Generator) -> str:
    table = tables[int(rng.integers(len(tables)))]
    return _STATEMENTS[int(rng.integers(len(_STATEMENTS)))].format(table=table)


def _lengthy(world: World, name: str, service: str, rng: np.random.Generator, pid: int) -> Iterator[str]:
    """A statement that took long: always the same one, over all of a table."""
    tables = [
        table for table, writers in world.application.databases[name].tables.items() if service in writers
    ]
    statement = _SCAN.format(table=tables[0])
    yield f"LOG:  duration: {1000 + 2600 * rng.random():.3f} ms  execute <unnamed>: {statement}"


def _turned(world: World, name: str, _: str, rng: np.random.Generator, pid: int) -> Iterator[str]:
    """A connection that finds no place."""
    yield "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute"


def _waits(world: World, name: str, service: str, rng: np.random.Generator, pid: int) -> Iterator[str]:
    """A statement that waits, what holds it up, and often its end by time-out."""
    locked = world.locked.get(name)
    if locked is None:
        return
    waited = 1000 + 0.5 * rng.random()
    yield (
        f"LOG:  process {pid} still waiting for {locked.mode} on relation {locked.relation} "
        f"of database 16401 after {waited:.3f} ms"
    )
    yield f"DETAIL:  Process holding the lock: {locked.pid}. Wait queue: {pid}."
    yield f"STATEMENT:  {_statement([locked.table], rng)}"
    if rng.random() < 0.5:
        yield "ERROR:  canceling statement due to statement timeout"


_COUNTED = {"blocked": _waits, "lengthy": _lengthy, "turned": _turned}
