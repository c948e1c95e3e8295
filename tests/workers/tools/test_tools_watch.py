"""How things of any kind are doing: all that is measured of them, whichever row they are of."""

from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import SeriesData, ToolCall, ToolResult
from workers.domain.telemetry import Series
from workers.tools import watch


def watched(site: Site, what: str, **more: Any) -> tuple[list[Series], ToolResult]:
    arguments = {"what": what, "window": site.window(-60), **more}
    result = site.gate.run(ToolCall(name="aws_watch", arguments=arguments))
    assert isinstance(result.data, SeriesData)
    return list(result.data.series), result


def test_table_is_measured_by_name_in_one_call_and_what_has_no_points_is_said(site: Site) -> None:
    series, result = watched(site, "table feature-flags")

    assert {(one.service, one.signal.value) for one in series} == {
        ("feature-flags", "reads"),
        ("feature-flags", "throttles"),
        ("feature-flags", "read_latency"),
    }
    assert {one.healthy for one in series if one.signal == "reads"} == {"usual"}
    assert [gap.what for gap in result.gaps] == ["writes, write latency of feature-flags"]
    assert (result.cost, site.asked("GetMetricData")) == (3, 1)


def test_queue_is_measured_as_an_investigation_does(site: Site) -> None:
    series, result = watched(site, "orders queue")

    assert {one.service for one in series} == {"orders"}
    assert {"queue_depth", "queue_age", "sent"} <= {one.signal.value for one in series}
    assert result.gaps == ()


def test_part_of_a_name_will_do_where_nothing_is_called_so(site: Site) -> None:
    exact, _ = watched(site, "services", name="catalog")
    part, _ = watched(site, "load balancers", name="public")

    assert {one.service for one in exact} == {"catalog"}
    assert {one.service for one in part} == {"shop-public"}
    assert {one.metric for one in part if one.metric} == {"RejectedConnectionCount"}


def test_things_without_metrics_are_a_gap_and_not_well(site: Site) -> None:
    series, result = watched(site, "subnets")

    assert series == []
    assert result.gaps
    assert {gap.why for gap in result.gaps} == {"CloudWatch keeps none of it"}


def test_nothing_of_that_name_is_no_gap(site: Site) -> None:
    series, result = watched(site, "bucket nobodys")

    assert (series, result.gaps) == ([], ())


def test_metrics_that_are_kept_in_another_region_are_a_gap(site: Site) -> None:
    away = b"<Buckets><Bucket><Name>maps</Name><BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets>"
    site.line.gate("/", answer=(200, b"<ListAllMyBucketsResult>" + away + b"</ListAllMyBucketsResult>"))

    series, result = watched(site, "bucket maps")

    assert series == []
    assert [(gap.what, gap.why) for gap in result.gaps] == [
        ("metrics of maps", "CloudWatch keeps them in eu-west-1")
    ]


def test_list_that_is_denied_is_a_gap(site: Site) -> None:
    site.refuse("ListTables", "AccessDeniedException")

    series, result = watched(site, "tables")

    assert series == []
    assert [(gap.what, gap.permission) for gap in result.gaps] == [("dynamodb-tables", "dynamodb:ListTables")]


def test_kind_that_nobody_knows_is_refused_with_the_nearest(site: Site) -> None:
    failure = site.failure("aws_watch", what="dinamodb orders", window=site.window(-60))

    assert failure.kind == "refused"


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("table orders", {"orders"}),
        ("our orders-queue queue", {"orders-queue"}),
        ("the shop-db database", {"shop-db"}),
        ("all queues", set()),
        ("queues and tables", set()),
    ],
)
def test_names_are_what_is_said_beside_kinds(what: str, names: set[str]) -> None:
    assert watch.named(what) == names
