"""Figures of the engine alone: facts, an investigation, the journal, the audit."""

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from tests.bench.row import Row, row
from tests.scenarios.worlds import cloud, investigate, told, verdict
from workers.domain.event import LimitReached
from workers.domain.incident import Incident, Thread
from workers.ledger import Ledger, connect, migrate
from workers.ledger.audit import GENESIS, check, digest
from workers.ledger.schema import audit

RUNS = 5
STEPS = 200
RECORDS = 100_000


def rows() -> Iterator[Row]:
    yield facts()
    yield investigation()
    yield journal()
    yield chain()


def facts() -> Row:
    """From the report to the facts, against the limit of twenty seconds."""
    times: list[float] = []
    with cloud() as running:
        for seed in range(RUNS):
            alert = running.case(application="shop", faults=["bad_deployment"], seed=900 + seed)["alert"]
            began = time.time()
            _, events = investigate(running, told(alert))
            times.append(next(e.at.timestamp() for e in events if e.type == "FactsGathered") - began)
    return row("first facts", statistics.median(times), "the limit", 20.0)


def investigation() -> Row:
    """A whole investigation, against asking the same questions one after the other."""
    walls: list[float] = []
    serial: list[float] = []
    right = 0
    with cloud() as running:
        for seed in range(RUNS):
            alert = running.case(application="shop", faults=["config_change"], seed=900 + seed)["alert"]
            began = time.monotonic()
            case, _ = investigate(running, told(alert))
            walls.append(time.monotonic() - began)
            serial.append(sum(result.seconds for result in case.results.values()))
            right += verdict(case, running.ask("/_cloud/truth"))[0]
    beside = f"the time of its questions added up ({right} of {RUNS} right)"
    return row("investigation", statistics.median(walls), beside, statistics.median(serial))


def journal() -> Row:
    """A step of the journal (event, audit, fences), against one bare insert that is as durable."""
    with tempfile.TemporaryDirectory() as folder:
        ours = _timed(lambda: _append(Path(folder) / f"{time.monotonic_ns()}.db"))
        bare = _timed(lambda: _insert(Path(folder) / f"{time.monotonic_ns()}.db"))
    return row("200 steps of a journal", ours, "200 bare inserts, full sync", bare, 5.0)


def chain() -> Row:
    """Every record of the audit read and its hash computed anew, against the limit of five seconds."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        migrate(url)
        engine = connect(url)
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(insert(audit), list(_records()))
        ledger = Ledger(engine)
        took = _timed(lambda: check(ledger.audit_trail()))
        found = check(ledger.audit_trail())
        ledger.close()
    assert (found.records, found.bad) == (RECORDS, None)
    return row(f"{RECORDS:,} audit records checked", took, "the limit", 5.0)


def _records() -> Iterator[dict[str, int | float | str]]:
    previous = GENESIS
    for seq in range(1, RECORDS + 1):
        at, body = 1e9 + seq / 7, json.dumps({"event": "ApprovalVoted", "n": seq, "told": "x" * 600})
        head = digest(seq, at, previous, body)
        yield {"seq": seq, "at": at, "previous": previous, "hash": head, "body": body}
        previous = head


def _append(path: Path) -> None:
    url = f"sqlite:///{path}"
    migrate(url)
    ledger = Ledger(connect(url))
    now = datetime.now(UTC)
    incident = Incident(text="slow", source="mention", thread=Thread(team="T", channel="C", ts="1"), at=now)
    investigation = ledger.accept(incident, ["key"], now).id
    for step in range(STEPS):
        ledger.append(investigation, step + 2, LimitReached(at=now, limit="queries", detail="x" * 400))
    ledger.close()


def _insert(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE steps (id INTEGER PRIMARY KEY, body TEXT)")
    for _ in range(STEPS):
        connection.execute("INSERT INTO steps (body) VALUES (?)", ("x" * 400,))
    connection.close()


def _timed(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        began = time.monotonic()
        work()
        times.append(time.monotonic() - began)
    return statistics.median(times)
