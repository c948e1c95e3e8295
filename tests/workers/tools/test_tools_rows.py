"""Every row of AWS's tables against botocore's own models: calls, arguments, paths, dimensions, changes."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
import jmespath
import pytest
from boto3.session import Session
from botocore.validate import ParamValidator

from workers.domain.signal import HEALTHY, Signal
from workers.tools.listing import UNREAD, resource, tags
from workers.tools.metrics import LITERAL, measured, published
from workers.tools.rows import Listing, Meaning, Metric, Service, catalogue, custom_metrics, services

SESSION: Any = botocore.session.get_session()
STAT = re.compile(r"Average|Sum|Maximum|Minimum|SampleCount|p\d{1,2}(\.\d+)?")
# Attributes that are not a row's own: where it is, and what the inventory adds behind a balancer.
ADDED = {"name", "id", "account", "region", "load_balancer"}
OTHERS = ("CWAgent", "CloudWatchSynthetics", "ContainerInsights", "ApplicationSignals", "Glue")
"""Namespaces of AWS's own agents, which are not under AWS/."""


@cache
def model(client: str) -> Any:
    return SESSION.get_service_model(client)


def operation(client: str, call: str) -> Any:
    """botocore's model of a call as boto3 spells it, or None."""
    mapping = {botocore.xform_name(name): name for name in model(client).operation_names}
    return model(client).operation_model(mapping[call]) if call in mapping else None


class _AnyKey(dict[str, Any]):
    """A map in which whoever made it may have any key."""

    def get(self, key: str, default: Any = None) -> Any:
        return self["key"]


def sample(shape: Any, depth: int = 8) -> Any:
    """A value of this shape in which everything is there once."""
    if depth == 0:
        return None
    if shape.type_name == "structure":
        return {name: sample(member, depth - 1) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member, depth - 1)]
    if shape.type_name == "map":
        return _AnyKey(key=sample(shape.value, depth - 1))
    plain = {
        "integer": 1,
        "long": 1,
        "double": 1.0,
        "float": 1.0,
        "boolean": True,
        "timestamp": 0,
        "blob": b"",
    }
    word = "PRIMARY" if shape.name == "String" else "x"
    return plain.get(shape.type_name, word.ljust(int(shape.metadata.get("min", 0)), "x"))


def wrong_call(client: str, listing: Listing, values: dict[str, Any]) -> tuple[list[str], Any]:
    """What is wrong with a call, and one of the items it gives."""
    found = operation(client, listing.call)
    if found is None:
        return [f"{client} has no {listing.call}"], None
    arguments = {
        key: values.get(value[1:], f"nothing is called {value}") if str(value).startswith("$") else value
        for key, value in listing.with_.items()
    }
    report = ParamValidator().validate(arguments, found.input_shape) if found.input_shape else None
    items = jmespath.search(listing.items, sample(found.output_shape))
    told = [report.generate_report()] if report and report.has_errors() else []
    if not isinstance(items, list) or not items:
        return [*told, f"{listing.call} gives no {listing.items}"], None
    return told, items[0]


def wrong(row: Service) -> list[str]:
    """Everything in a row that AWS does not have."""
    told: list[str] = []
    values: dict[str, Any] = {"since": 0, "now": 0}
    item: Any = None
    for listing in (row.each, row.list, row.detail):
        if listing is None:
            continue
        problems, item = wrong_call(row.client, listing, values)
        told += problems
        values |= {listing.as_: item} if listing is row.each else {"batch": [item], "item": item}
    if item is not None:
        paths = {"name": row.name, "identifier": row.identifier, **row.show, **tags_of(row)}
        told += [f"{key}: no {path}" for key, path in paths.items() if jmespath.search(path, item) is None]
    told += [f"{key} is cut and not shown" for key in row.tail if key not in {*row.show, "name"}]
    told += [f"{key} is cut and not shown" for key in row.cut if key not in row.show]
    filled = {*re.findall(r"{(\w+)}", row.console + row.arn)}
    told += [f"nothing is called {key}" for key in sorted(filled - {"region", "name", "id", *row.show})]
    told += [] if row.console else ["nobody can look at it"]
    told += [slip for meaning in row.changed_by for slip in wrong_meaning(row, meaning)]
    told += wrong_signals(row, row.behind, row.behind)
    return told + wrong_signals(row, {**row.signals, **row.own}, row.signals)


def tags_of(row: Service) -> dict[str, str]:
    return {} if row.tags in ("", UNREAD) else {"tags": row.tags}


RENAMED = {
    "PutBucketPublicAccessBlock": "PutPublicAccessBlock",
    "DeleteBucketPublicAccessBlock": "DeletePublicAccessBlock",
}
"""Operations that CloudTrail knows by another name."""
SPELT = {"s3": {"bucketName"}, "ec2": {"instancesSet"}}
"""Parameters that CloudTrail does not spell as the operation does."""


def wrong_meaning(row: Service, meaning: Meaning) -> list[str]:
    client = meaning.client or row.client
    told: list[str] = []
    for event in meaning.events:
        name = RENAMED.get(event, event)
        if name not in model(client).operation_names:
            told.append(f"{client} has no {event}")
            continue
        members = model(client).operation_model(name).input_shape.members
        spelt = {name[0].lower() + name[1:] for name in members} | SPELT.get(client, set())
        # A path into a parameter is held to AWS's models by its first name.
        paths = [re.split(r"[\[. ]", one)[0] for one in (meaning.when, meaning.name, meaning.after) if one]
        told += [f"{event} has no {path}" for path in paths if path not in spelt]
    return told


def wrong_signals(row: Service, metrics: Mapping[Any, Metric], signals: dict[Signal, Metric]) -> list[str]:
    told: list[str] = []
    for signal, metric in metrics.items():
        beside = [*(metric.ratio or ()), *([metric.sparse] if metric.sparse else [])]
        told += [
            f"{signal} is read beside {other}, which is not there" for other in beside if other not in signals
        ]
        if metric.ratio:
            continue
        told += (
            []
            if metric.namespace.startswith(("AWS/", *OTHERS)) and metric.metric
            else [f"{signal} has no metric"]
        )
        told += [] if STAT.fullmatch(metric.stat) else [f"{signal}: there is no {metric.stat}"]
        known = {*row.show, *ADDED, *(("target_group",) if row.behind else ())}
        named = {*metric.only, *(n for n in metric.dimensions.values() if not n.startswith(LITERAL))}
        told += [f"{signal}: no attribute {name}" for name in sorted(named - known)]
        told += [] if metric.dimensions else [f"{signal} is of everything"]
        if metric.sparse and metric.sparse in signals:
            same = signals[metric.sparse].dimensions == metric.dimensions
            told += [] if same else [f"{signal} and {metric.sparse} are not of the same thing"]
    return told


ROWS = {row.id: row for row in catalogue()}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row_is_as_aws_has_it(row: Service) -> None:
    assert wrong(row) == []


def test_rows_have_names_of_their_own_and_cover_what_is_promised() -> None:
    assert len(ROWS) == len(catalogue())
    assert {row.kind for row in services()} == {
        "service",
        "function",
        "database",
        "cache",
        "queue",
        "synthetic",
    }


@pytest.mark.parametrize(
    ("row", "slip"),
    [
        ("rds-instances", {"client": "ecs"}),
        ("rds-instances", {"list": Listing(call="describe_databases", items="DBInstances")}),
        ("rds-instances", {"list": Listing(call="describe_db_instances", items="Instances")}),
        (
            "rds-instances",
            {"list": Listing(call="describe_db_instances", items="DBInstances", with_={"Cluster": "x"})},
        ),
        ("rds-instances", {"name": "InstanceName"}),
        ("rds-instances", {"identifier": "Arn"}),
        ("rds-instances", {"show": {"endpoint": "Endpoint.Host"}}),
        ("sqs-queues", {"tail": ("url",)}),
        (
            "ecs-services",
            {"list": Listing(call="list_services", items="serviceArns", with_={"cluster": "$parent"})},
        ),
        (
            "ecs-services",
            {"detail": Listing(call="describe_services", items="services", with_={"services": "all"})},
        ),
    ],
)
def test_row_with_a_slip_in_it_is_noticed(row: str, slip: dict[str, Any]) -> None:
    # A name that is not filled in is a string like any other to botocore.
    told = wrong(ROWS[row].model_copy(update=slip))

    assert told or "$parent" in str(slip)


@pytest.mark.parametrize(
    "slip",
    [
        {"stat": "p95th"},
        {"stat": "Mean"},
        {"namespace": "RDS"},
        {"metric": ""},
        {"dimensions": {"FunctionName": "function"}},
        {"dimensions": {}},
        {"sparse": Signal.QUEUE_AGE},
    ],
)
def test_signal_with_a_slip_in_it_is_noticed(slip: dict[str, Any]) -> None:
    row = ROWS["lambda-functions"]
    metric = row.signals[Signal.ERRORS].model_copy(update=slip)

    assert wrong(row.model_copy(update={"signals": {**row.signals, Signal.ERRORS: metric}}))


@pytest.mark.parametrize(
    "slip",
    [
        {"tags": "Labels"},
        {"cut": {"arn": "/"}},
        {"arn": "ec2:volume/{volume}"},
        {"console": "ec2/home?region={region}#VolumeDetails:volumeId={volume}"},
        {"console": ""},
        {"own": {"BurstBalance": Metric(namespace="EBS", metric="BurstBalance", unit="percent")}},
        {"changed_by": (Meaning(events=("ModifyVolumes",), kind="other", name="volumeId"),)},
        {"changed_by": (Meaning(events=("ModifyVolume",), kind="other", name="volume"),)},
        {"changed_by": (Meaning(events=("ModifyVolume",), kind="other", name="volumeId", when="type"),)},
    ],
)
def test_slip_in_what_else_a_row_says_is_noticed(slip: dict[str, Any]) -> None:
    assert wrong(ROWS["ebs-volumes"].model_copy(update=slip))


def test_every_signal_says_what_is_healthy_and_a_row_only_what_differs() -> None:
    assert set(HEALTHY) == set(Signal)
    for row in catalogue():
        assert [name for name, metric in row.own.items() if metric.healthy is None] == []
        stated = {**row.signals, **row.behind}.items()
        assert [signal for signal, metric in stated if metric.healthy is HEALTHY[signal]] == []


def test_an_event_is_given_one_meaning() -> None:
    said = {
        (m.client or row.client, event, m.when, m.name): row.id
        for row in catalogue()
        for m in row.changed_by
        for event in m.events
    }
    one = Counter((client, event, when) for client, event, when, _ in said)

    assert {key for key, count in one.items() if count > 1} == set()


def test_rows_that_measure_nothing_are_known() -> None:
    dark = {row.id for row in catalogue() if not row.signals and not row.own}

    assert dark == {
        *("lightsail-instances", "batch-queues", "memorydb-clusters", "backup-plans", "vpcs", "subnets"),
        *("security-groups", "iam-roles", "secrets", "kms-keys", "certificates", "guardduty-detectors"),
        *("security-hub-findings", "user-pools", "alarms", "parameters", "stacks", "trails", "config-rules"),
        *("health-events", "accounts", "appconfig-applications", "xray-groups", "pipelines", "repositories"),
        *("deploy-applications", "work-groups", "comprehend-endpoints"),
    }


@pytest.mark.parametrize(
    "found",
    [[{"Key": "env", "Value": "prod"}], [{"key": "env", "value": "prod"}], {"env": "prod"}],
)
def test_tags_are_read_in_each_shape(found: Any) -> None:
    assert tags(found) == {"env": "prod"}


def test_dimensions_are_filled_from_what_a_thing_is() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/{}/shop/50dc6c49"
    alb, nlb = (
        resource("eu-west-1", ROWS["load-balancers"], {"LoadBalancerArn": arn.format(one), "Type": kind})
        for one, kind in (("app", "application"), ("net", "network"))
    )

    of = {kind: measured(ROWS["load-balancers"], one) for kind, one in (("alb", alb), ("nlb", nlb))}

    assert {metric.namespace for _, metric in of["alb"]} == {"AWS/ApplicationELB"}
    assert {tuple(metric.dimensions.values()) for _, metric in of["alb"]} == {("app/shop/50dc6c49",)}
    assert [metric.metric for _, metric in of["nlb"]] == ["ActiveFlowCount", "TCP_Target_Reset_Count"]


def test_dimension_can_be_a_word_of_its_own_or_the_place() -> None:
    acl = resource("eu-west-1", ROWS["web-acls"], {"Name": "shop", "ARN": "arn:aws:wafv2:x"})

    (_, metric), *_ = measured(ROWS["web-acls"], acl, "eu-west-1")

    assert metric.dimensions == {"WebACL": "shop", "Region": "eu-west-1", "Rule": "ALL"}


def test_every_client_there_is_a_row_for_is_one_boto3_can_make() -> None:
    assert {row.client for row in catalogue()} <= set(Session().get_available_services())


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("requests", Signal.REQUESTS),
        ("HttpRequestCount", Signal.REQUESTS),
        ("http_requests_total", Signal.REQUESTS),
        ("Errors", Signal.ERRORS),
        ("http_5xx_count", Signal.ERRORS),
        ("failures", Signal.ERRORS),
        ("latency", Signal.LATENCY),
        ("response_time_seconds", Signal.LATENCY),
        ("duration_ms", Signal.LATENCY),
        ("RunningTaskCount", Signal.RUNNING),
        ("latency_budget", None),
        ("temperature", None),
    ],
)
def test_metric_of_an_application_is_known_by_its_name(name: str, signal: Signal | None) -> None:
    found = [rule for rule in custom_metrics().signals if re.match(rule.match, name, re.IGNORECASE)]

    assert ([rule.signal for rule in found[:1]] or [None]) == [signal]
    if name.endswith("_ms"):
        assert found[0].scale == 0.001


@pytest.mark.parametrize(
    ("dimensions", "service"),
    [
        ({"ClusterName": "shop", "ServiceName": "web"}, "web"),
        ({"ServiceName": "web"}, ""),
        ({"ClusterName": "shop"}, ""),
        ({"ClusterName": "shop", "ServiceName": "web", "TaskId": "1"}, ""),
        ({"ClusterName": "shop", "ServiceName": "other"}, ""),
    ],
)
def test_container_insights_count_tasks_of_a_service_in_its_cluster(
    dimensions: dict[str, str], service: str
) -> None:
    listed = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    metric = {"Namespace": "ECS/ContainerInsights", "MetricName": "RunningTaskCount", "Dimensions": listed}

    found = published(metric, frozenset({"web", "shop"}))

    if found is None:
        assert service == ""
    else:
        assert (found[0], found[1], found[2].dimensions) == (service, Signal.RUNNING, dimensions)
