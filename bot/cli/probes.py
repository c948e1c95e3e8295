"""Whether a part answers: asked while it starts, after it was restarted, and by `runbook health`."""

import http.client
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.cli.supervisord import Probe


def answers_on(unix: Path) -> bool:
    """Whether a Redis that has loaded its data answers on a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(unix))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def answers_ping(url: str) -> bool:
    """Whether a Redis answers at a URL."""
    from redis import RedisError

    try:
        with _client(url) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def answers_heartbeat(url: str) -> bool:
    """Whether a Chroma server answers at a URL."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/api/v2/heartbeat")
        reply = connection.getresponse()
        return reply.status == 200 and b"heartbeat" in reply.read(200)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def beating(url: str, name: str) -> list[int]:
    """The processes on this machine that lately said in Redis that they are alive; raises redis-py's errors.

    They do it under `runbook:beat:<name>:<host>:<pid>`, which expires when it is not renewed.
    """
    with _client(url) as redis:
        return [int(key.rpartition(":")[2]) for key in redis.scan_iter(_beat(name, "*"), count=500)]


def beats(url: str, name: str, *, grouped: bool) -> Probe:
    """A probe: has the program with this pid said that it is alive?

    `grouped`: what beats may be another process of the group that the program leads.
    """
    from redis import RedisError

    redis = _client(url)

    def look(pid: int) -> bool:
        try:
            if redis.exists(_beat(name, pid)):
                return True
            return grouped and any(_group(one) == pid for one in beating(url, name))
        except RedisError:
            return False

    return look


def plain(url: str) -> str:
    """A URL without its user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _client(url: str) -> Any:
    # Any: redis-py leaves the types of its replies open.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Whoever asks asks again; redis-py would do so by itself, with pauses of seconds.
    never = Retry(NoBackoff(), 0)
    wait = {"socket_timeout": 2, "socket_connect_timeout": 1}
    return Redis.from_url(url, decode_responses=True, retry=never, **wait)  # pyright: ignore[reportUnknownMemberType] — the same


def _beat(name: str, pid: int | str) -> str:
    return f"runbook:beat:{name}:{socket.gethostname()}:{pid}"


def _group(pid: int) -> int:
    # supervisord makes each program the leader of a group of its own.
    try:
        return os.getpgid(pid)
    except OSError:
        return 0
