"""What is to be said and has not been said yet: one row a Slack message, the newest body wins."""

from pydantic import JsonValue
from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from workers.domain.post import GLASS, HEAD, Post
from workers.domain.value import Value
from workers.ledger import audit, glass
from workers.ledger.schema import investigations, outbox

HOLD_SECONDS = 30.0


class Outgoing(Value):
    """A post to deliver. `ts` is empty until Slack has it; `tries` > 0 without `ts` may have been lost."""

    id: int
    investigation: str
    channel: str
    thread: str
    post: Post
    revision: int
    ts: str
    tries: int


def say(connection: Connection, investigation: str, posts: tuple[Post, ...], at: float) -> None:
    """Queue posts inside the caller's write transaction; an unchanged post is not queued again."""
    for post in posts:
        here = and_(outbox.c.investigation == investigation, outbox.c.key == post.key)
        row = connection.execute(select(outbox.c.id, outbox.c.body).where(here)).first()
        body = _headed(connection, post.model_dump_json())
        if row is None:
            fresh: dict[str, JsonValue] = {"investigation": investigation, "key": post.key, "body": body}
            fresh |= {"urgent": int(post.urgent), "revision": 1, "sent": 0, "ts": "", "tries": 0}
            fresh |= {"due_at": at, "holder": "", "held_until": 0.0, "error": ""}
            connection.execute(insert(outbox).values(**fresh))
        elif row.body != body:
            connection.execute(
                update(outbox)
                .where(here)
                .values(body=body, urgent=int(post.urgent), revision=outbox.c.revision + 1)
            )


def _headed(connection: Connection, body: str) -> str:
    """The body with the chain's head, of after the step that the post belongs to, and with what is lifted."""
    if GLASS in body:
        body = body.replace(GLASS, glass.told(connection))
    return body.replace(HEAD, audit.head(connection)[: len(HEAD)]) if HEAD in body else body


def due(connection: Connection, investigation: str, at: float) -> bool:
    """Whether anything may be taken to be delivered."""
    waiting = select(outbox.c.id).where(
        outbox.c.investigation == investigation,
        outbox.c.sent < outbox.c.revision,
        outbox.c.due_at <= at,
        outbox.c.held_until <= at,
    )
    return connection.execute(waiting.limit(1)).first() is not None


def hold(connection: Connection, investigation: str, holder: str, at: float) -> tuple[Outgoing, ...]:
    """Take the posts that are due, urgent ones first, so that no other process delivers them too.

    Of those that Slack has not seen yet only the first urgent and the first other one: a thread is read from
    the top, and a cause that has to wait must not be overtaken by its card.

    While somebody else holds any of an investigation's posts there is nothing to take: two deliverers would
    bring the thread out of order.
    """
    here = outbox.c.investigation == investigation
    if connection.execute(
        select(outbox.c.id).where(here, outbox.c.held_until > at, outbox.c.holder != holder)
    ).first():
        return ()
    unseen = (here, outbox.c.sent < outbox.c.revision, outbox.c.ts == "")
    first = select(func.min(outbox.c.id)).where(*unseen).group_by(outbox.c.urgent)
    mine = and_(
        outbox.c.investigation == investigation,
        outbox.c.sent < outbox.c.revision,
        outbox.c.due_at <= at,
        outbox.c.held_until <= at,
        or_(outbox.c.ts != "", outbox.c.id.in_(first)),
    )
    order = (outbox.c.urgent.desc(), outbox.c.id)
    rows = connection.execute(
        select(outbox, investigations.c.channel, investigations.c.thread)
        .join(investigations, investigations.c.id == outbox.c.investigation)
        .where(mine)
        .order_by(*order)
    ).all()
    connection.execute(
        update(outbox)
        .where(outbox.c.id.in_([row.id for row in rows]))
        .values(holder=holder, held_until=at + HOLD_SECONDS)
    )
    return tuple(_outgoing(row) for row in rows)


def _outgoing(row: Row[tuple[JsonValue, ...]]) -> Outgoing:
    return Outgoing(
        id=row.id,
        investigation=row.investigation,
        channel=row.channel,
        thread=row.thread,
        post=Post.model_validate_json(row.body),
        revision=row.revision,
        ts=row.ts,
        tries=row.tries,
    )


def tried(connection: Connection, row: int, holder: str, at: float, again: bool) -> bool:
    """Written before the call to Slack: from here on the message may exist. False: another holds it now."""
    held = connection.execute(
        update(outbox)
        .where(outbox.c.id == row, outbox.c.holder == holder)
        .values(tries=outbox.c.tries + int(not again), held_until=at + HOLD_SECONDS)
    )
    return held.rowcount == 1


def gone(connection: Connection, row: int) -> None:
    """The message is no longer there: it is to be said as if it never had been."""
    connection.execute(
        update(outbox).where(outbox.c.id == row).values(ts="", tries=0, holder="", held_until=0.0)
    )


def delivered(connection: Connection, row: int, revision: int, ts: str) -> None:
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row)
        .values(sent=revision, ts=ts, tries=0, holder="", held_until=0.0, error="")
    )


def deferred(connection: Connection, row: int, due_at: float, error: str = "") -> None:
    connection.execute(
        update(outbox).where(outbox.c.id == row).values(due_at=due_at, holder="", held_until=0.0, error=error)
    )


def dropped(connection: Connection, row: int, revision: int, error: str) -> None:
    """Slack will never take it (an archived channel, a revoked token): keep it here, try no more."""
    connection.execute(
        update(outbox).where(outbox.c.id == row).values(sent=revision, holder="", held_until=0.0, error=error)
    )
