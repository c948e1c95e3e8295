"""Answers may take as long as AWS's do: reproducibly, and without keeping anybody else waiting."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from local_cloud import LocalCloud

from workers.sandbox.latency import Latency

USUAL_MS = 300


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud that takes its time."""
    running = LocalCloud(tmp_path_factory.mktemp("slow"), "--latency", str(USUAL_MS))
    yield running
    assert running.stop() == 0


def _slept(usual_ms: float, seed: int, answers: int = 200) -> list[float]:
    found: list[float] = []
    latency = Latency(usual_ms, seed, found.append)
    for _ in range(answers):
        latency.wait()
    return found


def test_the_seed_alone_says_how_long_each_answer_takes() -> None:
    first, again, other = _slept(80, seed=1), _slept(80, seed=1), _slept(80, seed=2)

    assert first == again != other
    assert 0.04 <= min(first) < 0.05
    assert 0.14 < max(first) <= 0.16
    assert sorted(first)[100] == pytest.approx(0.08, rel=0.15)


def test_without_the_option_nobody_waits() -> None:
    assert _slept(0, seed=1) == []


def test_answers_are_late_and_those_of_the_control_api_are_not(slow: LocalCloud) -> None:
    began = time.monotonic()
    slow.client("sts").get_caller_identity()
    answered = time.monotonic()
    slow.ask("health")
    controlled = time.monotonic()

    assert answered - began >= USUAL_MS / 2000
    assert controlled - answered < USUAL_MS / 2000


def test_callers_wait_beside_each_other(slow: LocalCloud) -> None:
    client = slow.client("sts")
    began = time.monotonic()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get_caller_identity(), range(8)))

    assert len(answers) == 8
    # Eight of them in a row take 1.2 s at the very least, and 2.6 s as a rule.
    assert time.monotonic() - began < 1.2
