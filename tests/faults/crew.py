"""A crew at work on a local Slack and a local cloud, over wires that a test can hold and cut."""

import json
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.plant import ROOT, Plant, plant
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import PATIENCE, Running, children, eventually
from tests.faults.wire import Wire, wire
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.domain.conclusion import Conclusion
from workers.domain.event import QueryAnswered, QueryFailed
from workers.domain.investigation import Investigation

_numbers = count(1)
LONGEST = 40.0
"""Seconds that an investigation may take on a busy machine."""


class Crew:
    """Bot, clock and quick, and as many workers as a test wants.

    `line` leads to AWS, `slack_line` to Slack's Web API.
    """

    def __init__(self, site: Plant, cloud: LocalCloud, line: Wire, slack_line: Wire) -> None:
        self.site, self.cloud, self.line, self.slack_line = site, cloud, line, slack_line
        self.slack: LocalSlack = site.slack
        self.redis: RedisServer = site.redis
        site.start("bot", ready=False)  # hears directly from Slack, whatever happens to its Web API
        site.environ["SLACK_API_URL"] = f"{slack_line.url}/api/"
        site.environ["AWS_ENDPOINT_URL"] = line.url
        for process in ("clock", "quick"):
            site.start(process, ready=False)
        self._others = len(site.parts)

    def workers(self, wanted: int, **over: str) -> list[Running]:
        """So many workers that live and are ready; what has died is replaced."""
        running = [part for part in self.site.parts[self._others :] if part.poll() is None]
        running += [self.site.start("worker", ready=False, **over) for _ in range(wanted - len(running))]
        for process, part in zip(("bot", "clock", "quick"), self.site.parts, strict=False):
            self.site.ready(process, part)  # pyright: ignore[reportArgumentType]  a tuple of names
        for part in running:
            self.site.ready("worker", part)
        eventually(lambda: self.slack.look("health")["connections"])
        return running

    def at_work(self) -> Running:
        """The worker that has an investigation in its hands."""
        return eventually(lambda: next((w for w in self.site.parts[self._others :] if self._busy(w)), None))

    def _busy(self, worker: Running) -> bool:
        """A job that finds nothing to do has a process too, for a moment."""
        jobs = children(worker.pid) if worker.poll() is None else []
        time.sleep(0.3 if jobs else 0)
        return bool(jobs) and children(worker.pid) == jobs

    def idle(self) -> bool:
        """Whether nothing waits for a worker and none is at work."""
        waiting = self.site.queue.waiting("investigate") + self.site.queue.waiting("quick")
        return not waiting and not any(children(part.pid) for part in self.site.parts if part.poll() is None)

    def suspend(self, worker: Running) -> None:
        """Let a worker and its job sleep, as a laptop or a virtual machine does.

        Not in the middle of a write: in SQLite nobody else could write until it wakes.
        """

        def asleep() -> bool:
            _signal(worker, signal.SIGSTOP)
            if not self.site.writable():
                wake(worker)
                return False
            return True

        eventually(asleep)

    def calm(self) -> None:
        """No fault and no card is left from the test before, nobody sleeps, Slack forgot its rate limits."""
        self.site.expire_cards()
        for part in self.site.parts:
            if part.poll() is None:
                wake(part)
        self.line.open()
        self.slack_line.open()
        self.slack.act("faults", clear=True)
        self.slack.advance(61)

    def mention(self, text: str = "checkout is slow") -> "Talk":
        return Talk(self, f"@Runbook {text}")


class Place(Protocol):
    """Where a talk is: a plant, and its local Slack."""

    site: Plant
    slack: LocalSlack


class Talk:
    """A mention in a channel of its own, and what becomes of it: its journal and its thread."""

    def __init__(self, crew: Place, text: str) -> None:
        self.crew, self.ledger, self.sql = crew, crew.site.ledger, crew.site.sql
        slack = crew.slack
        self.room = slack.act("channels", person="alice", name=f"talk-{next(_numbers)}")["channel"]
        slack.api("conversations.join", channel=self.room)
        self.ts = slack.say(text, channel=self.room)
        self.id: str = self._begun()

    def _begun(self) -> str:
        return eventually(self._accepted)

    def _accepted(self) -> str:
        rows = self.sql("SELECT id FROM investigations WHERE channel = :c", c=self.room)
        return rows[0][0] if rows else ""

    # -- the record

    @property
    def case(self) -> Investigation:
        return self.ledger.load(self.id)

    def steps(self) -> list[tuple[int, str, str]]:
        """Number, kind and runner of every step."""
        return [
            (seq, kind, runner)
            for seq, kind, runner in self.sql(
                "SELECT seq, type, runner FROM events WHERE investigation = :i ORDER BY seq", i=self.id
            )
        ]

    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.steps()]

    def at(self, kind: str) -> float:
        """When the first step of this kind was made."""
        return next(e.at.timestamp() for e in self.ledger.journal(self.id) if e.type == kind)

    def runners(self) -> list[str]:
        """Who wrote the journal, in order of appearance; people and the bot are nobody here."""
        return list(dict.fromkeys(runner for *_, runner in self.steps() if runner))

    def held(self) -> str:
        """The runner that holds it now."""
        return self.sql("SELECT runner FROM investigations WHERE id = :i", i=self.id)[0][0]

    def beat(self) -> float:
        """When its runner last said that it is alive."""
        return self.sql("SELECT beat_at FROM investigations WHERE id = :i", i=self.id)[0][0]

    def concluded(self, patience: float = LONGEST) -> Conclusion:
        """What it came to, once all of it has been said and nobody works on it any more."""
        conclusion = eventually(lambda: self.case.conclusion, patience)
        self.settled()
        return conclusion

    def settled(self, patience: float = PATIENCE) -> None:
        """Wait until nobody holds it, nobody is to, and everything has been said."""
        eventually(
            lambda: (
                not self.sql(
                    "SELECT 1 FROM investigations WHERE id = :i AND (wanted = 1 OR runner <> '')", i=self.id
                )
                and not self.unsaid()
            ),
            patience,
        )

    def unsaid(self) -> list[tuple[Any, ...]]:
        """What is to be said and has not been."""
        return self.sql(
            "SELECT key, error FROM outbox WHERE investigation = :i AND sent < revision", i=self.id
        )

    # -- the thread

    def replies(self) -> list[dict[str, Any]]:
        """What Runbook has said here."""
        answer = self.crew.slack.api(
            "conversations.replies", channel=self.room, ts=self.ts, include_all_metadata=True
        )
        return [message for message in answer["messages"] if message.get("bot_id")]

    def texts(self) -> list[str]:
        return [message["text"] for message in self.replies()]

    def shown(self) -> str:
        """Everything that can be read in the thread."""
        shown = [[m["text"], m.get("blocks"), m.get("attachments")] for m in self.replies()]
        return json.dumps(shown, ensure_ascii=False)

    def press(self, action: str, block: str, person: str = "ben") -> dict[str, Any]:
        """Press a button of the live message."""
        ts = eventually(self.replies)[0]["ts"]
        return self.crew.slack.act(
            "actions",
            person=person,
            channel=self.room,
            message_ts=ts,
            block_id=block,
            action_id=action,
        )

    def assert_whole(self) -> None:
        """Nothing is missing from the journal, nothing stands in it or in the thread twice."""
        steps = self.steps()
        assert [seq for seq, *_ in steps] == list(range(1, len(steps) + 1))
        for kind in ("FactsGathered", "Concluded", "RemedyProposed", "ApprovalRequested"):
            assert self.kinds().count(kind) <= 1, kind
        settled = [
            event.query
            for event in self.ledger.journal(self.id)
            if isinstance(event, QueryAnswered | QueryFailed)
        ]
        assert len(settled) == len(set(settled))
        keys = [m["metadata"]["event_payload"]["key"] for m in self.replies()]
        assert len(keys) == len(set(keys))
        assert len(keys) == self.sql("SELECT count(*) FROM outbox WHERE investigation = :i", i=self.id)[0][0]


def wake(process: Running) -> None:
    _signal(process, signal.SIGCONT)


def _signal(process: Running, sig: signal.Signals) -> None:
    for pid in (process.pid, *children(process.pid)):
        with suppress(ProcessLookupError):  # a job may end meanwhile
            os.kill(pid, sig)


@contextmanager
def crew(folder: Path, fault: str = "bad_deployment", **more: Any) -> Generator[Crew]:
    """A crew whose cloud has this fault in it, until the end of the block."""
    slack = launch("--manifest", str(ROOT / "manifest.yml"))
    (folder / "cloud").mkdir()
    cloud = LocalCloud(folder / "cloud")
    try:
        cloud.play(fault, seed=3)
        with (
            redis_server() as redis,
            wire(cloud.url) as line,
            wire(slack.ready["url"]) as slack_line,
            plant(folder, redis, slack, cloud, **more) as site,
        ):
            yield Crew(site, cloud, line, slack_line)
            for part in site.parts:
                part.kill()  # how they stop when they are told to is tested elsewhere
    finally:
        cloud.stop()
        finish(slack)
