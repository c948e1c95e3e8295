"""How much of what there is can be looked at, and what is dark."""

from workers.domain.telemetry import Edge, Resource, Topology
from workers.tools.coverage import shares
from workers.tools.inventory import Inventory


def thing(name: str, row: str, **more: object) -> Resource:
    return Resource.model_validate(
        {"name": name, "kind": "unknown", "id": name, "system": f"aws:{row}", **more}
    )


WEB = thing("web", "ecs-services", kind="service", attributes={"log_group": "/ecs/web"})
JOBS = thing("jobs", "ecs-services", kind="service")
KNOWN = Inventory(
    topology=Topology(
        resources=(WEB, JOBS, thing("mail.example", "x", kind="external")),
        edges=(Edge(caller="web", callee="mail.example", source="test"),),
    ),
    metrics={},
    gaps=(),
)
LISTED = (
    WEB,  # as an investigation knows it, too
    thing("orders", "dynamodb-tables"),
    thing("net-1", "subnets"),
    thing("CVE", "security-hub-findings"),
)


def told(recorded: bool = True) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {one.what: (one.seen, one.dark) for one in shares(KNOWN, LISTED, recorded)}


def test_what_cannot_be_measured_is_not_dark_for_having_no_metrics() -> None:
    assert told()["With metrics"] == (("orders",), ("web", "jobs"))


def test_logs_and_needs_are_those_of_what_runs() -> None:
    assert told()["With logs"] == (("web",), ("jobs",))
    assert told()["With dependencies"] == (("web",), ("jobs",))


def test_changes_are_dark_where_no_event_has_a_meaning_and_all_of_them_without_the_record() -> None:
    assert told()["With changes"] == (("web", "jobs", "orders", "net-1"), ("CVE",))
    assert told(recorded=False)["With changes"][0] == ()
