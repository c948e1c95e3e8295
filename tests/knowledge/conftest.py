"""A real Chroma server for the whole session, and the real model."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from knowledge.embedder import Embedder
from knowledge.store import Store


@contextmanager
def chroma(folder: Path, port: int = 0) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """`chroma run` on `folder`: its address and its process, gone at the end."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder)]
    # Its log goes nowhere: it writes a page for each question, and stands still once a pipe is full.
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url, server)
        yield url, server
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, f"chroma ended with {server.returncode}"
        try:
            httpx.get(f"{url}/api/v2/heartbeat", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("chroma did not answer within a minute")


@contextmanager
def serving() -> Generator[str]:
    """The address of a server that begins empty."""
    with tempfile.TemporaryDirectory() as folder, chroma(Path(folder)) as (url, _):
        yield url


@pytest.fixture(scope="session")
def chroma_url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def start_chroma() -> Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]]:
    """For tests that stop a server: `with start_chroma(folder, port) as (url, process)`."""
    return chroma


@pytest.fixture(scope="session")
def embed() -> Embedder:
    return Embedder()


@pytest.fixture
def store(chroma_url: str) -> Store:
    """An empty index of its own."""
    return Store(chroma_url, f"test-{uuid4().hex[:12]}")
