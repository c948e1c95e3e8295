"""Waiting for conditions, with an end; and processes that go when the test goes."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

Found = TypeVar("Found")
PATIENCE = 30.0


class Running(Protocol):
    """A process, as `Popen` shows it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def eventually(look: Callable[[], Found | None], patience: float = PATIENCE, every: float = 0.05) -> Found:
    """The first true thing that `look` finds; an `AssertionError` that says what was waited for otherwise."""
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, (
            f"waited {patience:g} s in vain for {_words(look)}; last: {found!r}"
        )
        time.sleep(every)


def never(look: Callable[[], object], seconds: float, every: float = 0.05) -> None:
    """`look` finds nothing for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        assert not found, f"{_words(look)} came: {found!r}"
        time.sleep(every)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """The living processes whose parent is `pid`."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def start(
    command: Sequence[str], *, log: Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """A process with its output in a file, that dies with this one."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environ is None else dict(environ),
            cwd=cwd,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def end(process: Running, patience: float = 15) -> int:
    """Ask a process to stop, and end it if it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(patience)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _words(look: Callable[[], object]) -> str:
    code = getattr(look, "__code__", None)
    return f"{code.co_name} at {Path(code.co_filename).name}:{code.co_firstlineno}" if code else repr(look)
