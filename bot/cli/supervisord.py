"""supervisord with our programs: its configuration, its start and end, and the few calls we make to it.

It restarts what dies, rotates logs, and stops by force what does not stop when asked. Readiness and order are
in `crew.py`; that nothing outlives it is in `launch.py`.
"""

import contextlib
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from workers.domain.errors import RunbookError

Probe = Callable[[int], bool]

# What lived shorter than this is tried again 1, 2, 3 … seconds later, up to RETRIES; then `crew.py` goes on.
STEADY_SECONDS = 5
RETRIES = 10
LOG_BYTES = 10 * 1024 * 1024
TAIL_LINES = 15

_LAUNCHER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
_NOT_RUNNING, _ALREADY_STARTED = 70, 60


class CannotStart(RunbookError):
    """A part of Runbook that did not become ready; everything else was stopped again."""


@dataclass(frozen=True)
class Program:
    """A command to keep running. `environ` is all it sees; `ready` is asked with its pid until it agrees."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    ready: Probe | None = None
    once: bool = False  # it runs to its end, and must succeed
    patience: float = 60  # seconds until it is ready
    grace: float = 15  # seconds between "please stop" and the end
    note: str = ""  # said when it is ready


Tier = Sequence[Program]


@dataclass(frozen=True)
class State:
    """How a program is, in supervisord's words; `pid` is 0 while it does not run.

    `ended` is the second (since 1970) in which it ended last.
    """

    word: str
    pid: int
    code: int
    ended: int

    @property
    def up(self) -> bool:
        return self.word in ("STARTING", "RUNNING")

    @property
    def wanted(self) -> bool:
        """Whether supervisord runs it or is about to."""
        return self.up or self.word == "BACKOFF"


@dataclass(frozen=True)
class Folders:
    """Where supervisord keeps its own files, the programs' logs, and a socket (a short path)."""

    run: Path
    logs: Path
    sockets: Path


class Supervisord:
    """supervisord and these tiers of programs, in the order in which they start; none is started yet.

    `lock` is an open file that stays locked as long as supervisord lives. Open it from the main thread: the
    kernel takes the end of the thread that started supervisord for the end of its parent.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        folders: Folders,
        lock: IO[str],
        environ: Mapping[str, str],
        *,
        stay: bool = sys.platform != "linux",
        retries: int = RETRIES,
    ) -> None:
        self._tiers = {f"tier{place}": tuple(tier) for place, tier in enumerate(tiers) if tier}
        self._programs = tuple(program for tier in self._tiers.values() for program in tier)
        self._folders, self._lock, self._base = folders, lock, environ
        self._stay, self._retries = stay, retries
        self._socket = folders.sockets / "supervisor.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start it and wait until it answers."""
        config, output = self._folders.run / "supervisor.conf", self._folders.run / "supervisor.out"
        config.write_text(_config(self._tiers, self._stay, self._retries), encoding="utf-8")
        with output.open("wb") as out:
            self._process = subprocess.Popen(
                [*_LAUNCHER, "SUPERVISOR", str(int(signal.SIGTERM)), *(["stay"] if self._stay else [])],
                env=self._environ(config),
                # Its programs get neither its stdin nor anything above 2, so the lock is held exactly as long
                # as there may be something left to stop.
                stdin=self._lock,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise CannotStart(f"the process supervisor did not start:\n{tail(output)}", f"See {output}.")
            time.sleep(0.02)

    @property
    def longest(self) -> int:
        """Seconds of the longest pause before it tries a program again."""
        return self._retries

    def start(self, name: str) -> None:
        self._call("startProcess", self._full(name), False)

    def stop(self, name: str) -> None:
        """Ask a program to stop; after its grace it is made to."""
        self._call("stopProcess", self._full(name), False)

    def states(self) -> dict[str, State]:
        rows = self._call("getAllProcessInfo")
        return {
            row["name"]: State(row["statename"], int(row["pid"]), int(row["exitstatus"]), int(row["stop"]))
            for row in rows
        }

    def log(self, name: str) -> Path:
        return self._folders.logs / f"{name}.log"

    def ending(self, name: str) -> str:
        """How a program ended last: `exit status 1`, `terminated by SIGKILL`."""
        log = self.log("supervisor")
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        ends = re.findall(rf"exited: {re.escape(name)} \(([^;)]*)", text)
        return ends[-1] if ends else "no reason known"

    def close(self) -> None:
        """End it, and with it whatever still runs."""
        if self._process is not None and self._process.poll() is None:
            try:
                self._call("shutdown")
            except RunbookError:
                self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(max((program.grace for program in self._programs), default=0) + 10)
        self.kill()

    def kill(self) -> None:
        """End it at once; its programs end with it."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # it leads a session of its own
            self._process.wait()

    def _full(self, name: str) -> str:
        return next(
            f"{place}:{name}" for place, tier in self._tiers.items() if name in {one.name for one in tier}
        )

    def _environ(self, config: Path) -> dict[str, str]:
        command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(config)]
        launched = {
            "supervisor": {"command": command, "environ": None},
            **{one.name: {"command": one.command, "environ": dict(one.environ)} for one in self._programs},
        }
        return {
            **self._base,
            "RUNBOOK_PARENT": str(os.getpid()),
            "RUNBOOK_LAUNCHER": shlex.join(_LAUNCHER),
            "RUNBOOK_RUN": str(self._folders.run),
            "RUNBOOK_LOGS": str(self._folders.logs),
            "RUNBOOK_SOCKET": str(self._socket),
            **{f"RUNBOOK_PROGRAM_{_variable(name)}": json.dumps(what) for name, what in launched.items()},
        }

    def _answers(self) -> bool:
        try:
            return bool(self._ask("getState"))
        except (OSError, xmlrpc.client.Error, http.client.HTTPException):
            return False

    def _call(self, verb: str, *arguments: object) -> Any:
        try:
            return self._ask(verb, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in (_NOT_RUNNING, _ALREADY_STARTED):  # as wanted, then
                return None
            raise RunbookError(f"the process supervisor refused {verb}: {fault.faultString}") from fault
        except (OSError, xmlrpc.client.Error, http.client.HTTPException) as error:
            raise RunbookError(
                "the process supervisor has died, and its programs with it", "Start `runbook up` again."
            ) from error

    def _ask(self, verb: str, *arguments: object) -> Any:
        # A connection each time: a signal may end any of them half-way.
        transport = _Transport(str(self._socket))
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            return getattr(cast("Any", proxy).supervisor, verb)(*arguments)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented."""
    text = b""
    if log.exists():
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            text = file.read()
    last = text.decode("utf-8", "replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in last or ["(nothing was logged)"])


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


# Paths come in by variables, so that no character in them can be taken for syntax.
_HEAD = """\
[supervisord]
nodaemon=true
silent=true
nocleanup=true
umask=077
logfile=%(ENV_RUNBOOK_LOGS)s/supervisor.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile=%(ENV_RUNBOOK_RUN)s/supervisor.pid

[unix_http_server]
file=%(ENV_RUNBOOK_SOCKET)s
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def _config(tiers: Mapping[str, Tier], stay: bool, retries: int) -> str:
    # Should we be killed, supervisord stops group by group, the highest priority first.
    groups = (
        f"\n[group:{name}]\nprograms={','.join(program.name for program in tier)}\npriority={priority}\n"
        for priority, (name, tier) in enumerate(tiers.items())
    )
    programs = (_section(program, stay, retries) for tier in tiers.values() for program in tier)
    return "".join((_HEAD, *groups, *programs))


def _section(program: Program, stay: bool, retries: int) -> str:
    return f"""
[program:{program.name}]
command=%(ENV_RUNBOOK_LAUNCHER)s {_variable(program.name)} {int(signal.SIGKILL)}{" stay" if stay else ""}
autostart=false
autorestart={"false" if program.once else "true"}
startsecs={0 if program.once else STEADY_SECONDS}
startretries={retries}
stopwaitsecs={int(program.grace)}
killasgroup=true
redirect_stderr=true
stdout_logfile=%(ENV_RUNBOOK_LOGS)s/{program.name}.log
stdout_logfile_maxbytes={LOG_BYTES}
stdout_logfile_backups=3
"""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("supervisor", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._one = _Connection(path)

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        return self._one

    def close(self) -> None:
        self._one.close()
