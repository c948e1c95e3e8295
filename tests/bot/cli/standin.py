"""Stands in for one of our processes: says that it is alive as they do, and dies or dawdles when told to.

`standin.py NAME`; in $RUNBOOK_STANDIN a file `NAME.fail` or `NAME.late` (seconds) changes how it behaves.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit


def main() -> None:
    name = sys.argv[1]
    folder = Path(os.environ.get("RUNBOOK_STANDIN", "."))
    note(folder, f"begin {name}")
    if (folder / f"{name}.fail").exists():
        print(f"{name}: no such table: secrets", flush=True)
        sys.exit(3)
    if name == "migrate":
        return
    if (folder / f"{name}.late").exists():
        time.sleep(float((folder / f"{name}.late").read_text()))
    signal.signal(signal.SIGTERM, lambda *_: end(folder, name))
    print(f"{name} is here", flush=True)
    while True:
        beat(name)
        time.sleep(0.5)


def beat(name: str) -> None:
    key = f"runbook:beat:{name}:{socket.gethostname()}:{os.getpid()}"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(unquote(urlsplit(os.environ["REDIS_URL"]).path))
            connection.sendall(f"SET {key} 1 EX 2\r\n".encode())
            connection.recv(16)
    except OSError as error:
        print(f"{name}: {error}", flush=True)


def end(folder: Path, name: str) -> None:
    note(folder, f"end {name}")
    sys.exit(0)


def note(folder: Path, text: str) -> None:
    with (folder / "order").open("a") as file:
        file.write(text + "\n")


main()
