"""What a process of ours writes about itself holds no secret: neither its log nor its last words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.safety.planted import OURS, Secret, leaked, planted

ROOT = Path(__file__).parents[3]
# Whatever the command was, it went the way that every process goes.
BEGUN = """
import logging, sys, threading
from bot.cli import main
said = sys.argv.pop()
sys.argv[1:] = ["--help"]
try:
    main()
except SystemExit:
    pass
log = logging.getLogger("rq.worker")
"""
SAYING = {
    "a message": "log.warning(said)",
    "an argument": "log.error('job %s failed', said)",
    "an exception": "try:\n    raise ValueError(said)\nexcept ValueError:\n    log.exception('job failed')",
    "last words": "raise ValueError(said)",
    "last words of a thread": (
        "def end(): raise ValueError(said)\n"
        "thread = threading.Thread(target=end)\nthread.start()\nthread.join()"
    ),
}


def secret() -> tuple[str, Secret]:
    return planted("password", OURS["password"], "in a line")


@pytest.mark.parametrize("saying", SAYING.values(), ids=SAYING)
def test_no_secret_is_in_what_a_process_writes(saying: str, tmp_path: Path) -> None:
    text, password = secret()

    done = run([sys.executable, "-P", "-c", BEGUN + saying, text], tmp_path)

    assert "DB_PASSWORD=[hidden] after 4.1 s" in done.stderr
    assert not leaked(password, done.stderr + done.stdout)


def test_no_secret_is_in_what_a_command_says_went_wrong(tmp_path: Path) -> None:
    text, password = secret()

    done = run([sys.executable, "-P", "-m", "bot.cli", "config", "check", "--config", text], tmp_path)

    assert "DB_PASSWORD=[hidden] after 4.1 s: cannot be read" in done.stderr
    assert not leaked(password, done.stderr + done.stdout)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
