"""What runs and who needs whom, read from AWS alone; what could not be read is said and the rest is kept."""

from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import TopologyData
from workers.domain.telemetry import Resource, Signal, Topology
from workers.tools.edges import endpoint


def topology(site: Site) -> Topology:
    data = site.answer("topology")
    assert isinstance(data, TopologyData)
    return data.topology


def edges(found: Topology) -> set[tuple[str, str]]:
    return {(edge.caller, edge.callee) for edge in found.edges}


def test_everything_that_runs_is_found_with_its_kind(site: Site) -> None:
    kinds = {r.name: r.kind for r in topology(site).resources}

    assert (
        kinds.items()
        >= {
            "storefront": "service",
            "checkout": "service",
            "shop-db": "database",
            "shop-cache": "cache",
            "orders": "queue",
            "api.cardpay.example": "external",
        }.items()
    )


def test_who_needs_whom_is_read_from_what_they_are_configured_with(site: Site) -> None:
    found = edges(topology(site))

    assert found >= {
        ("storefront", "catalog"),
        ("storefront", "checkout"),
        ("catalog", "shop-cache"),
        ("catalog", "shop-db"),
    }
    assert all(caller != callee for caller, callee in found)


def test_queue_needs_the_worker_that_reads_it_and_its_writer_needs_the_queue(site: Site) -> None:
    found = edges(topology(site))

    assert ("checkout", "orders") in found
    (worker,) = [callee for caller, callee in found if caller == "orders"]
    assert ("orders", worker) in found
    assert (worker, "orders") not in found


def test_service_knows_its_metrics_its_log_and_its_image(site: Site) -> None:
    inventory = site.account.inventory()
    checkout = inventory.topology.find("checkout")

    assert checkout is not None
    assert checkout.attributes["log_group"] == inventory.log_group("checkout") == "/ecs/shop/checkout"
    assert "checkout" in checkout.attributes["image"]
    signals = {signal for signal, _ in inventory.metrics["checkout"]}
    assert signals >= {Signal.LATENCY, Signal.REQUESTS, Signal.ERRORS, Signal.CPU, Signal.MEMORY}
    assert inventory.metric("shop-db", Signal.LATENCY) is None
    assert inventory.log_group("nowhere") == ""


def test_inventory_is_read_once_for_many_questions(site: Site) -> None:
    site.renew()
    topology(site)
    first = len(site.line.seen)

    topology(site)

    assert len(site.line.seen) == first > 8


@pytest.mark.parametrize(
    ("operation", "what", "gone", "kept"),
    [
        ("ListClusters", "ecs-services", "checkout", "shop-db"),
        ("DescribeTaskDefinition", "task definition of ", "api.cardpay.example", "checkout"),
        ("ListQueues", "sqs-queues", "orders", "checkout"),
        ("ListMetrics", "custom metrics", "", "checkout"),
    ],
)
def test_denied_part_is_a_gap_that_names_its_permission_and_the_rest_is_kept(
    site: Site, operation: str, what: str, gone: str, kept: str
) -> None:
    site.renew()
    for _ in range(8):
        site.refuse(operation, "AccessDeniedException")

    result = site.ask("topology")

    assert isinstance(result.data, TopologyData)
    assert result.data.topology.find(kept)
    unseen = result.data.topology.find(gone)
    assert unseen is None or unseen.kind == "unknown"
    assert {gap.permission.rpartition(":")[2] for gap in result.gaps} == {operation}
    assert all(gap.what.startswith(what) and gap.mend.startswith("Grant ") for gap in result.gaps)
    site.renew()


def test_part_that_fails_is_a_gap_without_a_permission(site: Site) -> None:
    site.renew()
    site.say("ListQueues", {"__type": "InvalidAddress", "message": "no"}, 400)

    (gap,) = site.ask("topology").gaps

    assert (gap.what, gap.permission) == ("sqs-queues", "")
    assert "AWS sqs refused: InvalidAddress: no" in gap.why
    site.renew()


KNOWN = {
    r.name: r
    for r in (
        Resource(name="catalog", kind="service", id="c", system="aws:ecs-services"),
        Resource(name="orders", kind="queue", id="q", system="aws:sqs-queues"),
        Resource(
            name="shop-db",
            kind="database",
            id="d",
            system="aws:rds-instances",
            attributes={"endpoint": "shop-db.abc.us-east-1.rds.amazonaws.com"},
        ),
    )
}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("http://catalog.shop.internal:8080/v1", "catalog"),
        ("http://catalog", "catalog"),
        ("postgres://app:secret@shop-db.abc.us-east-1.rds.amazonaws.com:5432/shop", "shop-db"),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/orders", "orders"),
        ("http://localhost:4566/000000000000/orders", "orders"),
        ("arn:aws:sqs:us-east-1:123456789012:orders", "orders"),
        ("arn:aws:rds:us-east-1:123456789012:db:shop-db", "shop-db"),
        ("arn:aws:s3:::pictures", ""),
        ("https://api.cardpay.example/v2", "api.cardpay.example"),
        ("https://token@api.cardpay.example", "api.cardpay.example"),
        ("https://logs.us-east-1.amazonaws.com", ""),
        ("http://10.0.0.3:8080", ""),
        ("http://other.shop.internal", ""),
        ("https://[half", ""),
        ("http://", ""),
        ("://", ""),
        ("production", ""),
        ("true", ""),
        ("", ""),
    ],
)
def test_value_of_a_setting_points_at_what_it_names(value: str, found: str) -> None:
    assert endpoint(value, KNOWN) == found


def test_malformed_address_of_one_service_hides_nothing_of_the_others(site: Site) -> None:
    site.renew()
    broken: dict[str, Any] = {
        "taskDefinition": {
            "containerDefinitions": [{"environment": [{"name": "A_URL", "value": "https://[half"}]}]
        }
    }
    site.say("DescribeTaskDefinition", broken)

    result = site.ask("topology")

    assert result.ok
    assert isinstance(result.data, TopologyData)
    assert len(result.data.topology.edges) > 5
    site.renew()
