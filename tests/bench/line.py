"""Figures of the line: acknowledgements, first words with twenty at work, resumption after a kill."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.bench.processes import pss
from tests.bench.row import Row, row, share
from tests.bot.sandbox.local_slack import finish, launch
from tests.faults.crew import Crew, crew
from tests.faults.plant import ROOT, plant
from tests.faults.redis_server import redis_server
from tests.faults.waiting import children, eventually, kill

EVENTS, A_SECOND, ROOMS = 500, 50, 10
CROWD, WORKERS = 20, 4
KILLS = 8
LONGEST = 240


def rows() -> Iterator[Row]:
    yield from acknowledgements()
    with tempfile.TemporaryDirectory() as folder, crew(Path(folder), forked=False) as running:
        yield from crowd(running)
        yield resumption(running)


def acknowledgements() -> Iterator[Row]:
    """Fifty mentions a second, every fourth delivered twice, against half of Slack's patience and more."""
    slack = launch("--manifest", str(ROOT / "manifest.yml"))
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server() as redis,
        plant(Path(folder), redis, slack, forked=False) as site,
    ):
        site.start("bot")
        eventually(lambda: slack.look("health")["connections"])
        rooms = [slack.act("channels", person="alice", name=f"bench-{n}")["channel"] for n in range(ROOMS)]
        for room in rooms:
            slack.api("conversations.join", channel=room)
        time.sleep(2)
        before = len(slack.look("deliveries")["deliveries"])
        began = time.monotonic()

        def say(number: int) -> None:
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            if number % 4 == 0:
                slack.act("faults", kind="duplicate", times=1)
            slack.say(f"@Runbook service {number} is slow", channel=rooms[number % ROOMS])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(say, range(EVENTS)))
        sent = time.monotonic() - began
        eventually(lambda: site.sql("SELECT count(*) FROM investigations")[0][0] >= EVENTS, 60)
        time.sleep(2)
        took = [d for d in slack.look("deliveries")["deliveries"][before:] if d["type"] == "events_api"]
        (accepted,) = site.sql("SELECT count(*) FROM investigations")[0]
    finish(slack)
    assert accepted == EVENTS, f"{accepted} of {EVENTS} on record"
    seconds = [d["seconds"] for d in took]
    how = f"{EVENTS / sent:.0f} mentions a second, {len(took)} envelopes, {accepted} on record"
    yield row("acknowledgement, p50", share(seconds, 0.5), f"the limit ({how})", 0.5)
    yield row("acknowledgement, p99", share(seconds, 0.99), "the limit", 0.5)


def crowd(running: Crew) -> Iterator[Row]:
    """From the mention to the first word and to the facts, with twenty investigations at once."""
    running.calm()
    workers = running.workers(WORKERS)
    most: list[float] = []
    began = time.monotonic()
    with ThreadPoolExecutor(CROWD) as pool:
        talks = list(pool.map(lambda _: running.mention(), range(CROWD)))
    while not all(talk.case.conclusion for talk in talks):
        assert time.monotonic() - began < LONGEST, "they did not come to an end"
        most.append(max(_held(worker.pid) for worker in workers))
        time.sleep(0.5)
    took = time.monotonic() - began
    words = [float(talk.replies()[0]["ts"]) - float(talk.ts) for talk in talks]
    facts = [talk.at("FactsGathered") - talk.case.started_at.timestamp() for talk in talks]
    for talk in talks:
        talk.settled(120)
    how = f"{CROWD} at once on {WORKERS} workers, all done in {took:.0f} s"
    yield row("first reaction, p95", share(words, 0.95), f"the limit ({how})", 1.0)
    yield row("first facts, p95", share(facts, 0.95), "the limit", 20.0)
    yield row("worker and its job, most memory", max(most), "the limit", 350.0, unit="MB")


def _held(pid: int) -> float:
    """The memory of a worker and of the job in its hands; a job may end while it is looked at."""
    total = 0.0
    for one in (pid, *children(pid)):
        with suppress(OSError):
            total += pss(one)
    return total


def resumption(running: Crew) -> Row:
    """From the kill of a worker to the next step that another one writes."""
    gaps: list[float] = []
    for _ in range(KILLS):
        running.calm()
        running.workers(2)
        held = running.line.gate("FilterLogEvents", before=True)
        talk = running.mention()
        assert held.asked.wait(60)
        kill(running.at_work().pid)
        died, before = time.time(), talk.runners()
        running.line.open()
        eventually(lambda talk=talk, before=before: talk.runners() != before, 90)
        gaps.append(time.time() - died)
        talk.concluded(90)
    return row(f"resumed after a kill, p95 of {KILLS}", share(gaps, 0.95), "the limit", 30.0)
