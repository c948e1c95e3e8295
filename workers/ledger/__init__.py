"""The ledger: the only truth, in SQLite or PostgreSQL."""

from workers.ledger.approvals import AlreadyDecided
from workers.ledger.database import connect, migrate
from workers.ledger.ledger import Accepted, Conflict, Ledger, Render
from workers.ledger.mirror import Mirror
from workers.ledger.outbox import Outgoing

__all__ = [
    "Accepted",
    "AlreadyDecided",
    "Conflict",
    "Ledger",
    "Mirror",
    "Outgoing",
    "Render",
    "connect",
    "migrate",
]
