"""CloudWatch through real boto3: what a series is, what is missing in it, and what a failed question is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import AlarmData, SeriesData
from workers.domain.telemetry import Series


def target(service: str, signal: str) -> dict[str, str]:
    return {"service": service, "signal": signal}


def series(site: Site, service: str, signal: str, start: float = -30, end: float = -2, **more: Any) -> Series:
    data = site.answer("series", targets=[target(service, signal)], window=site.window(start, end), **more)
    assert isinstance(data, SeriesData)
    (found,) = data.series
    return found


@pytest.mark.parametrize(
    ("service", "signal", "metric", "stat", "unit"),
    [
        ("storefront", "latency", "TargetResponseTime", "p95", "seconds"),
        ("storefront", "requests", "RequestCount", "Sum", "count"),
        ("checkout", "cpu", "CPUUtilization", "Average", "percent"),
        ("shop-db", "connections", "DatabaseConnections", "Average", "count"),
    ],
)
def test_series_holds_the_points_cloudwatch_has(
    site: Site, service: str, signal: str, metric: str, stat: str, unit: str
) -> None:
    found = series(site, service, signal)
    raw = site.cloud.series(service, metric, stat, (-40, 0))

    assert (found.stat, found.unit, found.period) == (stat.lower(), unit, 60)
    assert found.window.start.second == found.window.end.second == 0
    assert len(found.values) == found.window.seconds / 60
    assert [value for value in found.values if value is not None] == pytest.approx(
        [raw[found.time(i).timestamp()] for i, value in enumerate(found.values) if value is not None]
    )
    assert sum(value is not None for value in found.values) > 20


def test_p95_is_no_average(site: Site) -> None:
    found = series(site, "storefront", "latency")
    mean = site.cloud.series("storefront", "TargetResponseTime", "Average", (-40, 0))

    assert sum(v or 0 for v in found.values) > 1.5 * sum(
        mean[found.time(i).timestamp()] for i in range(len(found.values))
    )


def test_minute_without_a_point_is_neither_zero_nor_healthy(site: Site) -> None:
    found = series(site, "storefront", "errors", -5, 10)
    requests = series(site, "storefront", "requests", -5, 10)

    assert found.values[-9:] == requests.values[-9:] == (None,) * 9
    assert found.newest == requests.newest is not None


def test_silence_is_a_zero_only_where_something_else_was_counted(site: Site) -> None:
    site.account.inventory()
    window = site.window(-10, -5)
    first = datetime.fromisoformat(window["start"]).timestamp() // 60 * 60
    counted = {"m0": {0: 7.0}, "m1": {0: 90.0, 1: 80.0, 3: 85.0}}
    answers = [
        {
            "Id": key,
            "Timestamps": [first + 60 * minute for minute in points],
            "Values": list(points.values()),
            "StatusCode": "Complete",
        }
        for key, points in counted.items()
    ]
    site.say("GetMetricData", {"MetricDataResults": answers})

    data = site.answer("series", targets=[target("shop-cache", "evictions")], window=window)

    assert data.series[0].values == (7.0, 0.0, None, 0.0, None)


def test_period_that_is_not_over_is_left_out(site: Site) -> None:
    found = series(site, "storefront", "requests", -10, 0)

    assert found.window.end <= site.now
    assert found.window.end + timedelta(seconds=61) > site.now


def test_hit_ratio_is_made_of_hits_and_misses(site: Site) -> None:
    hits, misses, ratio = (series(site, "shop-cache", s).values for s in ("hits", "misses", "hit_ratio"))

    assert ratio == tuple(
        pytest.approx(h / (h + m)) if h is not None and m is not None and h + m else None
        for h, m in zip(hits, misses, strict=True)
    )
    assert any(value is not None for value in ratio)


@pytest.mark.parametrize(
    ("service", "signal"), [("storefront", "queue_depth"), ("nowhere", "latency"), ("shop-db", "requests")]
)
def test_metric_that_there_is_not_is_said_to_be_missing(site: Site, service: str, signal: str) -> None:
    result = site.ask(
        "series",
        targets=[target(service, signal), target("checkout", "cpu")],
        window=site.window(-10),
    )

    assert isinstance(result.data, SeriesData)
    assert [(s.service, s.signal) for s in result.data.series] == [("checkout", "cpu")]
    assert [(gap.what, gap.about, gap.why) for gap in result.gaps] == [
        (f"{signal} of {service}", service, "CloudWatch has no such metric")
    ]


def test_series_without_any_point_is_said_to_be_silent(site: Site) -> None:
    result = site.ask("series", targets=[target("checkout", "cpu")], window=site.window(5, 30))

    assert isinstance(result.data, SeriesData)
    assert result.data.series[0].empty
    (gap,) = result.gaps
    assert gap.about == "checkout"
    assert "has no points in the window" in gap.why


def test_same_series_twice_is_asked_for_once(site: Site) -> None:
    data = site.answer("series", targets=[target("checkout", "cpu")] * 3, window=site.window(-10))

    assert len(data.series) == 1


def test_calls_are_counted(site: Site) -> None:
    series(site, "checkout", "cpu")
    site.line.seen.clear()

    result = site.ask("series", targets=[target("checkout", "cpu")], window=site.window(-10))

    assert result.cost == len(site.line.seen) == 1


# -- when CloudWatch does not answer


@pytest.fixture
def known(site: Site) -> Site:
    """A site whose inventory is read already, so that only metrics are asked for."""
    site.account.inventory()
    return site


def test_throttled_call_is_made_again(known: Site) -> None:
    known.refuse("GetMetricData", "ThrottlingException")

    found = series(known, "checkout", "cpu")

    assert not found.empty
    assert known.asked("GetMetricData") == 2


def test_call_that_is_throttled_again_and_again_is_a_failure(known: Site) -> None:
    for _ in range(8):
        known.refuse("GetMetricData", "ThrottlingException")

    failure = known.failure("series", targets=[target("checkout", "cpu")], window=known.window(-9))

    assert failure.kind == "throttled"
    assert failure.mend == "Wait a minute."
    known.line.open()
    known.renew()  # the client has learnt to ask slowly


def test_server_error_that_stays_is_a_failure(known: Site) -> None:
    for _ in range(8):
        known.refuse("GetMetricData", "InternalServiceFault", status=500)

    failure = known.failure("series", targets=[target("checkout", "cpu")], window=known.window(-9))

    assert failure.kind == "failed"
    assert "AWS cloudwatch" in failure.message
    assert "InternalServiceFault" in failure.message


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_series_that_cloudwatch_could_not_read_is_not_called_silent(known: Site, status: str) -> None:
    empty = {"Id": "m0", "Label": "x", "Timestamps": [], "Values": [], "StatusCode": status}
    known.say("GetMetricData", {"MetricDataResults": [empty]})

    result = known.ask("series", targets=[target("checkout", "cpu")], window=known.window(-9))

    assert [(gap.what, gap.why) for gap in result.gaps] == [
        ("cpu of checkout", f"CloudWatch answered {status}")
    ]


# -- alarms


def test_alarms_name_what_they_watch_and_how_it_stands(site: Site) -> None:
    data = site.answer("alarms", window=site.window(-600))
    raw = {a["AlarmName"]: a for a in site.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]}

    assert isinstance(data, AlarmData)
    assert {alarm.name for alarm in data.alarms} == set(raw)
    assert {alarm.state for alarm in data.alarms} >= {"ok", "alarm"}
    for alarm in data.alarms:
        assert alarm.threshold == raw[alarm.name]["Threshold"]
        assert alarm.service, alarm.name
        assert alarm.edited_at is None


@pytest.fixture(scope="module")
def denied(_site: Site, shop: dict[str, Any]) -> Iterator[Site]:
    """A site whose worker may read neither metrics nor alarms; the last of this module."""
    _site.play(
        "alarm_edited",
        seed=2,
        deny=["cloudwatch:GetMetricData", "cloudwatch:DescribeAlarmHistory"],
    )
    yield _site
    _site.play("bad_deployment", seed=3)


def test_denied_metrics_are_a_failure_that_names_the_permission(denied: Site) -> None:
    failure = denied.failure("series", targets=[target("checkout", "memory")], window=denied.window(-10))

    assert (failure.kind, failure.permission) == ("denied", "cloudwatch:GetMetricData")
    assert failure.mend.startswith("Grant cloudwatch:GetMetricData to arn:aws:iam::")


def test_denied_history_of_alarms_is_a_failure_that_names_the_permission(denied: Site) -> None:
    failure = denied.failure("alarms", window=denied.window(-60))

    assert failure.permission == "cloudwatch:DescribeAlarmHistory"


def test_edit_of_an_alarm_is_found_inside_the_window_only(denied: Site) -> None:
    denied.play("alarm_edited", seed=2)

    now, before = (
        denied.answer("alarms", window=denied.window(*minutes)) for minutes in ((-60,), (-600, -300))
    )

    (edited,) = [alarm for alarm in now.alarms if alarm.edited_at]
    assert edited.edit
    assert (denied.now - edited.edited_at).total_seconds() < 3600
    assert not [alarm for alarm in before.alarms if alarm.edited_at]
