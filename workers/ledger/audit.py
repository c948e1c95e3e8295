"""The hash-chained record of who did what: one link per record, each over the one before it.

The head of the chain is short enough to stand on a card in Slack, where nobody can edit it from here.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select

from workers.domain.event import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    ApprovalVoted,
    ChangeIntended,
    ChangeMade,
    ChangeUnknown,
    Event,
    Failed,
    Happened,
    IncidentReported,
    ModelAsked,
    NameSettled,
    QueryAsked,
    RemedyWithheld,
    RollbackAsked,
    Stopped,
    Verified,
)
from workers.domain.value import Value
from workers.ledger.database import alone_in
from workers.ledger.schema import audit

GENESIS = "0" * 64
STOPPED, ALLOWED = "ChangesStopped", "ChangesAllowed"
TOLD = "IdentityTold"
PURGED = "Purged"
ROSTER = "RosterChanged"


AT_A_TIME = 1000
"""Records that are read at a time: nobody holds a chain of years in memory."""


class Link(NamedTuple):
    """One audit record as it stands in the chain, `at` in Unix seconds. Plain: there may be very many."""

    seq: int
    at: float
    previous: str
    hash: str
    body: str


class Purge(NamedTuple):
    """What the first records said, up to number `to`, was purged: by whom, at `at` in Unix seconds."""

    to: int
    by: str
    at: float


class Check(NamedTuple):
    """What reading a chain came to: how many records fit it and the hash of the last of them.

    `bad` is the first record that does not fit, with what is wrong with it in `why`. `missing` are those of
    the heads that somebody has seen that the chain does not have: its end was cut off, or written anew.
    `purged` tells of the first records, of which only the hashes are left.
    """

    records: int
    head: str
    bad: int | None = None
    why: str = ""
    missing: tuple[str, ...] = ()
    purged: Purge | None = None


class Stop(Value):
    """Somebody's word that nothing is to be changed until further notice. `by` is a Slack id, or a name."""

    by: str
    why: str
    at: datetime

    @property
    def told(self) -> str:
        return f"all changes were stopped at {self.at:%H:%M} UTC ({self.why or 'no reason given'})"


class Witness(Value):
    """What the chain has on an approval. `bad` is the first record that does not fit the chain, if any."""

    bad: int | None
    hash: str = ""
    approved_by: dict[str, str] = {}
    """Who said yes, and what each of them typed."""


def digest(seq: int, at: float, previous: str, body: str) -> str:
    # What was put in by force may be no text at all; it must not fit, and must not stop the check.
    told = f"{seq}\n{at!r}\n{previous}\n{body}".encode(errors="surrogatepass")
    return hashlib.sha256(told).hexdigest()


def chain(connection: Connection, at: float, record: dict[str, JsonValue]) -> str:
    """Append a record inside the caller's write transaction; returns the new head."""
    alone_in(connection, audit)  # two transactions must not read the same head
    last = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    body = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    head = digest(seq, at, previous, body)
    connection.execute(insert(audit).values(seq=seq, at=at, previous=previous, hash=head, body=body))
    return head


def head(connection: Connection) -> str:
    """The hash of the newest record; empty where there is none."""
    return connection.execute(select(audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).scalar() or ""


def links(connection: Connection) -> Iterator[Link]:
    """All records in order, read as they are asked for."""
    asked = select(audit).order_by(audit.c.seq).execution_options(yield_per=AT_A_TIME)
    return (Link(*row) for row in connection.execute(asked))


def check(chain: Iterable[Link], heads: Iterable[str] = ()) -> Check:
    """Follow a chain to its end or to the first record that does not fit; `heads` may be cut short.

    Its first records may be empty where a later one says that they were purged, to which of them.
    """
    expected, previous, missing = 1, GENESIS, tuple(heads)
    empty, told, upto = "", None, 0  # the hash of the last empty record, and what is said of it
    for link in chain:
        gone = not link.body and upto == expected - 1
        why = _misfit(link, expected, previous, gone)
        if why:
            return Check(expected - 1, previous, expected, why)
        if gone:
            empty, upto = link.hash, expected
        elif upto and PURGED in link.body:
            told = _purge(link, empty, upto) or told
        if missing:
            missing = tuple(seen for seen in missing if not link.hash.startswith(seen))
        expected, previous = expected + 1, link.hash
    if told is None or told.to < upto:
        first = told.to + 1 if told else 1
        if upto:
            return Check(first - 1, GENESIS, first, "it is empty, and no record says that it was purged")
    return Check(expected - 1, previous if expected > 1 else "", missing=missing, purged=told)


def _misfit(link: Link, expected: int, previous: str, gone: bool) -> str:
    if link.seq != expected:
        return f"it is missing; record {link.seq} stands in its place"
    if link.previous != previous:
        return "it does not lean on the record before it"
    if not gone and link.hash != digest(*link[:3], link.body):
        return "what it says is not what was written"
    return ""


def _purge(link: Link, empty: str, upto: int) -> Purge | None:
    """What a record says of a purge, where it fits the records that are empty."""
    body = _read(link)
    to = body.get("to")
    if body.get("event") != PURGED or not isinstance(to, int):
        return None
    fits = to < upto or (to, body.get("hash")) == (upto, empty)
    return Purge(to, str(body.get("actor")), link.at) if fits else None


def _read(link: Link) -> dict[str, Any]:
    try:
        found = json.loads(link.body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def first_bad(chain: Iterable[Link]) -> int | None:
    """The sequence number of the first record that does not fit the chain, or `None` for a whole chain."""
    return check(chain).bad


def stop(connection: Connection) -> Stop | None:
    """The newest word on whether changes may be made, where it is that they may not."""
    for at, told in newest(connection, '"event":"Changes'):
        if told["event"] == ALLOWED:
            return None
        if told["event"] == STOPPED:
            since = told.get("since")  # where it was purged and written again
            begun = datetime.fromisoformat(since) if since else datetime.fromtimestamp(at, UTC)
            return Stop(by=told["actor"], why=told["why"], at=begun)
    return None


def identity(connection: Connection, process: str) -> str:
    """Who a process of this name last said that it is in AWS; empty where none has."""
    told = newest(connection, f'"event":"{TOLD}"', f'"process":"{process}"')
    found = (body["arn"] for _, body in told if (body["event"], body["process"]) == (TOLD, process))
    return next(found, "")


def roster(connection: Connection, source: str) -> frozenset[str] | None:
    """Who a source of people last came to name, by the chain; `None` where it says nothing of it."""
    named = f'"source":{json.dumps(source, ensure_ascii=False)}'
    told = (body for _, body in newest(connection, f'"event":"{ROSTER}"', named))
    found = (body["members"] for body in told if (body["event"], body["source"]) == (ROSTER, source))
    return next(map(frozenset[str], found), None)


def in_force(connection: Connection, upto: int) -> Iterator[tuple[float, dict[str, Any]]]:
    """Of the records up to this number those that still decide something, the oldest first, with their times.

    Whether changes are stopped, who a process is in AWS, whom a roster names: in each case the last word.
    """
    last: dict[tuple[str, ...], tuple[int, float, dict[str, Any]]] = {}
    for event in ("Changes", TOLD, ROSTER):
        words = audit.c.body.contains(f'"event":"{event}', autoescape=True)
        for row in connection.execute(select(audit).where(words).order_by(audit.c.seq)):
            body = json.loads(row.body)
            name = str(body.get("process") or body.get("source") or "")
            last[(event, name)] = row.seq, row.at, body
    found = sorted(one for one in last.values() if one[0] <= upto and one[2]["event"] != ALLOWED)
    yield from ((at, body) for _, at, body in found)


def newest(connection: Connection, *having: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """The records in which these words stand, anywhere, the newest first, with their times."""
    words = (audit.c.body.contains(word, autoescape=True) for word in having)
    for row in connection.execute(select(audit).where(*words).order_by(audit.c.seq.desc())):
        yield row.at, json.loads(row.body)


def witness(chain: Iterable[Link], approval: str) -> Witness:
    """What was asked for under this id and who said yes to it, by the chain and nothing else."""
    about: list[str] = []
    bad = first_bad(_noting(chain, approval, about))
    if bad is not None:
        return Witness(bad=bad)
    asked, approved_by = "", dict[str, str]()
    for told in map(json.loads, about):
        if told["event"] == "ApprovalRequested" and told["approval"]["id"] == approval:
            asked = told["approval"]["hash"]
        elif told["event"] == "ApprovalVoted" and told["approval"] == approval:
            vote = told["vote"]
            approved_by |= (
                {vote["person"]["id"]: vote.get("typed", "")} if vote["decision"] == "approve" else {}
            )
    return Witness(bad=None, hash=asked, approved_by=approved_by)


def _noting(chain: Iterable[Link], approval: str, about: list[str]) -> Iterator[Link]:
    """The chain as it is; what says something about the approval is put down in `about`."""
    for link in chain:
        if approval in link.body:
            about.append(link.body)
        yield link


def record(investigation: str, event: Event) -> dict[str, JsonValue] | None:
    """What the chain keeps of an event; `None` for steps that neither ask, decide nor change anything."""
    kind = type(event)
    if kind not in _KEPT:
        return None
    kept = event.model_dump(mode="json", include=_KEPT[kind], exclude={"at": True, "type": True})
    return {"event": event.type, "investigation": investigation, **kept}


# The fields of each event that go into the chain; `None` is all of them.
_KEPT: dict[type[Happened], dict[str, Any] | None] = {
    IncidentReported: {"incident": {"text", "requester", "source", "thread"}},
    ModelAsked: None,
    QueryAsked: {"query": {"call", "window"}},
    RemedyWithheld: None,
    ApprovalRequested: {"approval": {"id", "hash", "call", "risk", "target", "expires_at", "narrows"}},
    ApprovalVoted: None,
    ApprovalDecided: None,
    ApprovalExpired: None,
    ChangeIntended: None,
    ChangeMade: None,
    ChangeUnknown: None,
    Verified: None,
    RollbackAsked: None,
    NameSettled: None,
    Stopped: None,
    Failed: None,
}
