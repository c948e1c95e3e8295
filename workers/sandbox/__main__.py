"""The command: `python -m workers.sandbox --port 0 --state DIR [--application shop --fault NAME]`."""

import argparse
import ctypes
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

_DIE_WITH_PARENT = 1


def main() -> int:
    """Start the local cloud, print its address as one line of JSON, and serve until told to stop."""
    given = _arguments()
    _follow_parent()
    from workers.sandbox.control import Control
    from workers.sandbox.front.cloud import Cloud
    from workers.sandbox.latency import Latency
    from workers.sandbox.server import serve

    given.state.mkdir(parents=True, exist_ok=True)
    cloud = Cloud(given.state, check=given.check_answers)
    server = serve(cloud, given.port, Latency(given.latency, given.seed))
    if given.fault or given.application:
        wish = {"application": given.application or "shop", "seed": given.seed, "onset_minutes": given.onset}
        wish["faults"] = given.fault or ["bad_deployment"]
        answer = Control(cloud).handle("POST", "/_cloud/case", json.dumps(wish).encode())
        if answer.status != 200:
            print(answer.body.decode(), file=sys.stderr)
            return 2
    signal.signal(signal.SIGTERM, lambda *_: _stop(server))
    signal.signal(signal.SIGINT, lambda *_: _stop(server))
    print(json.dumps(_started(f"http://127.0.0.1:{server.port}", given.state)), flush=True)
    server.serve_forever(poll_interval=0.1)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers.sandbox", description="A local cloud.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--state", type=Path, required=True, help="folder for credentials and the log of writes"
    )
    parser.add_argument("--application")
    parser.add_argument("--fault", action="append", help="may be given twice")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--onset", type=float, default=12, help="minutes ago")
    parser.add_argument(
        "--latency", type=_milliseconds, default=0, metavar="MS", help="how long AWS takes to answer, usually"
    )
    parser.add_argument(
        "--check-answers", action="store_true", help="hold every answer against botocore's models"
    )
    return parser.parse_args()


def _milliseconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 60_000:
        raise argparse.ArgumentTypeError("must be between 0 and 60000")
    return value


def _started(address: str, state: Path) -> dict[str, Any]:
    files = {f"{who}_credentials": str(state / f"{who}.credentials") for who in ("worker", "executor")}
    return {"address": address, "region": "us-east-1", "pid": os.getpid(), **files}


def _stop(server: Any) -> None:
    threading.Thread(target=server.shutdown, daemon=True).start()


def _follow_parent() -> None:
    """Die with the process that started this one, where the kernel can do that."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
