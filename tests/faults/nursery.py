"""Processes of ours that begin with everything imported: a fork takes milliseconds, the imports seconds.

`python -m tests.faults.nursery` reads one JSON line per process from stdin and answers with its pid; when
one has ended, its return code is in `<pid>.ended` in the folder that it was told.
"""

import atexit
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from tests.faults.waiting import alive, eventually
from workers.jobs import HEAVY
from workers.queue import die_with_parent

LOOK_SECONDS = 0.05


class Child:
    """A process that the nursery has borne, with what `Popen` would offer."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid, self.returncode = pid, None
        self._ended = folder / f"{pid}.ended"

    returncode: int | None

    def poll(self) -> int | None:
        if self.returncode is None and not self._ended.exists():
            if sys.platform != "linux" or alive(self.pid):
                return None
            eventually(self._ended.exists)  # it is dead, and the nursery has not said yet how it died
        if self.returncode is None:
            self.returncode = int(self._ended.read_text())
        return self.returncode

    def wait(self, timeout: float) -> int:
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """A running nursery; what it has borne dies with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = [sys.executable, "-m", "tests.faults.nursery", str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._lock = threading.Lock()

    def start(self, module: str, *arguments: str, environ: Mapping[str, str], cwd: Path, log: Path) -> Child:
        """`python -m module arguments`, with this environment and no other."""
        wanted = {"argv": [module, *arguments], "environ": dict(environ), "cwd": str(cwd), "log": str(log)}
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            return Child(int(self._process.stdout.readline()), self._folder)

    def close(self) -> None:
        self._process.communicate(timeout=10)


@cache
def nursery() -> Nursery:
    """The one of this process, until it ends."""
    folder = tempfile.TemporaryDirectory(prefix="nursery-")
    one = Nursery(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(one.close)
    return one


def main(folder: Path) -> None:
    die_with_parent(signal.SIGKILL)
    for module in ("bot.app", "bot.cli.app", "chromadb", "workers.clock", "workers.executor", *HEAVY):
        __import__(module)
    while True:
        if select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
            line = sys.stdin.readline()
            if not line:
                return
            print(_bear(json.loads(line), folder), flush=True)
        _bury(folder)


def _bear(wanted: dict[str, Any], folder: Path) -> int:
    pid = os.fork()
    if pid == 0:
        _live(wanted)
    (folder / f"{pid}.ended").unlink(missing_ok=True)
    return pid


def _live(wanted: dict[str, Any]) -> NoReturn:
    die_with_parent(signal.SIGKILL)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, target in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(target, number)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    module, *arguments = wanted["argv"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


def _bury(folder: Path) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        told = folder / f"{pid}.telling"
        told.write_text(str(os.waitstatus_to_exitcode(status)))
        told.rename(folder / f"{pid}.ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
