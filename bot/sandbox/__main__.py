"""`python -m bot.sandbox`: serve one workspace until told to stop.

Prints one line of JSON when it is ready.
"""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from bot.sandbox import manifest, seeds, server
from bot.sandbox.slack import Slack
from bot.sandbox.sockets import LIFETIME_SECONDS

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Entry point."""
    options = _options()
    _die_with_parent()
    try:
        options.app = manifest.read(options.manifest) if options.manifest else manifest.DEFAULT
    except manifest.Unacceptable as error:
        sys.exit(str(error))
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    app = options.app
    if options.scopes:
        app = replace(app, scopes=frozenset(options.scopes.replace(",", " ").split()))
    slack = server.build(app, options.state, options.cloud, options.crew)
    slack.sockets.lifetime = options.connection_seconds
    runner = web.AppRunner(server.application(slack), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    port = runner.addresses[0][1]
    slack.origin = slack.files.origin = slack.responses.origin = f"http://127.0.0.1:{port}"
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    print(json.dumps(_ready(slack)), flush=True)
    # What was imported stays; later collections need not look at it.
    gc.freeze()
    await stopped.wait()
    await runner.cleanup()


def _ready(slack: Slack) -> dict[str, object]:
    people = {p.key: {"id": p.id, "name": p.real_name, "role": p.role} for p in seeds.PEOPLE}
    return {
        "url": f"{slack.origin}/",
        "api": f"{slack.origin}/api/",
        "app_token": seeds.APP_TOKEN,
        "bot_token": seeds.BOT_TOKEN,
        "team_id": seeds.TEAM_ID,
        "bot_user_id": seeds.BOT_USER_ID,
        "people": people,
        "channels": {room.name: room.id for room in seeds.ROOMS},
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--cloud", default="", help="address of the local cloud, for the Break something panel"
    )
    parser.add_argument("--crew", default="", help="address that ends the app's worker, for the same panel")
    parser.add_argument("--state", type=Path, help="folder for slack-calls.jsonl")
    parser.add_argument(
        "--manifest", type=Path, help="the app's manifest.yml: scopes, events, commands, shortcuts"
    )
    parser.add_argument("--scopes", default="", help="bot scopes instead of the manifest's, with commas")
    parser.add_argument(
        "--connection-seconds",
        type=float,
        default=LIFETIME_SECONDS,
        help="how long a Socket Mode connection lives",
    )
    return parser.parse_args()


def _die_with_parent() -> None:
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent process is gone")


if __name__ == "__main__":
    main()
