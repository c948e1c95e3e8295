"""The whole of Runbook as `runbook up` starts it, between a local Slack and a local cloud."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.stack import addresses
from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.plant import ROOT, credentials
from tests.faults.waiting import end, eventually, start
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.domain.investigation import Investigation
from workers.ledger import Ledger, connect
from workers.queue import Queue

Message = dict[str, Any]
INVESTIGATED = 90
"""Seconds that a cause may take on a busy machine."""


class Line:
    """What people and the cloud see of one running Runbook."""

    def __init__(self, folder: Path, slack: LocalSlack, cloud: LocalCloud) -> None:
        self.folder, self.slack, self.cloud = folder, slack, cloud
        self.runbooks = folder / "runbooks"
        self.runbooks.mkdir()
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(self._configuration()))
        self.process = start(
            [sys.executable, "-P", "-m", "bot.cli", "up", "--config", str(self.config)],
            log=folder / "up.log",
            environ=self._environment(),
            cwd=folder,
        )
        eventually(self._connected, 90)
        self.ledger = Ledger(connect(f"sqlite:///{next(folder.glob('*.db'))}"))

    def _configuration(self) -> dict[str, Any]:
        return {
            "data_dir": str(self.folder),
            "providers": {"aws": {"regions": ["us-east-1"]}},
            "slack": {"team_id": self.slack.ready["team_id"]},
            "approvals": {"approvers": [self.slack.people["ben"]]},
            "environments": {"production": {"production": True, "clusters": ["shop", "booking"]}},
            "knowledge": {"sources": [{"type": "filesystem", "path": str(self.runbooks)}]},
        }

    def _environment(self) -> dict[str, str]:
        plain = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "TMPDIR") if name in os.environ}
        return {
            **plain,
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "SLACK_API_URL": self.slack.ready["api"],
            "SLACK_APP_TOKEN": self.slack.ready["app_token"],
            "SLACK_BOT_TOKEN": self.slack.ready["bot_token"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.cloud.url,
            **credentials(self.cloud),
        }

    def _connected(self) -> bool:
        assert self.process.poll() is None, (self.folder / "up.log").read_text()
        return bool(self.slack.look("health")["connections"])

    # -- what people do and read

    def ask(self, text: str, person: str = "alice") -> str:
        """Mention Runbook in the incidents channel; the thread that answers."""
        return self.slack.say(f"@Runbook {text}", person=person)

    def replies(self, root: str) -> list[Message]:
        """What Runbook has said in a thread."""
        return [m for m in self.slack.messages() if m.get("thread_ts") == root and m.get("bot_id")]

    def reply(self, root: str, words: str, patience: float = INVESTIGATED) -> Message:
        """The reply with these words in it, once it is there."""
        return eventually(
            lambda: next((m for m in self.replies(root) if words in str(m.get("blocks")) + m["text"]), None),
            patience,
        )

    def case(self, root: str) -> Investigation:
        """The investigation of a thread, as it is on record."""
        team, channel = self.slack.ready["team_id"], self.slack.channels["incidents"]
        found = eventually(lambda: self.ledger.in_thread(team, channel, root))
        return self.ledger.load(found)

    def concluded(self, root: str) -> Investigation:
        """The same, once it has a conclusion."""
        eventually(lambda: self.case(root).conclusion, INVESTIGATED)
        return self.case(root)

    def press(self, card: Message, decision: str, person: str = "ben") -> Any:
        return self.slack.act(
            "actions",
            person=person,
            channel=self.slack.channels["incidents"],
            message_ts=card["ts"],
            block_id="decision",
            action_id=decision,
        )

    def writes(self) -> list[dict[str, Any]]:
        """Every change that anybody tried in the cloud."""
        return self.cloud.ask("writes")

    def sync(self) -> None:
        """Have the folder of runbooks read, as the clock has it done every minute."""
        queue = Queue(addresses(self.folder / "run")["REDIS_URL"])
        queue.put("sync", "documents")
        eventually(lambda: not queue.queued("sync"), 60)

    def close(self) -> None:
        self.ledger.close()
        assert end(self.process, 60) == 0


@pytest.fixture(scope="package")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("line")
    cloud = LocalCloud(folder / "cloud")
    slack = launch("--manifest", str(ROOT / "manifest.yml"))
    running = Line(folder, slack, cloud)
    yield running
    running.close()
    finish(slack)
    cloud.stop()


@pytest.fixture
def examples(line: Line) -> Iterator[Path]:
    """The folder that Runbook reads runbooks from; empty at the beginning and in the end."""
    yield line.runbooks
    shutil.rmtree(line.runbooks)
    line.runbooks.mkdir()
