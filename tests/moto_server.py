"""A server of moto's over HTTP, which begins with nothing."""

import urllib.request
from collections.abc import Generator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def moto() -> Generator[str]:
    """Its address until the end of the block. All servers of a process share one state: one at a time."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    try:
        yield url
    finally:
        server.stop()
