"""The only truth: journals, approvals, audit and outbox in one transactional database.

One transaction per step: `append` writes the event, what is to be said about it, the approval row
it moves and the audit record, or none of them.
"""

import json
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from workers import crash
from workers.domain.approval import Approval, Asked, Made
from workers.domain.errors import Fenced, RunbookError
from workers.domain.event import EVENT, Event, IncidentReported
from workers.domain.incident import Incident, Thread
from workers.domain.investigation import Investigation, fold
from workers.domain.naming import Meant
from workers.domain.post import LIVE, Post
from workers.domain.value import Value
from workers.ledger import approvals, audit, glass, naming, outbox, purge, rosters
from workers.ledger.database import alone_in, alone_with, reading, writing
from workers.ledger.mirror import Mirror
from workers.ledger.schema import events, investigations, requests

STALE_SECONDS = 10.0
"""A worker that has not been heard of for this long is taken for dead."""


class Conflict(RunbookError):
    """Somebody else wrote this step of the journal first."""


class Accepted(Value):
    """`fresh` is false when the same request had been accepted before."""

    id: str
    fresh: bool


Render = Callable[[Investigation, Event], tuple[Post, ...]]


class Ledger:
    """All reads and writes of what must survive. Safe to use from several threads, not across a fork."""

    def __init__(self, engine: Engine, mirror: Mirror | None = None) -> None:
        self._engine = engine
        self._mirror = mirror

    def close(self) -> None:
        self._engine.dispose()

    def ping(self) -> None:
        """Raises `Unreachable` when the database does not answer."""
        with reading(self._engine) as connection:
            connection.execute(select(func.count()).select_from(requests).where(requests.c.key == ""))

    # -- accepting

    def accept(
        self, incident: Incident, keys: Iterable[str], at: datetime, render: Render | None = None
    ) -> Accepted:
        """Take a request on, once, whatever number of times and under whichever of its `keys` it comes."""
        wanted = frozenset(keys)
        with writing(self._engine) as connection:
            alone_in(connection, requests)
            if known := self._known(connection, wanted, at.timestamp()):
                return Accepted(id=known, fresh=False)
            new = secrets.token_hex(6)
            event = IncidentReported(at=at, investigation=new, incident=incident)
            self._open(connection, new, incident.thread, at.timestamp())
            self._name(connection, new, wanted, at.timestamp())
            self._write(connection, new, 1, event, "")
            if render:
                outbox.say(connection, new, render(fold([event]), event), at.timestamp())
        self._copy(new, 1, event)
        return Accepted(id=new, fresh=True)

    def accepted(self, keys: Iterable[str]) -> bool:
        """Whether a request under any of these keys has been taken on."""
        with reading(self._engine) as connection:
            known = connection.execute(select(requests.c.key).where(requests.c.key.in_(tuple(keys))).limit(1))
            return known.first() is not None

    def _known(self, connection: Connection, keys: frozenset[str], at: float) -> str:
        """The investigation that any of `keys` names, or nothing; from now on all of them name it."""
        rows = connection.execute(select(requests).where(requests.c.key.in_(keys))).all()
        if not rows:
            return ""
        self._name(connection, rows[0].investigation, keys - {row.key for row in rows}, at)
        return rows[0].investigation

    def _name(self, connection: Connection, investigation: str, keys: frozenset[str], at: float) -> None:
        if keys:
            named = [{"key": key, "investigation": investigation, "at": at} for key in sorted(keys)]
            connection.execute(insert(requests), named)

    def _open(self, connection: Connection, new: str, thread: Thread, at: float, wanted: int = 1) -> None:
        connection.execute(
            insert(investigations).values(
                id=new,
                team=thread.team,
                channel=thread.channel,
                thread=thread.ts,
                created_at=at,
                phase="investigating",
                wanted=wanted,
                queued_at=0.0,
                runner="",
                beat_at=0.0,
                tries=0,
            )
        )

    # -- the journal

    def journal(self, investigation: str) -> tuple[Event, ...]:
        """All events in order; empty when nobody knows the id."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(events.c.body).where(events.c.investigation == investigation).order_by(events.c.seq)
            )
            return tuple(EVENT.validate_json(row.body) for row in rows)

    def load(self, investigation: str) -> Investigation:
        return fold(self.told(investigation))

    def told(self, investigation: str) -> tuple[Event, ...]:
        """The journal; raises `RunbookError` where there is none, or none any more."""
        journal = self.journal(investigation)
        if not journal:
            raise self._unknown(investigation)
        return journal

    def _unknown(self, investigation: str) -> RunbookError:
        with reading(self._engine) as connection:
            known = select(investigations.c.phase).where(investigations.c.id == investigation)
            phase = connection.execute(known).scalar()
        if phase == purge.PURGED:
            mend = f"`runbook audit show --investigation {investigation}` tells what was decided in it."
            return RunbookError(f"{investigation} is over and was purged: its steps are kept no longer", mend)
        return RunbookError(f"no investigation {investigation!r}", "Check the id.")

    def append(
        self, investigation: str, seq: int, event: Event, posts: tuple[Post, ...] = (), runner: str = ""
    ) -> None:
        """Write step `seq` with all that goes with it.

        Raises `Conflict` when the step exists, `Fenced` when `runner` no longer holds the investigation,
        `AlreadyDecided` when the event moves an approval that has moved elsewhere.
        """
        self._append(investigation, seq, (event,), posts, runner)

    def record(
        self, investigation: str, *happened: Event, render: Render | None = None, wanted: bool = False
    ) -> Investigation:
        """Add events from outside the run (a vote, a stop, an outcome) as the next steps, all or none.

        With `wanted` a worker is to look at the investigation again. Returns it after the events.
        """
        return self.settle(investigation, lambda: happened, render=render, wanted=wanted)

    def settle(
        self,
        investigation: str,
        happens: Callable[[], tuple[Event, ...]],
        *,
        render: Render | None = None,
        wanted: bool = False,
    ) -> Investigation:
        """`record` what `happens` says, which is asked again when somebody added a step meanwhile."""
        while True:
            case = self.load(investigation)
            happened = happens()
            first, said = case.seq + 1, dict[str, Post]()
            for event in happened:
                case = case.apply(event)
                said |= {post.key: post for post in (render(case, event) if render else ())}
            try:
                self._append(investigation, first, happened, tuple(said.values()), "", wanted=wanted)
            except Conflict:
                continue
            return case

    def _append(
        self,
        investigation: str,
        first: int,
        happened: tuple[Event, ...],
        posts: tuple[Post, ...],
        runner: str,
        *,
        wanted: bool = False,
    ) -> None:
        try:
            with writing(self._engine) as connection:
                alone_with(connection, investigation)
                if runner:
                    self._still_held(connection, investigation, runner)
                for seq, event in enumerate(happened, first):
                    self._write(connection, investigation, seq, event, runner)
                outbox.say(connection, investigation, posts, happened[-1].at.timestamp())
                if wanted:
                    self._want(connection, investigation)
        except IntegrityError as error:
            if not self.since(investigation, first - 1):
                raise  # not a step that somebody else wrote first: trying again would not help
            raise Conflict(f"step {first} of {investigation} exists") from error
        crash.here(f"wrote-{happened[-1].type}")
        for seq, event in enumerate(happened, first):
            self._copy(investigation, seq, event)

    def since(self, investigation: str, seq: int) -> tuple[tuple[Event, str], ...]:
        """The events after step `seq`, each with the runner that wrote it (empty: from outside the run)."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(events.c.body, events.c.runner)
                .where(events.c.investigation == investigation, events.c.seq > seq)
                .order_by(events.c.seq)
            )
            return tuple((EVENT.validate_json(row.body), row.runner) for row in rows)

    def _write(
        self,
        connection: Connection,
        investigation: str,
        seq: int,
        event: Event,
        runner: str,
    ) -> None:
        at = event.at.timestamp()
        connection.execute(
            insert(events).values(
                investigation=investigation,
                seq=seq,
                type=event.type,
                at=at,
                runner=runner,
                body=event.model_dump_json(),
            )
        )
        approvals.move(connection, investigation, event)
        naming.keep(connection, investigation, event)
        told = audit.record(investigation, event)
        if told is not None:
            audit.chain(connection, at, told)

    def _still_held(self, connection: Connection, investigation: str, runner: str) -> None:
        holder = connection.execute(
            select(investigations.c.runner).where(investigations.c.id == investigation)
        ).scalar()
        if holder != runner:
            raise Fenced(f"{investigation} is held by {holder or 'nobody'}, not by {runner}")

    def _copy(self, investigation: str, seq: int, event: Event) -> None:
        if self._mirror is None:
            return
        self._mirror.event(investigation, seq, event)
        told = audit.record(investigation, event)
        if told is not None and told.get("approval"):
            self._mirror.audit({"at": event.at.isoformat(), **told})

    # -- who works on what

    def claim(self, investigation: str, runner: str) -> bool:
        """Take an investigation that wants work and that nobody alive holds."""
        now = time.time()
        with writing(self._engine) as connection:
            taken = connection.execute(
                update(investigations)
                .where(
                    investigations.c.id == investigation,
                    investigations.c.wanted == 1,
                    (investigations.c.runner == "") | (investigations.c.beat_at < now - STALE_SECONDS),
                )
                .values(runner=runner, beat_at=now, tries=investigations.c.tries + 1)
            )
            return taken.rowcount == 1

    def beat(self, investigation: str, runner: str) -> None:
        """Say that `runner` is alive and at work."""
        with writing(self._engine) as connection:
            connection.execute(
                update(investigations)
                .where(investigations.c.id == investigation, investigations.c.runner == runner)
                .values(beat_at=time.time())
            )

    def release(self, investigation: str, runner: str, seq: int) -> bool:
        """Nothing is left to do after step `seq`; false when the journal has grown meanwhile."""
        with writing(self._engine) as connection:
            alone_with(connection, investigation)
            newest = connection.execute(
                select(func.max(events.c.seq)).where(events.c.investigation == investigation)
            ).scalar()
            if newest != seq:
                return False
            connection.execute(
                update(investigations)
                .where(investigations.c.id == investigation, investigations.c.runner == runner)
                .values(wanted=0, runner="", tries=0)
            )
            return True

    def hand_back(self, investigation: str, runner: str) -> None:
        """`runner` makes room for others; the investigation still wants work."""
        with writing(self._engine) as connection:
            connection.execute(
                update(investigations)
                .where(investigations.c.id == investigation, investigations.c.runner == runner)
                .values(runner="", tries=0)
            )

    def tries(self, investigation: str) -> int:
        """How often a worker has taken it up since somebody last finished with it."""
        with reading(self._engine) as connection:
            return (
                connection.execute(
                    select(investigations.c.tries).where(investigations.c.id == investigation)
                ).scalar()
                or 0
            )

    def _want(self, connection: Connection, investigation: str) -> None:
        """There is something to do: a worker is to take it up, now or when the clock finds it."""
        connection.execute(
            update(investigations).where(investigations.c.id == investigation).values(wanted=1)
        )

    def queued(self, investigation: str) -> None:
        """Note that it was put on the queue, so that the clock does not at once do so again."""
        with writing(self._engine) as connection:
            connection.execute(
                update(investigations)
                .where(investigations.c.id == investigation)
                .values(queued_at=time.time())
            )

    def forsaken(self, since: float) -> tuple[str, ...]:
        """Investigations that want work, that nobody alive holds, and that were not queued after `since`."""
        now = time.time()
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(investigations.c.id).where(
                    investigations.c.wanted == 1,
                    (investigations.c.runner == "") | (investigations.c.beat_at < now - STALE_SECONDS),
                    investigations.c.queued_at < since,
                )
            )
            return tuple(row.id for row in rows)

    def waiting(self, longer: float) -> tuple[str, ...]:
        """Investigations that nobody has begun for `longer` seconds, the longest waiting first."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(investigations.c.id)
                .where(
                    investigations.c.wanted == 1,
                    investigations.c.tries == 0,
                    investigations.c.phase == "investigating",
                    investigations.c.created_at < time.time() - longer,
                )
                .order_by(investigations.c.created_at)
            )
            return tuple(row.id for row in rows)

    def in_thread(self, team: str, channel: str, thread: str) -> str:
        """The newest incident of a Slack thread, else its newest question, or an empty string."""
        found = self.told_in(team, channel, thread)
        incidents = (one.investigation for one in reversed(found) if one.incident.question is None)
        return next(incidents, found[-1].investigation if found else "")

    def told_in(self, team: str, channel: str, thread: str) -> tuple[IncidentReported, ...]:
        """All that was asked in a Slack thread, the oldest first."""
        with reading(self._engine) as connection:
            return self._reported(
                connection,
                investigations.c.team == team,
                investigations.c.channel == channel,
                investigations.c.thread == thread,
            )

    def in_channel(self, team: str, channel: str, since: float = 0.0) -> str:
        """The newest incident of a channel that was asked about after `since`, or an empty string.

        A question that says nothing is wrong is no incident.
        """
        with reading(self._engine) as connection:
            found = self._reported(
                connection,
                investigations.c.team == team,
                investigations.c.channel == channel,
                investigations.c.created_at > since,
            )
        incidents = (one.investigation for one in reversed(found) if one.incident.question is None)
        return next(incidents, "")

    def _reported(self, connection: Connection, *where: ColumnElement[bool]) -> tuple[IncidentReported, ...]:
        """How the investigations that fit began, the oldest first."""
        rows = connection.execute(
            select(events.c.body)
            .join(investigations, investigations.c.id == events.c.investigation)
            .where(events.c.seq == 1, *where)
            .order_by(investigations.c.created_at)
        )
        begun = (EVENT.validate_json(row.body) for row in rows)
        return tuple(one for one in begun if isinstance(one, IncidentReported))

    def thread(self, investigation: str) -> Thread | None:
        """Where an investigation is talked about; `ts` is empty until its root message has been posted."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(investigations.c.team, investigations.c.channel, investigations.c.thread).where(
                    investigations.c.id == investigation
                )
            ).first()
            return Thread(team=row.team, channel=row.channel, ts=row.thread) if row else None

    def unfinished(self) -> tuple[str, ...]:
        """Investigations that go on, the newest first.

        A worker is or should be at them, or a change of theirs waits for its decision or is being made.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(investigations.c.id)
                .where((investigations.c.wanted == 1) | investigations.c.id.in_(approvals.open_in()))
                .order_by(investigations.c.created_at.desc())
            )
            return tuple(row.id for row in rows)

    # -- approvals

    def approval(self, approval_id: str) -> Approval | None:
        """The approval as it stands, with its votes; `None` when nobody knows the id."""
        with reading(self._engine) as connection:
            return approvals.load(connection, approval_id)

    def overdue(self, now: datetime) -> tuple[Approval, ...]:
        """Approvals that nobody decided or used in time."""
        with reading(self._engine) as connection:
            return approvals.overdue(connection, now.timestamp())

    def asked_since(self, at: datetime) -> tuple[Asked, ...]:
        """The approvals that were asked for since `at` and wait, or were rejected, in any investigation."""
        with reading(self._engine) as connection:
            return approvals.asked(connection, at.timestamp())

    def changes_since(self, at: datetime) -> tuple[Made, ...]:
        """The changes whose call left at or after `at`, in any investigation."""
        with reading(self._engine) as connection:
            return approvals.made(connection, at.timestamp())

    def dollars_since(self, at: datetime) -> float:
        """What the model's answers since `at` cost, in any investigation, where that is known."""
        answered = select(events.c.body).where(
            events.c.type == "ModelAnswered", events.c.at >= at.timestamp()
        )
        with reading(self._engine) as connection:
            return sum(json.loads(body)["dollars"] or 0.0 for body in connection.execute(answered).scalars())

    def unmade(self, since: float) -> tuple[str, ...]:
        """Decided approvals that want an executor and that nobody alive holds."""
        with reading(self._engine) as connection:
            return approvals.unmade(connection, since, time.time() - STALE_SECONDS)

    def claim_approval(self, approval_id: str, runner: str) -> bool:
        now = time.time()
        with writing(self._engine) as connection:
            return approvals.claim(connection, approval_id, runner, now, now - STALE_SECONDS)

    def beat_approval(self, approval_id: str, runner: str) -> bool:
        """Say that the executor is alive; false when another one has taken the approval over."""
        with writing(self._engine) as connection:
            return approvals.beat(connection, approval_id, runner, time.time())

    def release_approval(self, approval_id: str, runner: str) -> None:
        with writing(self._engine) as connection:
            approvals.release(connection, approval_id, runner)

    def queued_approval(self, approval_id: str) -> None:
        with writing(self._engine) as connection:
            approvals.queued(connection, approval_id, time.time())

    # -- who is who

    def enrol(self, source: str, members: frozenset[str], at: datetime) -> None:
        """Put down who a user group or a rota (`source`) names at `at`; audited when that changes."""
        with writing(self._engine) as connection:
            rosters.write(connection, source, members, at)

    def members(self, source: str, now: datetime) -> frozenset[str] | None:
        """The Slack ids that `source` names; `None` where that has not been known for ten minutes."""
        with reading(self._engine) as connection:
            return rosters.read(connection, source, now)

    def sworn(self, source: str, now: datetime) -> frozenset[str] | None:
        """`members`, as far as the audit chain says the same; else `None`. For whoever is about to act."""
        with reading(self._engine) as connection:
            found = rosters.read(connection, source, now)
            return found if found == audit.roster(connection, source) else None

    # -- what words mean

    def meant(self, thread: Thread, word: str) -> Meant | None:
        """What somebody said that a word means, in this channel or else anywhere."""
        with reading(self._engine) as connection:
            return naming.read(connection, thread, word)

    def names(self) -> tuple[Meant, ...]:
        """Everything that is remembered of words, by word."""
        with reading(self._engine) as connection:
            return naming.everything(connection)

    def forget(self, word: str, by: str) -> int:
        """Forget what a word means, audited; how often it was remembered."""
        with writing(self._engine) as connection:
            count = naming.forget(connection, word)
            if count:
                audit.chain(connection, time.time(), {"event": "NameForgotten", "actor": by, "word": word})
            return count

    # -- saying

    def say(self, investigation: str, posts: tuple[Post, ...]) -> None:
        """Queue posts that belong to no event (a refusal to one person, a place in the queue)."""
        with writing(self._engine) as connection:
            alone_with(connection, investigation)
            outbox.say(connection, investigation, posts, time.time())

    def announce(self, key: str, thread: Thread, post: Post, at: datetime) -> bool:
        """Say something that belongs to no investigation, once under this key; false when it has been said.

        With `LIVE` as the key of the post it begins a thread of its own.
        """
        with writing(self._engine) as connection:
            alone_in(connection, requests)
            if self._known(connection, frozenset({key}), at.timestamp()):
                return False
            new = secrets.token_hex(6)
            self._open(connection, new, thread, at.timestamp(), wanted=0)
            self._name(connection, new, frozenset({key}), at.timestamp())
            outbox.say(connection, new, (post,), at.timestamp())
            return True

    def hold(self, investigation: str, holder: str) -> tuple[outbox.Outgoing, ...]:
        # Asked all the time and mostly in vain: whoever only looks keeps nobody from writing.
        with reading(self._engine) as connection:
            if not outbox.due(connection, investigation, time.time()):
                return ()
        with writing(self._engine) as connection:
            alone_with(connection, investigation)
            return outbox.hold(connection, investigation, holder, time.time())

    def tried(self, row: int, holder: str, *, again: bool = False) -> bool:
        """Note a try to send a post (or that one goes on); false when `holder` no longer holds it."""
        with writing(self._engine) as connection:
            return outbox.tried(connection, row, holder, time.time(), again)

    def gone(self, row: int) -> None:
        """Somebody deleted the message of a post; it is to be posted anew."""
        with writing(self._engine) as connection:
            outbox.gone(connection, row)

    def delivered(self, row: int, revision: int, ts: str) -> None:
        with writing(self._engine) as connection:
            outbox.delivered(connection, row, revision, ts)

    def deferred(self, row: int, due_at: float, error: str = "") -> None:
        with writing(self._engine) as connection:
            outbox.deferred(connection, row, due_at, error)

    def dropped(self, row: int, revision: int, error: str) -> None:
        with writing(self._engine) as connection:
            outbox.dropped(connection, row, revision, error)

    def rooted(self, investigation: str, ts: str) -> None:
        """The first message of a conversation without a thread has become its root."""
        with writing(self._engine) as connection:
            connection.execute(
                update(investigations)
                .where(investigations.c.id == investigation, investigations.c.thread == "")
                .values(thread=ts)
            )

    def unsaid(self) -> tuple[str, ...]:
        """Investigations with posts that are due and that nobody is delivering."""
        now = time.time()
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(outbox.outbox.c.investigation)
                .where(
                    outbox.outbox.c.sent < outbox.outbox.c.revision,
                    outbox.outbox.c.due_at <= now,
                    outbox.outbox.c.held_until <= now,
                )
                .distinct()
            )
            return tuple(row.investigation for row in rows)

    def unanswered(self) -> tuple[str, ...]:
        """Investigations whose first word is due and that nobody is delivering, the oldest first."""
        now = time.time()
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(outbox.outbox.c.investigation)
                .where(
                    outbox.outbox.c.key == LIVE,
                    outbox.outbox.c.ts == "",
                    outbox.outbox.c.sent < outbox.outbox.c.revision,
                    outbox.outbox.c.due_at <= now,
                    outbox.outbox.c.held_until <= now,
                )
                .order_by(outbox.outbox.c.id)
            )
            return tuple(row.investigation for row in rows)

    # -- the audit chain

    def note(self, record: dict[str, JsonValue]) -> str:
        """Add a record to the audit chain that is no event (a refused click); returns the chain's head."""
        at = datetime.now(UTC)
        with writing(self._engine) as connection:
            head = audit.chain(connection, at.timestamp(), record)
        if self._mirror is not None:
            self._mirror.audit({"at": at.isoformat(), **record})
        return head

    def audit_trail(self) -> Iterator[audit.Link]:
        """The audit chain from its beginning, read as it is asked for."""
        with reading(self._engine) as connection:
            yield from audit.links(connection)

    def audit_records(self) -> tuple[audit.Link, ...]:
        return tuple(self.audit_trail())

    def witness(self, approval_id: str) -> audit.Witness:
        """What the audit chain has on an approval, for whoever is about to act on it."""
        return audit.witness(self.audit_trail(), approval_id)

    def stop_changes(self, by: str, why: str) -> None:
        """From now on no change is made, whatever has been approved. `by` is a Slack user, or a name."""
        self.note({"event": audit.STOPPED, "actor": by, "why": why})

    def allow_changes(self, by: str) -> None:
        """Approved changes are made again."""
        self.note({"event": audit.ALLOWED, "actor": by})

    def stopped(self) -> audit.Stop | None:
        """Who stopped all changes, where somebody has and nobody has allowed them again."""
        with reading(self._engine) as connection:
            return audit.stop(connection)

    def glass(self, now: datetime) -> glass.Glass | None:
        """The break-glass that holds, or that somebody has asked for and nobody has confirmed."""
        with reading(self._engine) as connection:
            return glass.newest(connection, now)

    def identify(self, process: str, arn: str) -> None:
        """Put on record who processes of this name are in AWS, where that is news."""
        if self.identity(process) != arn:
            self.note({"event": audit.TOLD, "process": process, "arn": arn})

    def identity(self, process: str) -> str:
        """Who processes of this name are in AWS; empty where none has said so."""
        with reading(self._engine) as connection:
            return audit.identity(connection, process)

    def audited(self, event: str) -> tuple[dict[str, JsonValue], ...]:
        """The bodies of all records of one kind."""
        bodies = (json.loads(link.body) for link in self.audit_trail() if link.body)
        return tuple(body for body in bodies if body.get("event") == event)

    # -- what was kept long enough

    def purge(
        self, due: purge.Due, actor: str, now: datetime, *, dry: bool = False, most: int = purge.AT_A_TIME
    ) -> purge.Gone:
        """Take out what is due and over, `most` journals at a time, and say so in the audit; `dry` counts.

        Raises `RunbookError` where the one investigation that is named cannot go.
        """
        gone, part = purge.Gone(), purge.Gone(journals=1)
        while part.journals and not (dry and gone.counts):
            with self._trying(dry) as connection:
                if due.investigation and not gone.journals:
                    purge.refuse(connection, due.investigation, now)
                part = purge.purge(connection, due, actor, now, None if dry else most)
            gone += part
        if self._mirror is None:
            return gone
        if not dry:
            self._mirror.drop(gone.ids)
        copies = 0 if due.investigation else self._mirror.prune(due.copies, dry=dry)
        return gone.model_copy(update={"copies": copies})

    @contextmanager
    def _trying(self, dry: bool) -> Generator[Connection]:
        """A write transaction that leaves nothing behind where it is `dry`."""
        with suppress(_Dry), writing(self._engine) as connection:
            yield connection
            if dry:
                raise _Dry


class _Dry(Exception):
    """Nothing is to stay as it was written."""
