"""`runbook up` with a real supervisord, Redis and Chroma; stand-ins take the place of our own processes."""

import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from datetime import datetime
from pathlib import Path

import pytest

from bot.cli.probes import answers_heartbeat, beating
from bot.cli.stack import addresses

HERE = Path(__file__).parent
PARTS = ("redis", "chroma", "migrate", "executor", "worker", "quick", "clock", "bot")
SECRETS = {
    "SLACK_APP_TOKEN": "xapp-secret",
    "SLACK_BOT_TOKEN": "xoxb-secret",
    "ANTHROPIC_API_KEY": "model-secret",
    "RUNBOOK_EXECUTOR_AWS_ACCESS_KEY_ID": "executor-secret",
    "RUNBOOK_EXECUTOR_AWS_SECRET_ACCESS_KEY": "executor-secret-too",
    "AWS_ACCESS_KEY_ID": "worker-secret",
    "AWS_SECRET_ACCESS_KEY": "worker-secret-too",
}
PLAIN = {
    "PATH": os.environ["PATH"],
    # The tree that these tests are in, wherever an installed one may be.
    "PYTHONPATH": str(HERE.parents[2]),
    "HOME": "/nowhere",
    "AWS_REGION": "eu-west-1",
    "UNRELATED": "unrelated-secret",
}


class Up:
    """One `runbook up` in a folder; its output is collected in a file."""

    def __init__(self, folder: Path, *arguments: str, data_dir: Path | None = None) -> None:
        self.folder, self.data = folder, data_dir or folder / ".runbook"
        self.output = folder / f"up-{time.monotonic_ns()}.txt"
        environ = {**SECRETS, **PLAIN, "RUNBOOK_STANDIN": str(folder), "RUNBOOK_DATA_DIR": str(self.data)}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "upped.py"), *arguments],
                cwd=folder,
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.seen: set[int] = set()

    def said(self) -> str:
        return self.output.read_text()

    def until(self, text: str) -> "Up":
        wait(lambda: text in self.said() or self.process.poll() is not None, f"{text!r} in {self.output}")
        self.descendants()
        assert text in self.said(), self.said()
        return self

    def ready(self) -> "Up":
        return self.until("Ready in")

    def part(self, name: str) -> int:
        """The pid that supervisord last gave to a part."""
        log = (self.data / "logs/supervisor.log").read_text()
        return int(re.findall(rf"spawned: '{name}' with pid (\d+)", log)[-1])

    def pauses(self, name: str) -> list[float]:
        """Seconds between each end of a part and its next start, by supervisord's own record."""
        log = (self.data / "logs/supervisor.log").read_text()
        record = re.findall(rf"^(\S+ \S+) \w+ (spawned: '{name}'|exited: {name} )", log, re.MULTILINE)
        steps = [(datetime.strptime(at, "%Y-%m-%d %H:%M:%S,%f"), what[0] == "s") for at, what in record]
        return [
            (after - before).total_seconds()
            for (before, started), (after, again) in itertools.pairwise(steps)
            if again and not started
        ]

    def supervisor(self) -> int:
        return int(
            re.findall(
                r"supervisord started with pid (\d+)", (self.data / "logs/supervisor.log").read_text()
            )[-1]
        )

    def order(self) -> list[str]:
        return (self.folder / "order").read_text().split("\n")[:-1]

    def descendants(self) -> set[int]:
        """Every process below this one, now or when this was asked before."""
        parents = {int(path.name): parent(path) for path in Path("/proc").glob("[0-9]*")}
        family = {self.process.pid, *self.seen}
        while more := {pid for pid, above in parents.items() if above in family} - family:
            family |= more
        self.seen = family - {self.process.pid}
        return self.seen

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        self.descendants()
        self.process.send_signal(sig)
        return self.process.wait(40)

    def nothing_left(self) -> None:
        wait(lambda: not any(lives(pid) for pid in self.seen), "the end of every part", 8)


Start = Callable[..., Up]


@pytest.fixture
def place() -> Generator[Path]:
    """A folder with a short name: the length of a socket's path is one of the things that are tested."""
    with tempfile.TemporaryDirectory(prefix="rb-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def start(place: Path) -> Generator[Start]:
    ups: list[Up] = []

    def begin(*arguments: str, folder: Path = place, data_dir: Path | None = None) -> Up:
        up = Up(folder, *arguments, data_dir=data_dir)
        ups.append(up)
        return up

    yield begin
    for up in ups:
        up.descendants()
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()
        for pid in up.seen:
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


def wait(reached: Callable[[], bool], what: str, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return 0


def lives(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def environ_of(pid: int) -> str:
    return (Path("/proc") / str(pid) / "environ").read_bytes().decode()


def test_parts_start_in_order_when_the_one_before_is_ready_and_stop_in_reverse(
    place: Path, start: Start
) -> None:
    (place / "clock.late").write_text("1")

    up = start().ready()
    code = up.stop()

    said = re.findall(r"^  (\w+) +(?:ready|done) ", up.said(), re.MULTILINE)
    assert said[:3] == ["redis", "chroma", "migrate"]
    assert said.index("clock") < said.index("bot") == len(said) - 1
    assert set(said) == set(PARTS)
    order = up.order()
    assert order[0] == "begin migrate"
    assert order[5] == "begin bot"
    assert order[6] == "end bot"
    assert set(order[7:]) == {"end executor", "end worker", "end quick", "end clock"}
    stopped = re.findall(r"^  (\w+) +stopped ", up.said(), re.MULTILINE)
    assert stopped[0] == "bot"
    assert stopped[-2:] == ["chroma", "redis"]
    assert code == 0
    up.nothing_left()
    assert addresses(up.data / "run") == {}


def test_each_part_sees_only_what_it_needs(start: Start) -> None:
    up = start().ready()

    seen = {name: environ_of(up.part(name)) for name in PARTS if name != "migrate"}

    held = {
        name: {
            word
            for word in (*SECRETS.values(), "unrelated-secret", "chroma")
            if f"={word}" in text.replace("http://127.0.0.1", "chroma")
        }
        for name, text in seen.items()
    }
    thinker = {"xoxb-secret", "model-secret", "worker-secret", "worker-secret-too", "chroma"}
    assert held == {
        "redis": set(),
        "chroma": set(),
        "executor": {"executor-secret", "executor-secret-too"},
        "worker": thinker,
        "quick": thinker,
        "clock": set(),
        "bot": {"xapp-secret", "xoxb-secret"},
    }
    for name in ("executor", "worker", "quick", "clock", "bot"):
        assert "REDIS_URL=unix://" in seen[name]
    for path in (up.data / "run").iterdir():
        assert path.is_socket() or "secret" not in path.read_text()


def test_a_part_that_dies_is_started_again_and_redis_keeps_what_it_had(start: Start) -> None:
    up = start().ready()
    worker, redis = up.part("worker"), up.part("redis")

    os.kill(worker, signal.SIGKILL)
    up.until("  worker    is back after")
    time.sleep(1.1)  # the append-only file is written once a second
    os.kill(redis, signal.SIGKILL)
    up.until("  redis     is back after")

    assert "  worker    died (terminated by SIGKILL); starting it again" in up.said()
    assert up.part("worker") != worker
    assert lives(up.part("bot"))
    assert "begin worker" in up.order()[-1]


def test_what_dies_again_and_again_is_given_ever_longer_pauses(place: Path, start: Start) -> None:
    up = start().ready()
    (place / "worker.fail").touch()

    os.kill(up.part("worker"), signal.SIGKILL)
    up.until("  worker    died (exit status 3); starting it again in 3 s")
    (place / "worker.fail").unlink()
    up.until("  worker    is back after")

    said = re.findall(r"  worker +died \(exit status 3\); starting it again in (\d+) s", up.said())
    assert said[-2:] == ["2", "3"]
    *_, before, last = up.pauses("worker")
    assert before > 1.9
    assert last > 2.9


def test_a_part_that_cannot_start_ends_all_and_shows_the_end_of_its_log(place: Path, start: Start) -> None:
    (place / "worker.fail").touch()

    up = start()
    code = up.process.wait(40)

    assert code == 1
    assert "worker could not start: it stopped before it was ready (exit status 3)" in up.said()
    assert "    worker: no such table: secrets" in up.said()
    assert "The whole log: " in up.said()
    assert "begin bot" not in up.order()
    up.nothing_left()


def test_a_migration_that_fails_is_not_passed_over(place: Path, start: Start) -> None:
    (place / "migrate.fail").touch()

    up = start()
    code = up.process.wait(40)

    assert code == 1
    assert "migrate could not start: it failed (exit status 3)" in up.said()
    assert up.order() == ["begin migrate"]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGHUP])
def test_a_start_can_be_interrupted(place: Path, start: Start, sig: signal.Signals) -> None:
    (place / "bot.late").write_text("30")

    up = start().until("clock     ready")
    code = up.stop(sig)

    assert code == 0
    assert "Ready in" not in up.said()
    up.nothing_left()


@pytest.mark.parametrize("stay", [(), ("stay",)], ids=["parent-death signal", "without one"])
def test_when_up_is_killed_everything_stops_in_order(start: Start, stay: tuple[str, ...]) -> None:
    up = start(*stay).ready()

    up.stop(signal.SIGKILL)
    up.nothing_left()

    order = up.order()
    assert order[6] == "end bot"
    assert len([line for line in order if line.startswith("end")]) == 5


def test_after_everything_was_killed_at_once_the_next_up_starts_as_if_nothing_had_been(start: Start) -> None:
    up = start("stay").ready()  # so that the old Redis is still there for a moment
    up.descendants()

    os.kill(up.supervisor(), signal.SIGKILL)
    up.stop(signal.SIGKILL)
    again = start().ready()

    up.nothing_left()
    assert (up.data / "run/redis.sock").is_socket()
    assert again.stop() == 0


@pytest.mark.parametrize("stay", [(), ("stay",)], ids=["parent-death signal", "without one"])
def test_when_the_supervisor_is_killed_no_part_outlives_it_and_up_says_so(
    start: Start, stay: tuple[str, ...]
) -> None:
    up = start(*stay).ready()

    os.kill(up.supervisor(), signal.SIGKILL)
    code = up.process.wait(20)

    assert code == 1
    assert "the process supervisor has died, and its programs with it" in up.said()
    up.nothing_left()


def test_a_second_up_in_the_same_place_is_told_who_runs(start: Start) -> None:
    up = start().ready()

    second = start()
    code = second.process.wait(10)

    assert code == 1
    assert re.search(rf"already runs in .*: process {up.process.pid}, since \d\d:\d\d", second.said())
    assert addresses(up.data / "run")
    assert lives(up.part("bot"))


def test_two_places_on_one_machine_share_nothing_and_any_folder_will_do(place: Path, start: Start) -> None:
    (place / "two").mkdir()

    one = start(data_dir=place / "a b ;c 'e' \"f\" ü")
    two = start(folder=place / "two", data_dir=place / ("x" * 120))
    here, there = (addresses(up.ready().data / "run") for up in (one, two))

    assert here["REDIS_URL"] != there["REDIS_URL"]
    assert here["CHROMA_URL"] != there["CHROMA_URL"]
    assert "socket in " not in one.said()
    assert "socket in " in two.said()
    assert one.stop() == 0
    assert lives(two.part("bot"))
    assert answers_heartbeat(there["CHROMA_URL"])
    assert (one.data / "logs/bot.log").read_text() == "bot is here\n"
    assert two.stop() == 0


def test_health_finds_the_servers_of_a_running_up(start: Start) -> None:
    up = start().ready()

    all_parts = runbook(up, "health")
    one = runbook(up, "health", "worker")
    os.kill(up.part("worker"), signal.SIGSTOP)
    redis = addresses(up.data / "run")["REDIS_URL"]
    wait(lambda: not beating(redis, "worker"), "a worker that is silent")
    silent = runbook(up, "health", "worker")
    os.kill(up.part("worker"), signal.SIGCONT)

    assert all_parts.returncode == 0, all_parts
    assert all_parts.stdout.split() == [
        word
        for name in ("redis", "chroma", "ledger", "executor", "worker", "quick", "clock", "bot")
        for word in (name, "answers")
    ]
    assert one.stdout.split() == ["worker", "answers"]
    assert silent.returncode == 1
    assert silent.stdout == "worker    does not answer\n"


def runbook(up: Up, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=HERE.parents[2],
        env={**PLAIN, "RUNBOOK_DATA_DIR": str(up.data)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
