"""What asking AWS uses up is counted, and held to caps: the investigator is never the incident."""

import threading
import time

import pytest

from workers.domain.errors import Refused, Unreachable
from workers.tools.metering import Allowance, Bucket, Counted, Pace, called, fetching, scanned, scanning


def test_what_is_used_inside_is_counted_outside_too() -> None:
    with Counted() as outer:
        called()
        with Counted() as inner:
            called()
            fetching(7)
            scanned(100)

    assert (inner.calls, inner.metrics, inner.scanned) == (1, 7, 100)
    assert (outer.calls, outer.metrics, outer.scanned) == (2, 7, 100)


def test_more_metrics_than_an_investigation_may_fetch_are_refused_and_not_taken() -> None:
    allowance = Allowance(metrics=10, scanned=0)

    with Counted(allowance):
        fetching(8)
        with pytest.raises(Refused, match=r"3 metrics are more than the 2 .* may still fetch"), Counted():
            fetching(3)
        fetching(2)


def test_logs_are_not_looked_through_beyond_what_is_left() -> None:
    with Counted(Allowance(metrics=0, scanned=3_000_000_000)) as counted:
        scanning(2_000_000_000)
        scanned(2_500_000_000)
        with pytest.raises(Refused, match=r"about 1\.0 GB .* 0\.5 GB are left"):
            scanning(1_000_000_000)

    assert counted.scanned == 2_500_000_000


def test_no_more_calls_are_made_within_a_second_than_may_be() -> None:
    pace, sent = Pace(Bucket(20).take), list[float]()

    def ask() -> None:
        for _ in range(6):
            pace()
            sent.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    times = sorted(sent)
    # The clock is read a little after the call was let through.
    assert all(later - earlier > 0.9 for earlier, later in zip(times, times[20:], strict=False))
    assert times[-1] - times[0] < 3


def test_without_the_bucket_that_all_share_each_process_keeps_its_own() -> None:
    asked: list[int] = []

    def gone() -> float:
        asked.append(1)
        raise Unreachable("Redis", "gone", "")

    bucket = Bucket(2, gone)

    assert [bucket.take(), bucket.take()] == [0.0, 0.0]
    assert 0 < bucket.take() <= 1
    assert len(asked) == 1
