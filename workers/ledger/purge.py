"""Taking out what has been kept long enough: journals, posts, request keys, and what audit records say.

Nothing that goes on is touched: an investigation that a worker or a decision is still wanted for, a post that
nobody has delivered, what counts for the limits on changes. Of an audit record its number, time and hashes
stay, so that the chain is followed as before and every head that was ever shown is still in it.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, text, update

from workers.domain.errors import RunbookError
from workers.domain.value import Value
from workers.ledger import approvals, audit
from workers.ledger.database import alone_in
from workers.ledger.schema import approvals as asked
from workers.ledger.schema import events, investigations, outbox, requests, votes

PURGED = "purged"
"""The phase of an investigation of which nothing is left but where it was."""
YOUNGEST = timedelta(days=2)
"""Younger than this nothing is purged: limits on changes look back a day."""
AT_A_TIME = 200
"""Investigations in one transaction."""


class Due(Value):
    """What is to go: of each kind what is older than this, in Unix seconds; of one `investigation` only."""

    journals: float
    posts: float
    requests: float
    audit: float
    copies: float
    investigation: str = ""

    def young(self, now: datetime) -> "Due":
        """The same without what is too young to go."""
        latest = (now - YOUNGEST).timestamp()
        kinds = ("journals", "posts", "requests", "audit", "copies")
        return self.model_copy(update={kind: min(getattr(self, kind), latest) for kind in kinds})


class Gone(Value):
    """How much went. `kept` are journals that were old enough and go on; `ids` are of those that went.

    `copies` are files and lines for people, which are no part of the ledger.
    """

    journals: int = 0
    steps: int = 0
    posts: int = 0
    requests: int = 0
    audit: int = 0
    copies: int = 0
    kept: int = 0
    ids: tuple[str, ...] = ()

    def __add__(self, other: "Gone") -> "Gone":
        counts = ("journals", "steps", "posts", "requests", "audit")
        added = {kind: getattr(self, kind) + getattr(other, kind) for kind in counts}
        return Gone(**added, kept=other.kept, ids=(*self.ids, *other.ids))

    @property
    def counts(self) -> dict[str, int]:
        """What went, by kind."""
        kinds = ("journals", "steps", "posts", "requests", "audit")
        return {kind: count for kind in kinds if (count := getattr(self, kind))}


def purge(connection: Connection, due: Due, actor: str, now: datetime, most: int | None) -> Gone:
    """One transaction's part, with its record in the chain; nothing went where nothing was due."""
    if connection.dialect.name == "sqlite":
        # What is deleted would stay in the file until something else needs its place.
        connection.execute(text("PRAGMA secure_delete = ON"))
    due = due.young(now)
    ids, kept = _old(connection, due, most)
    gone = Gone(
        journals=len(ids),
        steps=_journals(connection, ids),
        posts=_posts(connection, due),
        requests=_requests(connection, due),
        kept=kept,
        ids=ids,
    )
    last = None if due.investigation else _last(connection, due.audit)
    if last is not None:
        gone = gone.model_copy(update={"audit": _records(connection, last, now)})
    if gone.counts:
        _told(connection, gone, last, due, actor, now)
    return gone


def refuse(connection: Connection, investigation: str, now: datetime) -> None:
    """Raises `RunbookError` where this one investigation cannot go, with the reason."""
    phase = select(investigations.c.phase).where(investigations.c.id == investigation)
    known = connection.execute(phase).scalar()
    if known is None:
        raise RunbookError(f"no investigation {investigation!r}", "Check the id.")
    if known == PURGED:
        raise RunbookError(f"{investigation} was purged already", "There is nothing left of it.")
    mine = investigations.c.id == investigation
    if connection.execute(select(investigations.c.id).where(mine, ~_over())).first():
        raise RunbookError(f"{investigation} goes on", "Stop it or decide on its change first.")
    newest = connection.execute(select(func.max(events.c.at)).where(events.c.investigation == investigation))
    if (newest.scalar() or 0.0) >= (now - YOUNGEST).timestamp():
        raise RunbookError(
            f"{investigation} is younger than two days, and counts for the limits on changes", "Wait."
        )


def _over() -> ColumnElement[bool]:
    """Of investigations: nothing is to be done, decided or said any more."""
    unsaid = select(outbox.c.investigation).where(outbox.c.sent < outbox.c.revision)
    return and_(
        investigations.c.wanted == 0,
        investigations.c.runner == "",
        investigations.c.id.not_in(approvals.open_in()),
        investigations.c.id.not_in(unsaid),
    )


def _old(connection: Connection, due: Due, most: int | None) -> tuple[tuple[str, ...], int]:
    """The journals that are to go, the oldest first, and how many are old enough and go on."""
    newest = select(events.c.investigation).group_by(events.c.investigation)
    old = [investigations.c.id.in_(newest.having(func.max(events.c.at) < due.journals))]
    old += [investigations.c.id == due.investigation] if due.investigation else []
    wanted = select(investigations.c.id).where(*old, _over()).order_by(investigations.c.created_at)
    ids = connection.execute(wanted.limit(most).with_for_update()).scalars().all()
    kept = select(func.count()).select_from(investigations).where(*old, ~_over())
    return tuple(ids), connection.execute(kept).scalar() or 0


def _journals(connection: Connection, ids: Sequence[str]) -> int:
    """All that is known of these; what stays is where they were talked about."""
    theirs = select(asked.c.id).where(asked.c.investigation.in_(ids))
    connection.execute(delete(votes).where(votes.c.approval.in_(theirs)))
    for table in (asked, outbox):
        connection.execute(delete(table).where(table.c.investigation.in_(ids)))
    connection.execute(update(investigations).where(investigations.c.id.in_(ids)).values(phase=PURGED))
    return connection.execute(delete(events).where(events.c.investigation.in_(ids))).rowcount


def _posts(connection: Connection, due: Due) -> int:
    over = select(investigations.c.id).where(_over())
    old = (outbox.c.due_at < due.posts, outbox.c.sent >= outbox.c.revision, outbox.c.investigation.in_(over))
    mine = [outbox.c.investigation == due.investigation] if due.investigation else []
    return connection.execute(delete(outbox).where(*old, *mine)).rowcount


def _requests(connection: Connection, due: Due) -> int:
    mine = [requests.c.investigation == due.investigation] if due.investigation else []
    gone = connection.execute(delete(requests).where(requests.c.at < due.requests, *mine)).rowcount
    # What belonged to no investigation (the head of the audit) has left an empty row.
    used = (select(table.c.investigation) for table in (events, outbox, requests, asked))
    empty = [investigations.c.id.not_in(ids) for ids in used]
    old = (investigations.c.created_at < due.requests, investigations.c.phase != PURGED)
    connection.execute(delete(investigations).where(*old, *empty))
    return gone


# -- the audit


def _last(connection: Connection, before: float) -> audit.Link | None:
    """The last record that is to go: all up to it are older than `before` and than whatever goes on."""
    alone_in(connection, audit.audit)
    waits = select(func.min(investigations.c.created_at)).where(~_over())
    before = min(before, connection.execute(waits).scalar() or before)
    row = audit.audit.c
    first_kept = connection.execute(select(func.min(row.seq)).where(row.at >= before)).scalar()
    first = connection.execute(select(func.min(row.seq)).where(row.body != "")).scalar()
    newest = connection.execute(select(func.max(row.seq))).scalar()
    if first is None or newest is None:
        return None
    last = newest if first_kept is None else first_kept - 1
    found = connection.execute(select(audit.audit).where(row.seq == last)).first() if last >= first else None
    return audit.Link(*found) if found is not None else None


def _records(connection: Connection, last: audit.Link, now: datetime) -> int:
    """Empty the records up to `last`; what is still in force of them is written again first."""
    for at, body in audit.in_force(connection, last.seq):
        since = body.get("since") or datetime.fromtimestamp(at, UTC).isoformat()
        audit.chain(connection, now.timestamp(), {**body, "since": since})
    full = (audit.audit.c.seq <= last.seq, audit.audit.c.body != "")
    return connection.execute(update(audit.audit).where(*full).values(body="")).rowcount


def _told(
    connection: Connection, gone: Gone, last: audit.Link | None, due: Due, actor: str, now: datetime
) -> None:
    record: dict[str, JsonValue] = {"event": audit.PURGED, "actor": actor, "gone": {**gone.counts}}
    if due.investigation:
        record["investigation"] = due.investigation
    if last is not None:
        record |= {"to": last.seq, "hash": last.hash}
    audit.chain(connection, now.timestamp(), json.loads(json.dumps(record)))
