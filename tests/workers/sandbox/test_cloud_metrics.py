"""GetMetricData and its kin: periods, resolutions, statistics, limits, pages, lag, gaps."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_cloud import LocalCloud, code_of

LATENCY = {
    "Namespace": "Shop",
    "MetricName": "Latency",
    "Dimensions": [{"Name": "Service", "Value": "catalog"}],
}
REQUESTS = {**LATENCY, "MetricName": "Requests"}
CPU = {
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Dimensions": [{"Name": "ServiceName", "Value": "catalog"}, {"Name": "ClusterName", "Value": "shop"}],
}


@pytest.fixture(autouse=True)
def _healthy(cloud: LocalCloud) -> None:
    cloud.show(decoys=False, seed=11)


def _query(metric: dict, stat: str = "Sum", period: int = 60, name: str = "m") -> dict[str, Any]:
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def _ask(
    cloud: LocalCloud, *queries: dict, minutes: tuple[float, float] = (-30, 0), now: float = 0, **more: Any
) -> dict[str, Any]:
    now = now or cloud.now
    return cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=now + 60 * minutes[0],
        EndTime=now + 60 * minutes[1],
        **more,
    )


def _values(
    cloud: LocalCloud, metric: dict, stat: str, period: int, minutes: tuple[float, float], now: float = 0
) -> dict[float, float]:
    result = _ask(cloud, _query(metric, stat, period), minutes=minutes, now=now)["MetricDataResults"][0]
    return dict(zip([t.timestamp() for t in result["Timestamps"]], result["Values"], strict=True))


def _settled(cloud: LocalCloud) -> float:
    """Up to when every point shows, whatever the second of the minute."""
    return cloud.now - 15


def test_newest_points_come_first_unless_asked_otherwise(cloud: LocalCloud) -> None:
    usual = _ask(cloud, _query(CPU, "Average"))["MetricDataResults"][0]["Timestamps"]
    turned = _ask(cloud, _query(CPU, "Average"), ScanBy="TimestampAscending")["MetricDataResults"][0][
        "Timestamps"
    ]

    assert usual == sorted(usual, reverse=True)
    assert turned == sorted(turned)


def test_periods_add_up(cloud: LocalCloud) -> None:
    end = _settled(cloud) // 300 * 300

    ten = _values(cloud, REQUESTS, "Sum", 10, (-20, 0), end)
    minutes = _values(cloud, REQUESTS, "Sum", 60, (-20, 0), end)
    fives = _values(cloud, REQUESTS, "Sum", 300, (-20, 0), end)

    assert len(ten) == 120
    assert len(minutes) == 20
    assert len(fives) == 4
    assert sum(ten.values()) == sum(minutes.values()) == sum(fives.values())
    for start, total in fives.items():
        assert total == sum(value for at, value in minutes.items() if start <= at < start + 300)


def test_percentiles_of_a_long_period_lie_between_those_of_its_parts(cloud: LocalCloud) -> None:
    end = _settled(cloud) // 300 * 300

    for stat in ("p50", "p90", "p99"):
        whole = next(iter(_values(cloud, LATENCY, stat, 300, (-5, 0), end).values()))
        parts = list(_values(cloud, LATENCY, stat, 60, (-5, 0), end).values())
        assert min(parts) <= whole <= max(parts)


def test_statistics_of_one_metric_agree_with_each_other(cloud: LocalCloud) -> None:
    names = ("Sum", "SampleCount", "Average", "Minimum", "p50", "p95", "Maximum")
    answer = _ask(cloud, *(_query(LATENCY, stat, 300, stat.lower()) for stat in names))

    found = {result["Id"]: result["Values"][1] for result in answer["MetricDataResults"]}

    assert found["sum"] / found["samplecount"] == pytest.approx(found["average"])
    assert found["minimum"] < found["p50"] < found["average"] < found["p95"] < found["maximum"]


def test_a_standard_metric_has_no_points_below_a_minute(cloud: LocalCloud) -> None:
    assert _values(cloud, CPU, "Average", 10, (-10, 0)) == {}
    assert len(_values(cloud, REQUESTS, "Sum", 10, (-10, 0))) > 50


def test_high_resolution_is_kept_for_three_hours_only(cloud: LocalCloud) -> None:
    assert _values(cloud, REQUESTS, "Sum", 10, (-24 * 60, -23 * 60)) == {}
    assert len(_values(cloud, REQUESTS, "Sum", 60, (-24 * 60, -23 * 60))) in (60, 61)


@pytest.mark.parametrize("days", [1, 7])
def test_the_same_hour_of_an_earlier_day_looks_like_today(cloud: LocalCloud, days: int) -> None:
    today = _values(cloud, REQUESTS, "Sum", 60, (-60, -2))
    before = _values(cloud, REQUESTS, "Sum", 60, (-60 - 1440 * days, -2 - 1440 * days))

    mean = sum(today.values()) / len(today)
    assert sum(before.values()) / len(before) == pytest.approx(mean, rel=0.2)
    assert set(before.values()) != set(today.values())


def test_nothing_counted_means_no_point(cloud: LocalCloud) -> None:
    metric = dict(cloud.metric("payments", "HTTPCode_Target_5XX_Count"))

    found = _values(cloud, metric, "Sum", 60, (-120, 0))

    assert len(found) < 115
    assert 0 not in found.values()


def test_an_unknown_metric_is_an_empty_result_and_no_error(cloud: LocalCloud) -> None:
    result = _ask(cloud, _query({**CPU, "MetricName": "Nonsense"}))["MetricDataResults"][0]

    assert result["StatusCode"] == "Complete"
    assert result["Values"] == []


@pytest.mark.parametrize(
    ("queries", "text"),
    [
        ([_query(CPU, period=45)], "multiple of 60"),
        ([_query(CPU, stat="Median")], "not supported"),
        ([_query(CPU, name="Upper")], "expected pattern"),
        ([_query(CPU), _query(CPU)], "not unique"),
        ([{"Id": "m"}], "Exactly one of"),
        ([_query(CPU, name=f"m{n}") for n in range(501)], "size greater than 500"),
    ],
)
def test_a_wrong_query_is_a_validation_error(cloud: LocalCloud, queries: list[dict], text: str) -> None:
    with pytest.raises(ClientError, match=text) as refused:
        _ask(cloud, *queries)

    assert code_of(refused.value) == "ValidationError"


@pytest.mark.parametrize(
    ("expression", "compute"),
    [
        ("100 * errors / requests", lambda errors, requests: 100 * errors / requests),
        ("(requests - errors) / 60", lambda errors, requests: (requests - errors) / 60),
        ("SUM([errors, requests])", lambda errors, requests: errors + requests),
        ("MAX(METRICS())", lambda errors, requests: max(errors, requests)),
    ],
)
def test_an_expression_is_worked_out_point_by_point(cloud: LocalCloud, expression: str, compute: Any) -> None:
    errors = {**LATENCY, "MetricName": "Errors"}
    answer = _ask(
        cloud,
        {"Id": "e", "Expression": expression, "Label": "worked out"},
        _query(errors, name="errors"),
        _query(REQUESTS, name="requests"),
    )

    found = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    expected = [compute(a, b) for a, b in zip(found["errors"], found["requests"], strict=True)]
    assert found["e"] == pytest.approx(expected)
    assert answer["MetricDataResults"][0]["Label"] == "worked out"


def test_an_expression_that_makes_no_sense_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="Error in expression") as refused:
        _ask(cloud, _query(CPU), {"Id": "e", "Expression": "m + nowhere"})

    assert code_of(refused.value) == "ValidationError"


def test_a_window_that_ends_before_it_starts_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="StartTime must be less than"):
        _ask(cloud, _query(CPU), minutes=(0, -10))


def test_too_many_points_come_in_pages(cloud: LocalCloud) -> None:
    queries = [_query(CPU, "Average", 60, "a"), _query(REQUESTS, "Sum", 60, "b")]
    end = _settled(cloud) // 60 * 60
    window = {"StartTime": end - 3600, "EndTime": end}
    client = cloud.client("cloudwatch")

    whole = client.get_metric_data(MetricDataQueries=queries, **window)["MetricDataResults"]
    collected: dict[str, list[float]] = {"a": [], "b": []}
    first = client.get_metric_data(MetricDataQueries=queries, MaxDatapoints=50, **window)
    for page in client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, PaginationConfig={"PageSize": 50}, **window
    ):
        for result in page["MetricDataResults"]:
            collected[result["Id"]] += result["Values"]

    assert first["NextToken"]
    assert sum(len(r["Values"]) for r in first["MetricDataResults"]) == 50
    assert first["MetricDataResults"][0]["StatusCode"] == "PartialData"
    assert collected == {result["Id"]: result["Values"] for result in whole}


def test_get_metric_statistics_has_limits_of_its_own(cloud: LocalCloud) -> None:
    client, now = cloud.client("cloudwatch"), cloud.now
    window = {"StartTime": now - 3600, "EndTime": now, "Period": 300}

    found = client.get_metric_statistics(**CPU, **window, Statistics=["Average"], ExtendedStatistics=["p90"])
    with pytest.raises(ClientError, match="exceeds the limit of 1,440"):
        client.get_metric_statistics(
            **CPU, StartTime=now - 5 * 86400, EndTime=now, Period=60, Statistics=["Sum"]
        )
    with pytest.raises(ClientError) as neither:
        client.get_metric_statistics(**CPU, **window)

    assert 12 <= len(found["Datapoints"]) <= 13
    assert all(
        point["Unit"] == "Percent" and "p90" in point["ExtendedStatistics"] for point in found["Datapoints"]
    )
    assert code_of(neither.value) == "InvalidParameterCombination"


def test_a_hundred_queries_are_answered_in_one_request(cloud: LocalCloud) -> None:
    pages = cloud.client("cloudwatch").get_paginator("list_metrics").paginate()
    metrics = [metric for page in pages for metric in page["Metrics"]][:100]
    queries = [
        _query(metric, "p95" if n % 4 == 0 else "Average", 60, f"m{n}") for n, metric in enumerate(metrics)
    ]

    answer = _ask(cloud, *queries, minutes=(-180, 0))

    assert [result["Id"] for result in answer["MetricDataResults"]] == [f"m{n}" for n in range(100)]
    assert answer["Messages"] == []


def test_lag_hides_the_newest_points(cloud: LocalCloud) -> None:
    cloud.play(decoys=False, seed=11, lag={"custom": 95, "standard": 200, "logs": 60, "trail": 0})
    now = cloud.now

    custom = max(_values(cloud, REQUESTS, "Sum", 10, (-10, 0)))
    standard = max(_values(cloud, CPU, "Average", 60, (-20, 0)))
    newest = cloud.log("/ecs/shop/catalog", minutes=(-3, 0))[-1]["timestamp"] / 1000

    assert 95 <= now - custom < 118
    assert 200 <= now - (standard + 60) < 275
    assert 58 <= now - newest < 75


def test_a_dropped_series_is_gone(cloud: LocalCloud) -> None:
    cloud.play(decoys=False, seed=11, drop=["catalog/Latency", "AWS/RDS/CPUUtilization"])
    listed = cloud.client("cloudwatch").list_metrics(MetricName="Latency")["Metrics"]
    whole = _count(cloud)

    assert _values(cloud, LATENCY, "p95", 60, (-10, 0)) == {}
    assert len(_values(cloud, REQUESTS, "Sum", 60, (-10, 0))) > 5
    assert LATENCY["Dimensions"] not in [metric["Dimensions"] for metric in listed]
    assert len(listed) == 5
    cloud.play(decoys=False, seed=11, drop=0.3)
    assert 0.5 * whole < _count(cloud) < 0.85 * whole, "a share can be dropped too"


def _count(cloud: LocalCloud) -> int:
    pages = cloud.client("cloudwatch").get_paginator("list_metrics").paginate()
    return sum(len(page["Metrics"]) for page in pages)
