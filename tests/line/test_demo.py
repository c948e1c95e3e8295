"""`runbook demo --auto`, which is `make demo AUTO=1` after its installation."""

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.plant import ROOT


def test_demo_finds_the_planted_cause_and_recovers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot.cli", "demo", "--auto", "--seed", "11"]

    played = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    for line in ("Open http://127.0.0.1:", "time to first fact", "time to cause", "time to recovery"):
        assert line in played.stdout
    assert played.stdout.count("= planted") == 3
    assert "queries made" in played.stdout
