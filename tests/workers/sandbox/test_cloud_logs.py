"""FilterLogEvents: patterns, streams, pages, and lines that agree with the metrics."""

import json

import pytest
from botocore.exceptions import ClientError
from local_cloud import LocalCloud, code_of

GROUP = "/ecs/shop/catalog"


@pytest.fixture(autouse=True)
def _case(cloud: LocalCloud) -> None:
    cloud.show("bad_deployment", seed=2)


def test_the_case_breaks_the_group_under_test(cloud: LocalCloud) -> None:
    assert cloud.ask("truth")["service"] == "catalog"


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ("ERROR", lambda m: "ERROR" in m),
        ("ERROR request_id", lambda m: "ERROR" in m and "request_id" in m),
        ('"usage statistics"', lambda m: "usage statistics" in m),
        ("?WARNING ?ERROR", lambda m: "WARNING" in m or "ERROR" in m),
        ("ERROR -trace", lambda m: "ERROR" in m and "trace" not in m),
        ('{ $.level = "ERROR" }', lambda m: json.loads(m)["level"] == "ERROR"),
        ('{ $.level = "WARN*" }', lambda m: json.loads(m)["level"].startswith("WARN")),
        ("{ $.status >= 200 && $.status != 304 }", lambda m: json.loads(m).get("status") not in (None, 304)),
        ('{ ($.level = "ERROR") || ($.status = 404) }', lambda m: "ERROR" in m or '"status": 404' in m),
    ],
)
def test_a_pattern_matches_what_it_says(cloud: LocalCloud, pattern: str, holds: object) -> None:
    found = cloud.log(GROUP, pattern, (-22, -10))
    everything = cloud.log(GROUP, "", (-22, -10))

    assert callable(holds)
    assert 0 < len(found) < len(everything)
    assert all(holds(event["message"]) for event in found)


def test_a_pattern_that_cannot_be_read_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.log(GROUP, "{ level is error }")

    assert code_of(refused.value) == "InvalidParameterException"


def test_pages_hold_every_event_once_and_in_order(cloud: LocalCloud) -> None:
    client, now = cloud.client("logs"), cloud.now
    window = {"logGroupName": GROUP, "startTime": int((now - 60) * 1000), "endTime": int((now - 30) * 1000)}

    whole = client.filter_log_events(**window)["events"]
    pages = list(
        client.get_paginator("filter_log_events").paginate(**window, PaginationConfig={"PageSize": 97})
    )
    collected = [event for page in pages for event in page["events"]]

    assert len(pages) > 3
    assert [e["eventId"] for e in collected] == [e["eventId"] for e in whole]
    assert len({e["eventId"] for e in whole}) == len(whole)
    times = [e["timestamp"] for e in whole]
    assert times == sorted(times)
    assert window["startTime"] <= times[0]
    assert times[-1] < window["endTime"]


def test_a_token_that_was_not_given_out_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="nextToken is invalid"):
        cloud.client("logs").filter_log_events(logGroupName=GROUP, nextToken="123-4-abc")


def test_a_stream_is_a_task(cloud: LocalCloud) -> None:
    client = cloud.client("logs")
    streams = client.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)[
        "logStreams"
    ]
    tasks = cloud.client("ecs").list_tasks(cluster="shop", serviceName="catalog")["taskArns"]
    newest = streams[0]["logStreamName"]

    now = cloud.now
    only = client.filter_log_events(
        logGroupName=GROUP, logStreamNames=[newest], startTime=int((now - 120) * 1000), limit=100
    )["events"]

    assert {f"catalog/catalog/{arn.rpartition('/')[2]}" for arn in tasks} <= {
        s["logStreamName"] for s in streams
    }
    assert only
    assert {event["logStreamName"] for event in only} == {newest}


def test_failures_in_the_log_are_those_that_the_metrics_count(cloud: LocalCloud) -> None:
    end = cloud.now // 60 * 60 - 60
    start = (end - 60 - cloud.now) / 60
    counted = cloud.series("catalog", "Errors", "Sum", (-10, 0))[end - 60]
    lines = cloud.log(GROUP, "request_id ERROR", (start, start + 1))

    assert len(lines) == pytest.approx(counted, rel=0.05)


def test_yesterdays_lines_are_there(cloud: LocalCloud) -> None:
    lines = cloud.log(GROUP, "", (-1442, -1440))

    assert 80 < len(lines) < 250


def test_the_database_keeps_a_log_too(cloud: LocalCloud) -> None:
    lines = cloud.log("/aws/rds/instance/shop-db/postgresql", '"checkpoint complete"', (-30, 0))

    assert 5 <= len(lines) <= 7


def test_a_functions_log_frames_each_invocation(cloud: LocalCloud) -> None:
    cloud.play(application="booking", decoys=False)

    lines = cloud.log("/aws/lambda/notify", "", (-3, -1))

    starts = [line for line in lines if line["message"].startswith("START RequestId")]
    reports = [line for line in lines if line["message"].startswith("REPORT RequestId")]
    assert len(starts) > 50
    assert len(reports) == pytest.approx(len(starts), abs=3)
    assert "Billed Duration" in reports[0]["message"]
    assert "[$LATEST]" in starts[0]["logStreamName"]
