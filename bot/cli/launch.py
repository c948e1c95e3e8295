"""Stands between the supervisor and a program: makes it die with its parent, then becomes it.

Run by path (`python -I -S launch.py NAME SIGNAL [stay]`), so it imports nothing of ours. The program and its
whole environment come in the variable `RUNBOOK_PROGRAM_<NAME>`: on no disk, and no program sees another's.
"""

import ctypes
import json
import os
import signal
import sys
import time
from typing import TypedDict


class Launched(TypedDict):
    """What `supervisord.py` asks for; no `environ` means the inherited one."""

    command: list[str]
    environ: dict[str, str] | None


def main() -> None:
    name, sig, stay = sys.argv[1], int(sys.argv[2]), "stay" in sys.argv[3:]
    program: Launched = json.loads(os.environ[f"RUNBOOK_PROGRAM_{name}"])
    parent = int(os.environ["RUNBOOK_PARENT"])
    if stay:
        _stay(program, sig, parent)
    ctypes.CDLL(None, use_errno=True).prctl(1, sig)  # PR_SET_PDEATHSIG
    # The parent may have died before the kernel was asked.
    if os.getppid() == parent:
        _become(program)


def _become(program: Launched) -> None:
    command, environ = program["command"], program["environ"]
    if environ is None:  # the supervisor, which hands the rest on
        environ = {**os.environ, "RUNBOOK_PARENT": str(os.getpid())}
    try:
        os.execve(command[0], command, environ)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


def _stay(program: Launched, sig: int, parent: int) -> None:
    """Where the kernel offers no parent-death signal: stay beside the program and look every half second."""
    child = os.fork()
    if child == 0:
        _become(program)
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, lambda number, _frame: os.kill(child, number))
    told = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            sys.exit(code if code >= 0 else 128 - code)
        if os.getppid() != parent and not told:
            os.kill(child, sig)
            told = True
        time.sleep(0.5)


if __name__ == "__main__":
    main()
