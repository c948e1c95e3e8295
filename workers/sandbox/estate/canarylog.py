"""What a canary writes in its log: each run, page by page, and why it failed."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from workers.sandbox.estate.functionlog import function_stream
from workers.sandbox.estate.names import digest, uuid
from workers.sandbox.estate.servicelog import Line
from workers.sandbox.estate.world import World
from workers.sandbox.model.spec import Canary
from workers.sandbox.model.table import Table

# What a broken script says, by what is broken: see `scenario/synthetic.py`.
_BROKEN = {
    1.0: "TimeoutError: Waiting for selector `{wants}` failed: Waiting failed: 30000ms exceeded",
    2.0: "Error: Failed to log in as the canary's user: 401 Unauthorized: token has expired",
    3.0: "Error: net::ERR_CONNECTION_TIMED_OUT at {address}",
}


def canary_group(name: str) -> str:
    """The log group of a canary's function."""
    return f"/aws/lambda/cwsyn-{name}-{uuid('canary', name)}"


def canary_stream(name: str, at: float) -> str:
    """The log stream of a canary on the day of this time."""
    return function_stream(digest("canary", name)[:32], at)


def canary_lines(
    world: World, canary: Canary, table: Table, index: int, rng: np.random.Generator
) -> Iterator[Line]:
    """The lines of one row of telemetry."""
    runs, passed = (table.column((canary.name, field)) for field in ("runs", "passed"))
    took = table.column((canary.name, "took"))
    if runs is None or passed is None or took is None or not runs[index]:
        return
    start, seconds = float(table.times[index]) + 0.4 + float(rng.random()), float(took[index])
    stream, identity = canary_stream(canary.name, start), uuid(canary.name, start)

    def say(at: float, text: str) -> Line:
        stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return Line(int(at * 1000), stream, f"{stamp}Z {identity} {text}")

    yield Line(int(start * 1000), stream, f"START RequestId: {identity} Version: $LATEST")
    yield say(start + 0.1, f"INFO: Start executing canary: {canary.name}")
    broken = world.conditions.at(canary.name, "broken", start)
    fails = passed[index] < runs[index]
    last = {2.0: 0, 3.0: 0}.get(broken, len(canary.pages) - 1) if broken else len(canary.pages) - 1
    if fails and not broken:
        last = int(rng.integers(len(canary.pages)))
    for nth, page in enumerate(canary.pages[: last + 1]):
        address, at = f"{canary.url}{page}", start + 0.6 + 0.4 * nth
        yield say(at, f"INFO: Navigating to {address}")
        if nth < last or not fails or broken in (1.0, 2.0):
            yield say(at + 0.3, f"INFO: Response from {address} Status: 200 Status Text: OK")
    end = start + seconds
    if fails:
        address = f"{canary.url}{canary.pages[last]}"
        text = f"Error: Failed to load {address}: answered 5xx, or not within 15000 ms"
        text = _BROKEN.get(broken, text).format(wants=canary.wants, address=address)
        yield say(end - 0.05, f"ERROR: {text}")
        yield say(end - 0.03, f"ERROR: Canary execution failed: {canary.name}")
    else:
        yield say(end - 0.03, f"INFO: Canary execution passed: {canary.name}")
    yield Line(int(end * 1000), stream, f"END RequestId: {identity}")
    yield Line(
        int(end * 1000),
        stream,
        f"REPORT RequestId: {identity}\tDuration: {seconds * 1000:.2f} ms\tMemory Size: 1000 MB\t",
    )
