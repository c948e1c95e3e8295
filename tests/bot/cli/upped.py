"""`runbook up` with stand-ins for our own processes, in a process of its own: `upped.py [stay]`."""

import os
import sys
from pathlib import Path

from bot.cli.up import run
from workers.domain.errors import RunbookError

STANDIN = str(Path(__file__).with_name("standin.py"))

try:
    run(None, os.environ, commands=lambda name: (sys.executable, STANDIN, name), stay="stay" in sys.argv)
except RunbookError as error:
    print(f"Runbook: {error}\n{error.mend}", file=sys.stderr)
    sys.exit(1)
