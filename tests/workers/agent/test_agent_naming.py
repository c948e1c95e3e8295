"""From a word of a report to the thing that it means; what it may mean equally is asked once."""

from datetime import UTC, datetime

import pytest

from tests.workers import making
from tests.workers.agent import made
from workers.agent import meaning
from workers.agent.meaning import common_words
from workers.agent.naming import sense
from workers.agent.sight import Sight
from workers.domain.event import Event, NameAsked, NameSettled
from workers.domain.incident import Person
from workers.domain.naming import Meant
from workers.domain.telemetry import Resource, ResourceKind, Signal, Topology


def thing(name: str, kind: ResourceKind = "service", **tags: str) -> Resource:
    arn = f"arn:aws:ecs:eu-west-1:123456789012:service/prod/{name}"
    return Resource(name=name, kind=kind, id=arn, system="aws", attributes={"cluster": "prod"}, tags=tags)


ESTATE = Topology(
    resources=(
        thing("prod-checkout-svc"),
        thing("staging-checkout-svc"),
        thing("orders-api"),
        thing("orders-worker"),
        thing("orders-db", "database"),
        thing("api-gateway"),
        thing("paymentservice"),
        thing("stock-7", app="Inventory"),
        *(thing(f"ts-{word}") for word in ("travel", "route", "seat", "train", "user", "food")),
    )
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("payment is slow", ["paymentservice"]),
        ("payment-service is slow", ["paymentservice"]),
        ("inventory is slow", ["stock-7"]),
        ("travel is slow", ["ts-travel"]),
        ("the gateway is slow", ["api-gateway"]),
        ("ALARM: payment-5xx-high", ["paymentservice"]),
        ("orders is slow", ["orders-api", "orders-worker"]),
        ("orders database is full", ["orders-db"]),
        ("checkout is slow", ["prod-checkout-svc", "staging-checkout-svc"]),
        ("checkout is slow in production", ["prod-checkout-svc"]),
        ("checkout is slow on staging", ["staging-checkout-svc"]),
        ("errors in the api", []),
        ("ts is slow", []),
        ("users get errors 500 in prod", []),
        ("rder is slow", []),
        ("", []),
    ],
)
def test_word_means_what_is_called_so_but_for_what_names_have_in_common(text: str, meant: list[str]) -> None:
    found = sense(text, ESTATE, common_words())

    assert [one.name for one in (found.things if found else ())] == meant


def test_candidate_says_what_it_is_and_where() -> None:
    found = sense("orders is slow", ESTATE, common_words())

    assert found is not None
    assert found.candidates[0].model_dump() == {
        "name": "orders-api",
        "kind": "service",
        "place": "prod in eu-west-1",
    }


# -- in an investigation


def billing() -> made.World:
    """A shop with two services that "billing" may mean; the second of them is in trouble."""
    world = made.shop()
    for name in ("billing-api", "billing-worker"):
        like = world.resources["catalog"]
        world.resources[name] = like.model_copy(update={"name": name, "id": name})
        for (service, signal), points in [*world.points.items()]:
            if service == "catalog":
                world.points[name, signal] = points.copy()
    world.hurts("billing-worker")
    return world


def run(world: made.World, text: str, meant: Meant | None = None) -> tuple[Event, ...]:
    investigator = made.investigator(world, made.begun(text), meant=lambda _: meant)
    return tuple(investigator.run())


def told(events: tuple[Event, ...], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def about(events: tuple[Event, ...]) -> str:
    return next(event.facts.service for event in events if event.type == "FactsGathered")


def test_unclear_word_is_asked_once_and_what_is_in_trouble_is_taken_meanwhile() -> None:
    events = run(billing(), "billing is slow")

    (asked,) = told(events, NameAsked)
    assert isinstance(asked, NameAsked)
    assert (asked.word, [one.name for one in asked.candidates]) == (
        "billing",
        ["billing-api", "billing-worker"],
    )
    assert asked.taken == about(events) == "billing-worker"
    assert [e.type for e in events].index("NameAsked") < [e.type for e in events].index("FactsGathered")


def test_without_trouble_what_has_more_traffic_is_taken() -> None:
    world = billing()
    world.hurts("billing-api", "billing-worker")
    case = made.begun("billing is slow")
    for name in ("billing-api", "billing-worker"):
        for signal in (Signal.ERRORS, Signal.LATENCY):
            world.points[name, signal] = world.points["catalog", signal]
    world.points["billing-api", Signal.REQUESTS] = world.points["catalog", Signal.REQUESTS] * 3

    events = tuple(made.investigator(world, case).run())

    (asked,) = told(events, NameAsked)
    assert isinstance(asked, NameAsked)
    assert asked.taken == "billing-api"


def test_what_somebody_said_before_is_not_asked_again() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    before = Meant(word="billing", name="billing-api", channel="C1", person="U0CAROL", at=at)

    events = run(billing(), "billing is slow", before)

    (settled,) = told(events, NameSettled)
    assert isinstance(settled, NameSettled)
    assert (settled.name, settled.person.id, settled.remembered) == ("billing-api", "U0CAROL", True)
    assert told(events, NameAsked) == []


def test_what_is_remembered_and_gone_is_asked_anew() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    before = Meant(word="billing", name="billing-classic", channel="C1", person="U0CAROL", at=at)

    assert told(run(billing(), "billing is slow", before), NameAsked)


def test_name_that_stands_in_the_report_is_not_asked_about() -> None:
    events = run(billing(), "billing-api is slow, billing wait")

    assert told(events, NameAsked) == []


def test_none_of_these_names_nothing() -> None:
    case = made.begun("billing is slow")
    asked = made.investigator(billing(), case)
    events = asked.run()
    for event in events:
        if isinstance(event, NameAsked):
            said = NameSettled(at=making.at(0), word="billing", name="", person=Person(id="U0B", team="T1"))
            asked.case = asked.case.apply(said)
            break

    assert meaning.named(asked.case, Sight(asked.case)) == ""
