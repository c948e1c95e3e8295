"""What words of reports mean, as people said: kept until somebody has it forgotten."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from workers.domain.event import Event, NameSettled
from workers.domain.incident import Thread
from workers.domain.naming import Meant
from workers.ledger.schema import investigations, names


def keep(connection: Connection, investigation: str, event: Event) -> None:
    """Put down what somebody has just said; what the same channel said of the word before gives way."""
    if not isinstance(event, NameSettled) or event.remembered or not event.name:
        return
    place = connection.execute(
        select(investigations.c.team, investigations.c.channel).where(investigations.c.id == investigation)
    ).one()
    key = {"team": place.team, "channel": place.channel, "word": event.word}
    connection.execute(delete(names).filter_by(**key))
    said = {"name": event.name, "person": event.person.id, "at": event.at.timestamp()}
    connection.execute(insert(names).values(**key, **said))


def read(connection: Connection, thread: Thread, word: str) -> Meant | None:
    """What the word means in a channel; what was said last elsewhere, where nobody said it there."""
    found = connection.execute(
        select(names)
        .where(names.c.team == thread.team, names.c.word == word)
        .order_by((names.c.channel == thread.channel).desc(), names.c.at.desc())
    ).first()
    return _meant(found) if found else None


def everything(connection: Connection) -> tuple[Meant, ...]:
    rows = connection.execute(select(names).order_by(names.c.word, names.c.at.desc()))
    return tuple(map(_meant, rows))


def forget(connection: Connection, word: str) -> int:
    """Forget what was said of a word, in whichever channel; how often it had been."""
    return connection.execute(delete(names).where(names.c.word == word)).rowcount


def _meant(row: Row[Any]) -> Meant:
    at = datetime.fromtimestamp(row.at, UTC)
    return Meant(word=row.word, name=row.name, channel=row.channel, person=row.person, at=at)
