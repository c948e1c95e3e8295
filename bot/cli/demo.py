"""`runbook demo`: the whole line on this machine, with a local Slack and a local cloud for the real ones.

Both stand-ins are processes of their own that the product reaches by URL. With --auto the person who
approves is played too, by a click through the page's own endpoint.
"""

import json
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import IO, Annotated, Any, NoReturn

import typer

from workers.domain.errors import RunbookError

HOME = Path(".runbook") / "demo"
READY_SECONDS = 60
EXAMPLES = ("shop", "booking", "claims", "parcels")
"""Applications that there are runbooks for."""
GROUPS = ("website", "policies", "intake", "documents", "payouts", "assessor")
FUNCTIONS = ("site", "tracking", "quotes", "shipments", "label-maker", "event-writer")
"""What stands in no cluster: the Auto Scaling groups of claims, and the functions of parcels."""
CRITICAL = ("payments", "payouts")
"""What takes two people, Ben and Carol, to change."""
PACKAGES = ("aiohttp", "moto")
"""What the stand-ins need on top of the product."""
LATENCY_MS = 120
"""What AWS takes to answer, more or less."""

Application = Annotated[
    str,
    typer.Option("--application", "--app", help="Which application runs: shop, booking, claims or parcels."),
]
Fault = Annotated[str, typer.Option(help="What breaks; the page lists what can.")]
Seed = Annotated[
    int | None, typer.Option(help="Which case of that fault; the same seed gives the same case.")
]
Auto = Annotated[bool, typer.Option("--auto", help="Play the approver too, print the times and end.")]
Port = Annotated[int, typer.Option(help="The page's port; a free one where it is 0.")]


@dataclass(frozen=True)
class Case:
    """What is broken, and how it was asked for."""

    application: str
    fault: str
    seed: int

    @property
    def again(self) -> str:
        return f"make demo APP={self.application} FAULT={self.fault} SEED={self.seed}"


@dataclass(frozen=True)
class Stage:
    """The two stand-ins, running."""

    slack: dict[str, Any]
    cloud: str

    def ask(self, base: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        from urllib.request import Request, urlopen

        data = json.dumps(body).encode() if body is not None else None
        request = Request(base.rstrip("/") + path, data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def page(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self.ask(self.slack["url"], path, body)


def demo(
    application: Application = "shop",
    fault: Fault = "bad_deployment",
    seed: Seed = None,
    auto: Auto = False,
    port: Port = 0,
) -> None:
    """Break something in a local cloud and watch Runbook find it, in a local Slack."""
    signal.signal(signal.SIGTERM, _stop)
    _check(port)
    case = Case(application, fault, random.randrange(1, 10_000) if seed is None else seed)
    with ExitStack() as running:
        from bot.cli.ender import ender

        hand = running.enter_context(ender())
        stage = _stage(running, port, hand.url)
        _known(stage, case)
        stack, ledger = running.enter_context(_product(stage))
        hand.pids = stack.pids
        began = time.time()
        print(f"\nOpen {stage.slack['url']} in a browser.\n", flush=True)
        print(f"Case: {case.application}, {case.fault}, seed {case.seed}. Again: {case.again}", flush=True)
        broken = stage.page(
            "/_slack/break",
            {"application": case.application, "faults": [case.fault], "seed": case.seed, "person": "alice"},
        )
        if auto:
            from bot.cli.autopilot import play

            sys.exit(play(stage, ledger, broken, began))
        print("Break something else in the panel beside the channel. Stop with Ctrl-C.", flush=True)
        stack.watch()


def _check(port: int) -> None:
    """What the demo needs: said before anything starts."""
    lacking = [name for name in PACKAGES if find_spec(name) is None]
    if lacking:
        raise RunbookError(
            f"the demo needs packages that are not installed: {', '.join(lacking)}", "Run `make demo`."
        )
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
    except OSError as error:
        raise RunbookError(
            f"port {port} of 127.0.0.1 cannot be used: {error.strerror}",
            "Choose another one with --port (make demo PORT=…), or leave it out.",
        ) from error
    try:
        shutil.rmtree(HOME, ignore_errors=True)
        (HOME / "logs").mkdir(parents=True)
    except OSError as error:
        raise RunbookError(
            f"{HOME.absolute()} cannot be made: {error.strerror}", "Start the demo in a folder of yours."
        ) from error


def _known(stage: Stage, case: Case) -> None:
    """What there is to break is the local cloud's to say."""
    there = {one["name"]: one["faults"] for one in stage.ask(stage.cloud, "/_cloud/applications")}
    if case.application not in there:
        raise RunbookError(
            f"there is no application {case.application}", f"There are {', '.join(sorted(there))}."
        )
    if case.fault not in there[case.application]:
        raise RunbookError(
            f"nothing in {case.application} breaks as {case.fault}",
            f"There are {', '.join(sorted(there[case.application]))}.",
        )


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)


def _stage(running: ExitStack, port: int, crew: str) -> Stage:
    """Start both stand-ins and wait for the line each prints when it is ready."""
    cloud = running.enter_context(
        _stand_in(
            "cloud",
            "workers.sandbox",
            *("--port", "0"),
            *("--state", str(HOME / "cloud")),
            *("--latency", str(LATENCY_MS)),
        )
    )
    slack = running.enter_context(
        _stand_in(
            "slack",
            "bot.sandbox",
            *("--port", str(port)),
            *("--state", str(HOME / "slack")),
            *("--cloud", cloud["address"]),
            *("--crew", crew),
            *("--manifest", str(_manifest())),
        )
    )
    return Stage(slack=slack, cloud=cloud["address"])


def _manifest() -> Path:
    """The app's own manifest: the local Slack then allows what it allows, and nothing more."""
    import bot

    return Path(bot.__file__).parent.parent / "manifest.yml"


@contextmanager
def _stand_in(name: str, module: str, *options: str) -> Generator[dict[str, Any]]:
    log = (HOME / "logs" / f"{name}.log").open("wb")
    command = [sys.executable, "-P", "-m", module, *options]
    process = Popen(command, stdout=PIPE, stderr=log, env=_plain(), start_new_session=True)
    try:
        yield json.loads(_first_line(name, process, log))
    finally:
        process.terminate()
        try:
            process.wait(5)
        except TimeoutExpired:
            process.kill()
            process.wait()


def _first_line(name: str, process: Popen[bytes], log: IO[bytes]) -> bytes:
    import select

    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], READY_SECONDS)
    line = process.stdout.readline() if ready else b""
    if not line:
        print(f"The local {name} did not start; its log is {log.name}", file=sys.stderr)
        sys.exit(1)
    return line


def _plain() -> dict[str, str]:
    """The environment of a stand-in: none of the product's secrets, and no proxy between us and loopback."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


@contextmanager
def _product(stage: Stage) -> Generator[tuple[Any, Any]]:
    """All of Runbook, pointed at the stand-ins by URL; yields the stack, and the ledger to read from."""
    from bot.cli.stack import Stack
    from workers.ledger import Ledger, connect
    from workers.settings import load

    environ = (
        _plain()
        | _identities(HOME / "cloud")
        | {
            "SLACK_API_URL": stage.slack["api"],
            "SLACK_APP_TOKEN": stage.slack["app_token"],
            "SLACK_BOT_TOKEN": stage.slack["bot_token"],
            "AWS_ENDPOINT_URL": stage.cloud,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )
    config = _config(stage)
    settings = load(config, environ, "up")
    with Stack(settings, environ, config=config, say=lambda text: print(text, flush=True)) as stack:
        yield stack, Ledger(connect(settings.ledger_url))


def _identities(folder: Path) -> dict[str, str]:
    """Worker and executor are two users of the local cloud, as they are to be of a real one."""
    from configparser import ConfigParser

    environ: dict[str, str] = {}
    for who in ("worker", "executor"):
        read = ConfigParser()
        read.read(folder / f"{who}.credentials")
        profile = read["default"]
        environ[f"RUNBOOK_{who.upper()}_AWS_ACCESS_KEY_ID"] = profile["aws_access_key_id"]
        environ[f"RUNBOOK_{who.upper()}_AWS_SECRET_ACCESS_KEY"] = profile["aws_secret_access_key"]
    return environ


def _config(stage: Stage) -> Path:
    import yaml

    import knowledge

    examples = Path(knowledge.__file__).parent / "examples"
    path = HOME / "config.yaml"
    ben, carol = (stage.slack["people"][name]["id"] for name in ("ben", "carol"))
    written = {
        "data_dir": str(HOME),
        "providers": {"aws": {"regions": ["us-east-1"]}},
        "slack": {"team_id": stage.slack["team_id"]},
        "approvals": {"approvers": [ben], "critical": {"approvers": [ben, carol]}},
        "environments": {
            "production": {
                "production": True,
                "clusters": ["shop", "booking"],
                "services": [*GROUPS, *FUNCTIONS],
                "critical": [*CRITICAL],
            }
        },
        "knowledge": {"sources": [{"type": "filesystem", "path": str(examples / name)} for name in EXAMPLES]},
    }
    path.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    return path
