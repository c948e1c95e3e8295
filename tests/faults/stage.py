"""Every process of Runbook once, each of which a test can have die at a named point and start again."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.changing import Changing
from tests.faults.crew import Talk
from tests.faults.plant import ROOT, Plant, plant
from tests.faults.redis_server import redis_server
from tests.faults.waiting import Running, eventually
from tests.workers.sandbox.local_cloud import LocalCloud
from workers import crash
from workers.domain.approval import ApprovalState
from workers.settings import Process

PARTS: tuple[Process, ...] = ("bot", "clock", "quick", "worker", "executor")
HURRIED = {"executor": "tests.faults.hands"}


class Stage:
    """The processes by name. What a test kills, `run` starts again as a supervisor does."""

    def __init__(self, site: Plant, cloud: LocalCloud) -> None:
        self.site, self.cloud = site, cloud
        self.slack: LocalSlack = site.slack
        self.parts: dict[str, Running] = {}

    def run(self, *wanted: Process) -> None:
        """See that these live (all of them, if none is named); does not wait until they are ready."""
        for process in wanted or PARTS:
            if process not in self.parts or self.parts[process].poll() is not None:
                self.start(process)
        if "bot" in (wanted or PARTS):
            eventually(lambda: self.slack.look("health")["connections"])

    def without(self, *unwanted: Process) -> None:
        for process in unwanted:
            if process in self.parts:
                self.parts[process].kill()
                self.parts[process].wait(10)

    def doom(self, process: Process, point: str, **over: str) -> None:
        """Put a process in the place of the one of this name that is to die at `point`."""
        self.without(process)
        if process == "bot":
            eventually(lambda: not self.slack.look("health")["connections"])
        self.start(process, **{crash.VARIABLE: point}, **over)
        if process == "bot":
            eventually(lambda: self.slack.look("health")["connections"])

    def fell(self, process: Process, patience: float = 40) -> None:
        """Wait until it is dead, by its own hand."""
        part = self.parts[process]
        eventually(lambda: part.poll() is not None, patience)
        assert part.returncode == -signal.SIGKILL, self.site.log(process)

    def start(self, process: Process, **over: str) -> None:
        module = HURRIED.get(process, "bot.cli")
        self.parts[process] = self.site.start(process, module=module, ready=False, **over)


class Approving(Talk):
    """An approval card in a thread of its own, about a change in a world that nobody has changed."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        stage.cloud.play("bad_deployment", seed=3)
        super().__init__(stage, "checkout is slow")
        self.card: str = eventually(self._card)

    def _begun(self) -> str:
        changing = Changing(self.stage.site, self.stage.cloud, channel=self.room, thread=self.ts)
        self.changing = changing
        return changing.investigation

    def _card(self) -> str:
        """The timestamp of the card in Slack; the record is asked, for Slack counts how often it is."""
        found = self.sql("SELECT ts FROM outbox WHERE investigation = :i AND key LIKE 'card%'", i=self.id)
        return found[0][0] if found else ""

    def approve(self) -> None:
        """Ben presses Approve."""
        self.crew.slack.act(
            "actions",
            person="ben",
            channel=self.room,
            message_ts=self.card,
            block_id="decision",
            action_id="approve",
        )

    def rolled_out(self) -> None:
        """Let the time of a rollout pass in the cloud once the change has been made."""
        eventually(self.changing.writes)
        self.stage.cloud.pass_time(90)

    @property
    def state(self) -> ApprovalState:
        return self.changing.state

    def over(self) -> None:
        """Wait until nobody has anything to do with it any more."""
        eventually(
            lambda: (
                not self.sql(
                    "SELECT 1 FROM approvals WHERE id = :i AND (wanted = 1 OR state = 'pending')",
                    i=self.changing.approval.id,
                )
            )
        )
        self.settled()


@contextmanager
def stage(folder: Path, **more: Any) -> Generator[Stage]:
    """A stage with a bad deployment in its cloud, until the end of the block."""
    slack = launch("--manifest", str(ROOT / "manifest.yml"))
    (folder / "cloud").mkdir()
    cloud = LocalCloud(folder / "cloud")
    try:
        cloud.play("bad_deployment", seed=3)
        with redis_server() as redis, plant(folder, redis, slack, cloud, **more) as site:
            yield Stage(site, cloud)
            for part in site.parts:
                part.kill()  # how they stop when they are told to is tested elsewhere
    finally:
        cloud.stop()
        finish(slack)
