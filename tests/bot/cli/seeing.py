"""The `runbook` command as a process against a local cloud, in a folder that has nothing of Slack."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.workers.sandbox.local_cloud import REGION, LocalCloud


@dataclass
class Seen:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.out.splitlines()]


@dataclass
class Terminal:
    """Runs the command; what is true of every run is held here: no secret is shown, nothing is changed."""

    cloud: LocalCloud
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        key, secret = self.cloud.keys("worker")
        return {
            # The code that is tested, wherever it is checked out.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *arguments: str, without: tuple[str, ...] = (), typed: str = "", **environ: str) -> Seen:
        before = self.cloud.ask("writes")
        env = {k: v for k, v in {**self.environ, **environ}.items() if k not in without}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bot.cli", *arguments],
            cwd=self.folder,
            env=env,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert self.cloud.ask("writes") == before, "something was changed"
        assert not [secret for secret in self.cloud.keys("worker") if secret in said], "a key was shown"
        assert "Traceback" not in said, said
        return Seen(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str, **environ: str) -> Generator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", "bot.cli", *arguments],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_ctrl_c,
        )
        try:
            with process:
                yield process
        finally:
            process.kill()


def _heed_ctrl_c() -> None:
    # Who runs the tests in the background has it ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
