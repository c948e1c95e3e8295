"""Figures of the processes: jobs against bare RQ, start-up and memory, a cold clone to the page."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from redis import Redis
from rq import Queue as Bare

from tests.bench.row import Row, row
from tests.bot.sandbox.local_slack import finish, launch
from tests.faults.plant import ROOT, Plant, plant
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import end, eventually, start
from workers.queue import Queue
from workers.settings import Process

JOBS = 100
LIMITS: dict[Process, tuple[float, float]] = {"bot": (2.0, 150.0), "worker": (5.0, 350.0)}
"""Seconds until ready, and MB."""
REST: tuple[Process, ...] = ("quick", "executor", "clock")
WORKER = ROOT / "tests" / "workers" / "queue_worker.py"


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, redis_server() as redis:
        yield jobs(Path(folder), redis)
    yield from parts()
    yield clone()


def jobs(folder: Path, redis: RedisServer) -> Row:
    """Jobs that do nothing, through our queue and through RQ as it comes; both fork for each."""
    ours, done = Queue(redis.url), folder / "done"
    done.touch()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}

    def finished() -> bool:
        return len(done.read_text().splitlines()) >= JOBS

    for number in range(JOBS):
        ours.put("investigate", f"{number:012x}")
    command = [sys.executable, str(WORKER), redis.url, str(folder)]
    mine = _worked_off(command, environ, folder, finished)
    redis.wipe()
    with Redis.from_url(redis.url) as client:
        bare = Bare("bare", connection=client)
        for _ in range(JOBS):
            bare.enqueue("time.sleep", 0)
        command = [str(Path(sys.executable).with_name("rq")), "worker", "bare", "--url", redis.url]
        theirs = _worked_off(command, environ, folder, lambda: bare.finished_job_registry.count >= JOBS)
    return row(f"{JOBS} jobs that do nothing", mine, "RQ as it comes, pickled", theirs, 1.5)


def _worked_off(
    command: list[str], environ: dict[str, str], folder: Path, finished: Callable[[], bool]
) -> float:
    began = time.monotonic()
    worker = start(command, log=folder / "worker.log", environ=environ)
    eventually(finished, 120, 0.02)
    took = time.monotonic() - began
    end(worker)
    return took


def parts() -> Iterator[Row]:
    """Each process: until its first sign of life, and its own share of memory (PSS)."""
    slack = launch("--manifest", str(ROOT / "manifest.yml"))
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server() as redis,
        plant(Path(folder), redis, slack, forked=False) as site,
    ):
        for name in (*LIMITS, *REST):
            ready, memory = _part(site, name)
            seconds, most = LIMITS.get(name, (5.0, 350.0))
            yield row(f"{name} ready", ready, "the limit", seconds)
            yield row(f"{name} memory", memory, "the limit", most, unit="MB")
    finish(slack)


def _part(site: Plant, name: Process) -> tuple[float, float]:
    began = time.monotonic()
    part = site.start(name)
    ready = time.monotonic() - began
    time.sleep(3)
    return ready, pss(part.pid)


def pss(pid: int) -> float:
    """A process's own share of memory, in MB; what it shares with others counts in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def clone() -> Row:
    """A clone of this repository with nothing installed, until `make demo` prints the page's address."""
    folder = Path(tempfile.mkdtemp())
    home = {**os.environ, "HOME": str(folder / "home")}
    home.pop("VIRTUAL_ENV", None)
    began = time.monotonic()
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "clone")], check=True)
    demo = subprocess.Popen(
        ["make", "demo"], cwd=folder / "clone", env=home, stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    said: list[str] = []
    for line in demo.stdout:
        said.append(line)
        if line.startswith("Open "):
            break
    else:
        raise RuntimeError("the demo did not start:\n" + "".join(said))
    took = time.monotonic() - began
    demo.terminate()
    demo.communicate(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)
    return row("cold clone to the page", took, "the limit", 60.0)
