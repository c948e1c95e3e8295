"""`runbook up`: everything on this machine, in the foreground."""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.cli.options import Config

if TYPE_CHECKING:
    from bot.cli.stack import Commands


def up(
    config: Config = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the parts' logs too.")] = False,
) -> None:
    """Run all of Runbook on this machine."""
    run(config, os.environ, verbose=verbose)


def run(
    config: Path | None,
    environ: Mapping[str, str],
    *,
    verbose: bool = False,
    commands: "Commands | None" = None,
    stay: bool = sys.platform != "linux",
) -> None:
    """`runbook up` with an environment and, where `commands` says so, other programs in the place of ours."""
    from bot.cli.stack import Stack
    from workers.settings import load, notices

    settings = load(config, environ, "up")
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, _stop)
    if verbose:
        settings.logs_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        threading.Thread(target=follow, args=(settings.logs_path,), daemon=True).start()
    with Stack(settings, environ, config=config, commands=commands, say=_say, stay=stay) as stack:
        for notice in notices(settings):
            _say(notice)
        _say("Stop with Ctrl-C.")
        stack.watch()


def follow(logs: Path, stop: threading.Event | None = None) -> None:
    """Print what is added to any log in a folder, each line with the name of its part."""
    stop = stop or threading.Event()
    read = {path: path.stat().st_size for path in logs.glob("*.log")}
    while not stop.wait(0.2):
        for path in sorted(logs.glob("*.log")):
            size = path.stat().st_size
            at = read.get(path, 0)
            with path.open("rb") as file:
                file.seek(at if size >= at else 0)  # smaller: it was rotated
                lines = file.readlines()
                whole = lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]
                read[path] = (at if size >= at else 0) + sum(map(len, whole))
            for line in whole:
                _say(f"{path.stem:<9} | {line.decode('utf-8', 'replace').rstrip()}")


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(_number: int, _frame: object) -> NoReturn:
    # Raised where the main thread is, so that every `with` on the way out stops what it started.
    sys.exit(0)
