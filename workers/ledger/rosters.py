"""Rosters: who is in a user group or on call, as somebody outside said last; old ones count for nobody."""

import json
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select, update

from workers.ledger import audit
from workers.ledger.database import alone_in
from workers.ledger.schema import rosters

LASTS = timedelta(minutes=10)
"""How long a roster is believed."""


def write(connection: Connection, source: str, members: frozenset[str], at: datetime) -> None:
    """Put down who `source` names; where they are others than before, in the audit chain, too."""
    alone_in(connection, rosters)
    known, now = rosters.c.source == source, json.dumps(sorted(members))
    before = connection.execute(select(rosters.c.members).where(known)).scalar()
    row = {"source": source, "members": now, "seen_at": at.timestamp()}
    put = insert(rosters) if before is None else update(rosters).where(known)
    connection.execute(put.values(row))
    if before != now:
        told: dict[str, JsonValue] = {"event": audit.ROSTER, "source": source, "members": [*sorted(members)]}
        audit.chain(connection, at.timestamp(), told)


def read(connection: Connection, source: str, now: datetime) -> frozenset[str] | None:
    """Who `source` names; `None` where nobody outside has said so lately."""
    row = connection.execute(select(rosters).where(rosters.c.source == source)).first()
    # One from the future would be believed for as long as somebody likes.
    if row is None or abs(now.timestamp() - row.seen_at) > LASTS.total_seconds():
        return None
    return frozenset(json.loads(row.members))
