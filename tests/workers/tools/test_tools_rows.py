"""Every row of `aws_services.yaml` against botocore's own models: calls, arguments, paths, dimensions."""

import re
from functools import cache
from typing import Any

import botocore.session
import jmespath
import pytest
from boto3.session import Session
from botocore.validate import ParamValidator

from workers.domain.telemetry import Signal
from workers.tools.rows import Listing, Metric, Service, catalogue, custom_metrics, services

SESSION: Any = botocore.session.get_session()
STAT = re.compile(r"Average|Sum|Maximum|Minimum|SampleCount|p\d{1,2}(\.\d+)?")
# Attributes that are not a row's own: what the inventory adds to a service behind a balancer.
ADDED = {"name", "load_balancer"}
OTHERS = ("CWAgent", "CloudWatchSynthetics")
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
        paths = {"name": row.name, "identifier": row.identifier, **row.show}
        told += [f"{key}: no {path}" for key, path in paths.items() if jmespath.search(path, item) is None]
    told += [f"{key} is cut and not shown" for key in row.tail if key not in {*row.show, "name"}]
    return told + wrong_signals(row, row.signals) + wrong_signals(row, row.behind)


def wrong_signals(row: Service, signals: dict[Signal, Metric]) -> list[str]:
    told: list[str] = []
    for signal, metric in signals.items():
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
        told += [f"{signal}: no attribute {name}" for name in metric.dimensions.values() if name not in known]
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
        ("latency_budget", None),
        ("temperature", None),
    ],
)
def test_metric_of_an_application_is_known_by_its_name(name: str, signal: Signal | None) -> None:
    found = [rule for rule in custom_metrics().signals if re.match(rule.match, name, re.IGNORECASE)]

    assert ([rule.signal for rule in found[:1]] or [None]) == [signal]
    if name.endswith("_ms"):
        assert found[0].scale == 0.001
