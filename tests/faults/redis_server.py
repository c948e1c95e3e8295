"""A real Redis on a Unix socket that a test can kill and start again."""

import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from redis import Redis

from bot.cli.probes import answers_on
from bot.cli.servers import redis, redis_binary
from tests.faults.waiting import end, eventually, start


class RedisServer:
    """As `runbook up` starts it: what was acknowledged survives the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unix = folder / "redis.sock"
        self._process: Popen[bytes] | None = None
        self.url = f"unix://{self._unix}"

    def start(self) -> None:
        program = redis(redis_binary(os.environ.get("PATH")), self._folder, self._unix, os.environ)
        self._process = start(program.command, log=self._folder / "redis.log")
        eventually(lambda: answers_on(self._unix))

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def wipe(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()

    def freeze(self) -> None:
        """Still there, and deaf."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)


@contextmanager
def redis_server() -> Generator[RedisServer]:
    # A socket's path must be short; pytest's folders are not.
    folder = Path(tempfile.mkdtemp(prefix="rb-"))
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
