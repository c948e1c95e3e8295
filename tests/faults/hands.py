"""The executor with less patience than in production: `python -m tests.faults.hands --config FILE`."""

import os
import sys
from pathlib import Path

from workers import crash
from workers.executor import Patience, run
from workers.settings import load

HURRIED = Patience(rollout=8, look_every=0.2, read_every=1, reads=3, recovery=26, settle=1)

if __name__ == "__main__":
    crash.arm(os.environ)
    run(load(Path(sys.argv[sys.argv.index("--config") + 1]), os.environ, "executor"), HURRIED)
