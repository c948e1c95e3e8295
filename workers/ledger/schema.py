"""The tables. Times are Unix seconds (both databases compare them alike), bodies are JSON text."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

investigations = Table(
    "investigations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("thread", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("phase", String(16), nullable=False),
    # 1 while there is something a worker should do; the clock queues it again if nobody holds it.
    Column("wanted", Integer, nullable=False),
    Column("queued_at", Float, nullable=False),
    Column("runner", String(64), nullable=False),
    Column("beat_at", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Index("investigations_wanted", "wanted"),
    Index("investigations_thread", "team", "channel", "thread"),
)

# What has already been accepted, by every name it can arrive under.
requests = Table(
    "requests",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("investigation", String(32), ForeignKey("investigations.id"), nullable=False),
    Column("at", Float, nullable=False),
)

# The key (investigation, seq) is the fence: of two writers of one step, one fails.
events = Table(
    "events",
    metadata,
    Column("investigation", String(32), ForeignKey("investigations.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    Column("at", Float, nullable=False),
    Column("runner", String(64), nullable=False),
    Column("body", Text, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("investigation", String(32), ForeignKey("investigations.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    # 1 from the decision until the executor has seen it through.
    Column("wanted", Integer, nullable=False),
    Column("queued_at", Float, nullable=False),
    Column("runner", String(64), nullable=False),
    Column("beat_at", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("approvals_state", "state"),
    Index("approvals_wanted", "wanted"),
)

votes = Table(
    "votes",
    metadata,
    Column("approval", String(32), ForeignKey("approvals.id"), primary_key=True),
    Column("person", String(32), primary_key=True),
    Column("team", String(32), primary_key=True),
    Column("decision", String(8), nullable=False),
    Column("at", Float, nullable=False),
    Column("typed", String(300), nullable=False, server_default=""),
)

# A row is one Slack message; `sent` lags behind `revision` until the newest body has been delivered.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("investigation", String(32), ForeignKey("investigations.id"), nullable=False),
    Column("key", String(80), nullable=False),
    Column("body", Text, nullable=False),
    Column("urgent", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("ts", String(32), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("holder", String(64), nullable=False),
    Column("held_until", Float, nullable=False),
    Column("error", Text, nullable=False),
    UniqueConstraint("investigation", "key", name="outbox_key"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
)

# What a word of a report means, as somebody said in a channel.
names = Table(
    "names",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("word", String(100), primary_key=True),
    Column("name", String(300), nullable=False),
    Column("person", String(32), nullable=False),
    Column("at", Float, nullable=False),
)

# Who is in a user group or on call, as somebody outside said at `seen_at`; members are a JSON list of ids.
rosters = Table(
    "rosters",
    metadata,
    Column("source", String(300), primary_key=True),
    Column("members", Text, nullable=False),
    Column("seen_at", Float, nullable=False),
)
