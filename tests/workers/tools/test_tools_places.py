"""Where things fail: what RDS tells of a database, EC2 of hosts, and what a balancer counts by zone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import HappeningData, StateData, TopologyData


@pytest.fixture
def places(site: Site) -> Iterator[Site]:
    """A site for cases of its own; the shop is put back afterwards."""
    yield site
    site.play("bad_deployment", seed=3)


def zones(site: Site, service: str) -> dict[str, Any]:
    data = site.answer(
        "cloudwatch_zones", service=service, window=site.window(-6), before=site.window(-60, -12)
    )
    assert isinstance(data, StateData)
    assert data.state["zones_of"] == service
    found = data.state["zones"]
    assert isinstance(found, dict)
    return found


def test_errors_of_a_bad_zone_are_counted_there(places: Site) -> None:
    truth = places.play("node_or_zone", seed=1)

    found = zones(places, truth["service"])

    errors = sorted(counts["now"][1] for counts in found.values())
    assert errors[-1] > 100
    assert sum(errors[:-1]) < 10
    assert sum(counts["before"][1] for counts in found.values()) < 30
    assert all(counts["before"][0] > 1000 for counts in found.values() if counts["now"][0])


def test_what_no_balancer_serves_has_no_zones(site: Site) -> None:
    failure = site.failure(
        "cloudwatch_zones", service="shop-db", window=site.window(-6), before=site.window(-9)
    )

    assert failure.message == "no load balancer serves shop-db"


def test_a_failover_is_told_as_one(places: Site) -> None:
    truth = places.play("node_or_zone", seed=3)

    data = places.answer("rds_events", service=truth["service"], window=places.window(-60))

    assert isinstance(data, HappeningData)
    assert [h.kind for h in data.happenings] == ["failover", "other", "failover"]
    assert data.happenings[0].text == "Multi-AZ instance failover started."


def test_only_rds_is_asked_about_databases(site: Site) -> None:
    failure = site.failure("rds_events", service="checkout", window=site.window(-60))

    assert failure.message == "checkout is not an RDS instance"


def test_an_impaired_host_is_told_with_its_instance_and_zone(places: Site) -> None:
    truth = places.play("node_or_zone", application="claims", seed=3)

    data = places.answer("autoscaling_events", service=truth["service"], window=places.window(-60))

    assert isinstance(data, HappeningData)
    (told,) = (h for h in data.happenings if h.kind == "impaired")
    assert told.text.startswith("the host of i-0")
    assert " in us-east-1" in told.text


def test_a_canary_knows_what_it_visits(site: Site) -> None:
    data = site.answer("topology")

    assert isinstance(data, TopologyData)
    canary = data.topology.find("shop-browse")
    assert canary is not None
    assert (canary.kind, canary.attributes["visits"]) == ("synthetic", "storefront")
    assert data.topology.callers("storefront") == (), "a visitor is no caller: no load comes through it"
