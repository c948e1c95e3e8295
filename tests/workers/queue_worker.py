"""A worker of one queue, whose jobs do what their subject says: `queue_worker.py REDIS_URL FOLDER`.

Each run of a job leaves a line in FOLDER/ran. A job waits while FOLDER/<subject>.hold is there, and fails
as often as FOLDER/<subject>.fail has lines.
"""

import os
import sys
import time
from pathlib import Path

from workers.queue import serve

FOLDER = Path(sys.argv[2])
LONGEST = 60


def job(subject: str) -> None:
    with (FOLDER / "ran").open("a") as ran:
        ran.write(f"{subject} {os.getpid()}\n")
    deadline = time.monotonic() + LONGEST
    while (FOLDER / f"{subject}.hold").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    fail = FOLDER / f"{subject}.fail"
    left = fail.read_text().splitlines() if fail.exists() else []
    if left:
        fail.write_text("".join(f"{line}\n" for line in left[1:]))
        raise RuntimeError(f"{subject} fails")
    with (FOLDER / "done").open("a") as done:
        done.write(f"{subject}\n")


if __name__ == "__main__":
    serve(sys.argv[1], "investigate", {"investigate": job}, process="worker")
