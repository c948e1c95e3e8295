"""`make defences`: take each defence out of a copy of the tree, and see the test that proves it go red.

`python -m tests.defences T4 T22` does so for these threats only, `--table` prints the table of
docs/security.md. The exit code is 1 where a test stayed green.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.defences import ROOT, Defence, defences, table

RED = 1
"""The exit code of a run in which tests failed, not of one that found none or could not begin."""
PARTS = ("bot", "workers", "knowledge", "tests", "docs", "requirements")


def main(threats: list[str]) -> int:
    if threats == ["--table"]:
        print("\n".join(table()))
        return 0
    wanted = [one for one in defences() if not threats or one.threat in threats]
    green = 0
    with tempfile.TemporaryDirectory(prefix="defences-") as folder:
        copy = _copied(Path(folder))
        for one in wanted:
            code = _without(copy, one)
            green += code != RED
            told = "red" if code == RED else f"NOT RED ({code})"
            print(f"{one.threat:<4} {told:<12} {one.promise}", flush=True)
    print(f"{len(wanted) - green} of {len(wanted)} tests fail without what they prove.")
    return 1 if green else 0


def _copied(folder: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    for file in (*ROOT.glob("*.toml"), *ROOT.glob("*.yml"), *ROOT.glob("*.md"), ROOT / "Makefile"):
        shutil.copy(file, folder)
    return folder


def _without(copy: Path, one: Defence) -> int:
    file = copy / one.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(one.line, one.gone), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", one.test],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
