"""Runbook's processes one by one, each with its own environment, as a supervisor starts them.

Tests start what they need, kill what they want, and read the ledger, the local Slack and the local cloud.
"""

import configparser
import os
import secrets
import shutil
import sqlite3
import sys
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import yaml

from bot.cli.probes import beating
from tests.bot.sandbox.local_slack import LocalSlack
from tests.faults.nursery import nursery
from tests.faults.redis_server import RedisServer
from tests.faults.waiting import Running, end, eventually, start
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.ledger import Ledger, connect, migrate
from workers.queue import Queue
from workers.settings import Process, Settings, load, variables

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"
"""An address where nobody listens, for parts that a test does without."""


class Plant:
    """A place where Runbook runs. `more` are sections of its configuration, over the usual ones.

    Its processes are `forked` from one that has everything imported; who asks what a start costs, or what
    the operating system knows of one, has them started for themselves.
    """

    def __init__(
        self,
        folder: Path,
        redis: RedisServer,
        slack: LocalSlack,
        cloud: LocalCloud | None = None,
        *,
        chroma: str = NOWHERE,
        forked: bool = True,
        **more: Mapping[str, Any],
    ) -> None:
        self.folder, self.redis, self.slack, self.forked = folder, redis, slack, forked
        self.config = folder / "config.yaml"
        self.approvers = [slack.people["ben"]]
        self.configure(**more)
        self.environ = {
            "SLACK_API_URL": slack.ready["api"],
            "SLACK_APP_TOKEN": slack.ready["app_token"],
            "SLACK_BOT_TOKEN": slack.ready["bot_token"],
            "REDIS_URL": redis.url,
            "CHROMA_URL": chroma,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": cloud.url if cloud else NOWHERE,
            **(credentials(cloud) if cloud else _no_keys()),
        }
        self.queue = Queue(redis.url)
        self.parts: list[Running] = []
        self.bot: Running
        self._template = folder / "template.db"
        migrate(f"sqlite:///{self._template}")
        self._begin()

    def _begin(self) -> None:
        self.database = self.folder / f"ledger-{secrets.token_hex(3)}.db"
        shutil.copy(self._template, self.database)
        self.environ["DATABASE_URL"] = f"sqlite:///{self.database}"
        self.ledger = Ledger(connect(self.environ["DATABASE_URL"]))

    def renew(self) -> None:
        """An empty ledger and an empty Redis, for processes that start from now on."""
        self.ledger.close()
        self._begin()
        self.redis.wipe()

    def pass_time(self, seconds: float = 16) -> None:
        """Let every beat, every queueing and every hold have been so many seconds earlier."""
        for table in ("investigations", "approvals"):
            self.sql(
                f"UPDATE {table} SET queued_at = queued_at - :s, beat_at = beat_at - :s",
                s=seconds,
            )
        self.sql("UPDATE outbox SET held_until = held_until - :s, due_at = due_at - :s", s=seconds)

    def expire_cards(self) -> None:
        """Nobody is asked about a change any more: the same one may be asked for again."""
        self.sql("UPDATE approvals SET state = 'expired', wanted = 0 WHERE state = 'pending'")

    def sql(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """What somebody who can get at the database can do, past the ledger."""
        connection = sqlite3.connect(self.database, timeout=15)
        with connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows

    def writable(self) -> bool:
        """Whether nobody is in the middle of a write."""
        with closing(sqlite3.connect(self.database, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
        return True

    def configure(self, **more: Mapping[str, Any]) -> None:
        """Write the configuration; processes that run keep the one they have read."""
        written: dict[str, Any] = {
            "data_dir": str(self.folder),
            "providers": {"aws": {"regions": ["us-east-1"]}},
            "slack": {"team_id": self.slack.ready["team_id"]},
            "approvals": {"approvers": self.approvers},
            # The same few people ask all day.
            "access": {"per_person": 10_000, "per_channel": 10_000, "per_day": 100_000},
            "environments": {"production": {"production": True, "clusters": ["shop"]}},
        }
        for section, values in more.items():
            written[section] = {**written.get(section, {}), **values}
        self.config.write_text(yaml.safe_dump(written))

    def settings(self, process: Process) -> Settings:
        """What a process of that name would know."""
        return load(self.config, self.environ, process)

    def environment(self, process: Process) -> dict[str, str]:
        """The variables that a process of that name is given."""
        plain = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "TMPDIR") if name in os.environ}
        mine = variables(self.config, self.environ, process)
        return {**plain, "HOME": str(self.folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **mine}

    def start(
        self,
        process: Process,
        *,
        module: str = "bot.cli",
        ready: bool = True,
        **over: str,
    ) -> Running:
        """A process of ours; returns when it says that it is alive."""
        command = (module, process, "--config", str(self.config))
        environ, log = {**self.environment(process), **over}, self.folder / f"{process}.log"
        if self.forked:
            part = nursery().start(*command, environ=environ, cwd=self.folder, log=log)
        else:
            part = start([sys.executable, "-P", "-m", *command], environ=environ, cwd=self.folder, log=log)
        self.parts.append(part)
        if ready:
            self.ready(process, part)
        return part

    def ready(self, process: Process, part: Running) -> None:
        def beats() -> bool:
            assert part.poll() is None, self.log(process)
            return part.pid in beating(self.redis.url, process)

        eventually(beats, 60)

    def log(self, process: Process) -> str:
        return (self.folder / f"{process}.log").read_text()

    def stop(self) -> None:
        """End all that still runs, all at once."""
        for part in self.parts:
            if part.poll() is None:
                part.terminate()
        for part in self.parts:
            end(part)
        self.parts.clear()

    def close(self) -> None:
        self.stop()
        self.ledger.close()


@contextmanager
def plant(*arguments: Any, **more: Any) -> Generator[Plant]:
    """A plant that is cleared at the end of the block."""
    one = Plant(*arguments, **more)
    try:
        yield one
    finally:
        one.close()


def credentials(cloud: LocalCloud) -> dict[str, str]:
    """Worker and executor are two users of the cloud."""
    keys: dict[str, str] = {}
    for who in ("worker", "executor"):
        read = configparser.ConfigParser()
        read.read(cloud.state / f"{who}.credentials")
        for name, value in read["default"].items():
            keys[f"RUNBOOK_{who.upper()}_{name.upper()}"] = value
    return keys


def _no_keys() -> dict[str, str]:
    return {
        f"RUNBOOK_{who}_AWS_{name}": f"{who}-{name}"
        for who in ("WORKER", "EXECUTOR")
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    }
