"""All of Runbook on one machine: what runs, in which order, knowing what. For `runbook up` and the demo."""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from errno import EACCES
from pathlib import Path
from typing import IO, Literal, cast
from urllib.parse import quote

from bot.cli import environs, probes, servers
from bot.cli.crew import Crew, Say
from bot.cli.supervisord import Folders, Program, Supervisord, Tier
from workers.domain.errors import RunbookError, Unreachable
from workers.settings import Settings, variables
from workers.settings.holders import holders

Own = Literal["migrate", "executor", "worker", "quick", "clock", "bot"]
Commands = Callable[[Own], tuple[str, ...]]

# The first start after an installation compiles every module, and a busy machine takes its time; what dies is
# noticed at once all the same.
READY_SECONDS = 180
LOCK, ADDRESSES = "lock", "addresses.json"

# Each line waits for the one before it.
_ORDER: tuple[tuple[Own, ...], ...] = (("migrate",), ("executor", "worker", "quick", "clock"), ("bot",))
# Seconds to wait for the parts of an earlier run whose `up` was killed.
_STOPPING_SECONDS = 10
# Seconds to finish what is in hand; a change that was begun is worth waiting for.
_GRACE: dict[Own, float] = {"executor": 60, "worker": 20, "quick": 20}

_GIVEN = {"REDIS_URL": "redis_url", "CHROMA_URL": "chroma_url"}


class Stack:
    """A context manager: inside, every part runs and is ready; afterwards all have stopped, in reverse order.

    `settings` are those of "up". What they give by URL is used, with `patience` seconds to answer; the rest
    is started. `environ` is where the parts' variables come from, each getting only its own. `extra` programs
    start first and stop last; the bot waits for them. `stay`: without a kernel that ends children with their
    parent, a small process stays beside each part and does.

    Enter from the main thread. Raises `CannotStart`, with everything stopped again.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        config: Path | None = None,
        extra: Sequence[Program] = (),
        commands: Commands | None = None,
        say: Say = print,
        patience: float = 10,
        stay: bool = sys.platform != "linux",
    ) -> None:
        self.settings = settings
        self.urls: dict[str, str] = {}
        self._environ, self._config, self._extra, self._say = environ, config, tuple(extra), say
        self._stay, self._patience = stay, patience
        self._commands = commands or _commands(config)
        self._base = environs.plain(environ)
        self._sockets = settings.run_path
        self._claims: list[IO[str]] = []
        self._mine = False  # whether this run holds the lock
        self._supervisord: Supervisord | None = None
        self._crew: Crew | None = None

    def __enter__(self) -> "Stack":
        began = time.monotonic()
        try:
            supervisord, crew = self._prepare()
            self._supervisord = supervisord
            supervisord.open()
            self._crew = crew
            crew.start(between=self._check_given)
            self._remember()
        except BaseException:
            self.close()
            raise
        self._say(f"Ready in {time.monotonic() - began:.1f} s. Logs: {self.settings.logs_path}")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def log(self, name: str) -> Path:
        return self.settings.logs_path / f"{name}.log"

    def pids(self) -> dict[str, int]:
        """The process of each part; 0 where it does not run."""
        states = self._supervisord.states() if self._supervisord else {}
        return {name: state.pid for name, state in states.items()}

    def watch(self, seconds: float | None = None) -> None:
        """Say what dies and what is back, for some time or until something is raised."""
        end = None if seconds is None else time.monotonic() + seconds
        while end is None or time.monotonic() < end:
            self.look()
            time.sleep(0.5)

    def look(self) -> None:
        """Say what died since the last look, and what is back. Raises if the supervisor itself is gone."""
        if self._crew:
            self._crew.look()

    def close(self) -> None:
        """Stop all parts, the last started first. An interruption while waiting ends them at once."""
        crew, supervisord, self._crew, self._supervisord = self._crew, self._supervisord, None, None
        try:
            if crew:
                crew.stop()
            if supervisord:
                supervisord.close()
        finally:
            if supervisord:
                supervisord.kill()
            self._tidy()

    def _prepare(self) -> tuple[Supervisord, Crew]:
        settings, run = self.settings, self.settings.run_path
        # Before anything is written: what is missing is said at once.
        binary = servers.redis_binary(self._environ.get("PATH")) if settings.redis_url is None else None
        if settings.chroma_url is None:
            servers.check_chroma()
        for folder in (settings.data_dir, run, settings.logs_path):
            _made(folder)
        lock = self._lock(run / LOCK)
        (run / ADDRESSES).unlink(missing_ok=True)
        self._sockets = servers.socket_folder(run, settings.data_dir, self._environ)
        tiers = [*self._servers(binary), *self._own()]
        self._say(f"Runbook in {settings.data_dir}")
        folders = Folders(run, settings.logs_path, self._sockets)
        supervisord = Supervisord([self._extra, *tiers], folders, lock, self._base, stay=self._stay)
        return supervisord, Crew(supervisord, tiers, self._extra, self._say)

    def _lock(self, path: Path) -> IO[str]:
        lock = path.open("a+", encoding="utf-8")
        self._claims.append(lock)
        deadline = time.monotonic() + _STOPPING_SECONDS
        while not _locked(lock):
            lock.seek(0)
            pid, _, since = lock.read().partition(" ")
            if _alive(pid) or time.monotonic() > deadline:
                raise _taken(pid, since, self.settings.data_dir)
            time.sleep(0.2)
        self._mine = True
        lock.truncate(0)
        lock.write(f"{os.getpid()} {datetime.now():%H:%M}")
        lock.flush()
        return lock

    def _servers(self, binary: servers.Binary | None) -> Iterator[Tier]:
        if binary is None:
            self.urls["REDIS_URL"] = self.settings.queue_url
        else:
            yield (self._redis(binary),)
        if self.settings.chroma_url is not None:
            self.urls["CHROMA_URL"] = self.settings.index_url
        else:
            yield (self._chroma(),)

    def _redis(self, binary: servers.Binary) -> Program:
        unix = self._sockets / "redis.sock"
        _wait_gone(unix)
        self.urls["REDIS_URL"] = f"unix://{quote(str(unix))}"
        program = servers.redis(binary, _made(self.settings.data_dir / "redis"), unix, self._base)
        far = self._sockets != self.settings.run_path
        return replace(program, note=f"{program.note}, socket in {self._sockets}") if far else program

    def _chroma(self) -> Program:
        port = servers.free_port()
        self._claims.append(port.claim)
        self.urls["CHROMA_URL"] = f"http://127.0.0.1:{port.number}"
        return servers.chroma(_made(self.settings.chroma_path), port.number, self._base)

    def _own(self) -> Iterator[Tier]:
        changes = self.settings.providers.aws.changes
        for tier in _ORDER:
            yield tuple(self._part(name) for name in tier if changes or name != "executor")

    def _part(self, name: Own) -> Program:
        urls = {key: url for key, url in self.urls.items() if name in holders((_GIVEN[key],))}
        environ = {
            **self._base,
            **environs.network(self._environ),
            **variables(self._config, self._environ, name),
            **urls,
            "RUNBOOK_DATA_DIR": str(self.settings.data_dir),
            "PYTHONUNBUFFERED": "1",
        }
        if name == "migrate":
            return Program(name, self._commands(name), environ, once=True)
        ready = probes.beats(self.urls["REDIS_URL"], name, grouped=self._stay)
        grace = _GRACE.get(name, 10)
        return Program(name, self._commands(name), environ, ready=ready, grace=grace, patience=READY_SECONDS)

    def _check_given(self) -> None:
        """What was given by URL has to answer before anything leans on it."""
        if self.settings.redis_url is not None:
            self._check("redis", "REDIS_URL", probes.answers_ping)
        if self.settings.chroma_url is not None:
            self._check("chroma", "CHROMA_URL", probes.answers_heartbeat)

    def _check(self, name: str, key: str, answers: Callable[[str], bool]) -> None:
        url, deadline = self.urls[key], time.monotonic() + self._patience
        where, mend = probes.plain(url), f"Check {_GIVEN[key]} ({key})."
        silent = False
        while not answers(url):
            if not silent:
                self._say(f"  {name:<9} no answer yet  {where}: asking for {self._patience:g} s. {mend}")
                silent = True
            if time.monotonic() > deadline:
                raise Unreachable(name, f"no answer from {where}", mend)
            time.sleep(0.5)
        self._say(f"  {name:<9} given          {where}")

    def _remember(self) -> None:
        """For other commands in the same place: where this run's servers are."""
        path = self.settings.run_path / ADDRESSES
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.urls, file)

    def _tidy(self) -> None:
        if self._mine:
            (self.settings.run_path / ADDRESSES).unlink(missing_ok=True)
            if self._sockets != self.settings.run_path:
                shutil.rmtree(self._sockets, ignore_errors=True)
        for claim in self._claims:
            claim.close()
        self._claims, self._mine = [], False


def addresses(run: Path) -> dict[str, str]:
    """Where the servers of a running `runbook up` are, as variables; empty where none runs."""
    try:
        return cast("dict[str, str]", json.loads((run / ADDRESSES).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _commands(config: Path | None) -> Commands:
    option = ("--config", str(config.absolute())) if config else ()
    # -P: a folder named `bot` where somebody happens to stand must not be taken for ours.
    return lambda name: (sys.executable, "-P", "-m", "bot.cli", name, *option)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made by another user, it can be there and still be of no use.
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise RunbookError(
            f"{folder} cannot be used: {error.strerror}", "Choose another place: data_dir (RUNBOOK_DATA_DIR)."
        ) from error
    return folder


def _wait_gone(unix: Path) -> None:
    """A Redis whose supervisor was killed may need a moment to go; two on the same files would ruin them."""
    deadline = time.monotonic() + 5
    while probes.answers_on(unix):
        if time.monotonic() > deadline:
            raise RunbookError(f"a Redis that nobody supervises still runs on {unix}", "Stop that process.")
        time.sleep(0.2)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (OSError, ValueError):
        return False
    return True


def _taken(pid: str, since: str, data_dir: Path) -> RunbookError:
    if not _alive(pid):
        return RunbookError(
            f"the parts of an earlier run in {data_dir} are still stopping", "Try again in a few seconds."
        )
    return RunbookError(
        f"Runbook already runs in {data_dir}: process {pid}, since {since}",
        "Stop that one first (Ctrl-C there), or choose another data_dir.",
    )
