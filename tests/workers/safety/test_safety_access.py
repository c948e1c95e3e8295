"""Who may ask about what: rules that are read off a table, and what is left of the world for somebody."""

from typing import Any

import pytest

from tests.workers import making
from workers.domain.incident import Person, Thread
from workers.domain.telemetry import Resource
from workers.safety.access import Access, Area, Grant, Scope, access
from workers.settings.tree import Settings

ANN, BOB = "U0ANN", "U0BOB"
PAY, SHOP, NEWS = "C0PAY", "C0SHOP", "C0NEWS"
GROUPS = {"S0PAY": frozenset({ANN}), "S0OLD": None}

PAYMENTS, EVERYTHING = Area(services=("pay-*",)), Area()
RULES = Access(
    grants=(
        Grant(groups=frozenset({"S0PAY"}), area=PAYMENTS),
        Grant(channels=frozenset({SHOP}), area=Area(services=("shop", "shop-*"))),
        Grant(people=frozenset({BOB}), channels=frozenset({PAY}), area=EVERYTHING),
        Grant(groups=frozenset({"S0OLD"}), area=EVERYTHING),
    )
)


def services(scope: Scope | None) -> list[tuple[str, ...]]:
    assert scope is not None
    return [area.services for area in scope.areas]


@pytest.mark.parametrize(
    ("person", "channel", "areas"),
    [
        (ANN, NEWS, [("pay-*",)]),
        (ANN, SHOP, [("pay-*",), ("shop", "shop-*")]),
        (BOB, SHOP, [("shop", "shop-*")]),
        (BOB, PAY, [()]),
        (BOB, NEWS, []),
        ("", SHOP, [("shop", "shop-*")]),
        ("", PAY, [()]),
        ("", NEWS, []),
    ],
)
def test_who_may_ask_about_what_where(person: str, channel: str, areas: list[tuple[str, ...]]) -> None:
    assert services(RULES.of(person, channel, GROUPS.get)) == areas


def test_group_whose_people_are_not_known_now_gives_nobody_anything() -> None:
    rules = Access(grants=(Grant(groups=frozenset({"S0OLD"}), area=EVERYTHING),))

    assert services(rules.of(ANN, SHOP, GROUPS.get)) == []
    assert services(rules.of(ANN, SHOP, lambda _: frozenset({ANN}))) == [()]


def test_without_rules_everything_may_be_asked_about() -> None:
    assert Access().of(BOB, NEWS, GROUPS.get) is None


def test_alert_may_be_about_what_is_meant_for_alerts() -> None:
    rules = Access(grants=(Grant(people=frozenset({BOB}), alerts=True, area=PAYMENTS),))

    assert services(rules.of("", NEWS, GROUPS.get)) == [("pay-*",)]
    assert services(rules.of(ANN, NEWS, GROUPS.get)) == []


def test_scope_of_an_investigation_is_of_who_asked_where() -> None:
    thread = Thread(team="T0", channel=NEWS)
    mine: dict[str, Any] = {"requester": Person(id=ANN, team="T0"), "thread": thread}

    assert services(RULES.scope(making.incident(**mine), GROUPS.get)) == [("pay-*",)]
    assert RULES.scope(making.incident(**mine, source="terminal"), GROUPS.get) is None


def resource(name: str, cluster: str = "", id_: str = "") -> Resource:
    attributes = {"cluster": cluster} if cluster else {}
    return Resource(name=name, kind="service", id=id_, system="aws:ecs-services", attributes=attributes)


ARN = "arn:aws:ecs:us-east-1:123456789012:service/prod/pay-api"


@pytest.mark.parametrize(
    ("area", "held"),
    [
        (Area(), True),
        (Area(services=("pay-*",)), True),
        (Area(services=("api", "pay-api")), True),
        (Area(services=("pay",)), False),
        (Area(services=("*-API",)), False),
        (Area(clusters=("prod",)), True),
        (Area(clusters=("test",)), False),
        (Area(services=("pay-*",), clusters=("test",)), False),
        (Area(accounts=("123456789012",)), True),
        (Area(accounts=("999999999999",)), False),
    ],
)
def test_area_holds_what_all_its_lists_name(area: Area, held: bool) -> None:
    assert area.holds(resource("pay-api", "prod", ARN)) is held


def test_what_tells_neither_cluster_nor_account_is_in_no_area_that_names_one() -> None:
    assert not Area(clusters=("prod",)).holds(resource("pay-db"))
    assert not Area(accounts=("123456789012",)).holds(resource("pay-db"))


def test_rules_are_those_of_the_settings() -> None:
    stated = Settings.model_validate(
        {
            "access": {
                "scopes": [
                    {"people": ["S0PAY", "on-call"], "services": ["pay-*"]},
                    {"people": [BOB], "channels": [PAY], "clusters": ["prod"], "accounts": ["123456789012"]},
                ],
                "per_person": 7,
            }
        }
    )
    rules = access(stated)

    assert rules.per_person == 7
    assert not rules.guests
    assert rules.grants[0] == Grant(groups=frozenset({"S0PAY", "on-call"}), area=PAYMENTS)
    assert rules.sources == {"S0PAY", "on-call"}
    assert rules.grants[1].area == Area(clusters=("prod",), accounts=("123456789012",))
    assert (rules.grants[1].people, rules.grants[1].channels) == (frozenset({BOB}), frozenset({PAY}))
