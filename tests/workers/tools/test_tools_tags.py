"""What is asked for by tag, by environment and by status; what cannot be told of a thing is a gap."""

from collections.abc import Iterator
from typing import Any

import pytest
from boto3.session import Session

from tests.faults.wire import Wire, wire
from tests.moto_server import moto
from tests.workers import making
from workers.domain.call import ResourceData, ToolCall, ToolResult
from workers.domain.telemetry import Resource
from workers.safety.gate import Gate
from workers.settings import Environment
from workers.tools import environments, estate
from workers.tools.aws import Aws
from workers.tools.inventory import Account

REGION = "us-east-1"
TAGGING = "GetResources"
TEAM = {"team": "payments", "env": "prod"}


def session() -> Session:
    return Session("AKIA" + "A" * 16, "s" * 40, region_name=REGION)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        _build(url)
        yield url


def _build(url: str) -> None:
    def client(name: str) -> Any:
        return session().client(name, endpoint_url=url)  # pyright: ignore

    queue = client("sqs").create_queue
    queue(QueueName="orders", tags=TEAM)
    queue(QueueName="parcels", tags={"team": "logistics", "env": "staging"})
    queue(QueueName="orders-dev")
    queue(QueueName="letters")
    made = [{"Key": key, "Value": value} for key, value in TEAM.items()]
    client("ec2").create_volume(
        Size=8,
        AvailabilityZone="us-east-1a",
        TagSpecifications=[{"ResourceType": "volume", "Tags": [*made, {"Key": "Name", "Value": "disk"}]}],
    )
    client("iam").create_role(RoleName="web", AssumeRolePolicyDocument="{}", Tags=made)


@pytest.fixture(scope="module")
def line(server: str) -> Iterator[Wire]:
    with wire(server) as one:
        yield one


@pytest.fixture(scope="module")
def aws(line: Wire) -> Aws:
    return Aws(session(), REGION, endpoint_url=line.url)


def ask(aws: Aws, settings: environments.Environments | None = None, **arguments: Any) -> ToolResult:
    gate = Gate([(estate.TOOLSET, Account(aws, environments=settings))], lambda: making.NOON)
    return gate.run(ToolCall(name="aws_query", arguments=arguments))


def names(result: ToolResult) -> list[str]:
    assert isinstance(result.data, ResourceData)
    return [one.name for one in result.data.resources]


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        (["team=payments"], ["disk", "orders"]),
        (["Team=Payments"], ["disk", "orders"]),
        (["team=payments", "env=prod"], ["disk", "orders"]),
        (["team=payments env=staging"], []),
        (["team"], ["disk", "orders", "parcels"]),
    ],
)
def test_tags_are_told_by_lists_and_by_the_tagging_api(aws: Aws, tag: list[str], found: list[str]) -> None:
    result = ask(aws, what="queues and volumes", tag=tag)

    assert sorted(names(result)) == found
    assert (result.gaps, result.cost) == ((), 3)


def test_tags_that_lists_tell_take_no_call_more(aws: Aws) -> None:
    result = ask(aws, what="volumes", tag=["env=prod"])

    assert names(result) == ["disk"]
    assert isinstance(result.data, ResourceData)
    assert result.data.resources[0].tags == {**TEAM, "Name": "disk"}
    assert result.cost == 1


def test_tags_that_may_not_be_read_are_a_gap_with_the_permission(aws: Aws, line: Wire) -> None:
    line.gate(TAGGING, answer=(400, b'{"__type": "AccessDeniedException", "message": "not you"}'))

    result = ask(aws, what="queues and volumes", tag=["env=prod"])
    line.open()

    assert names(result) == ["disk"]
    assert [(gap.what, gap.permission) for gap in result.gaps] == [("tags of sqs-queues", "tag:GetResources")]


def test_tags_that_nobody_tells_are_a_gap(aws: Aws) -> None:
    result = ask(aws, what="iam roles", tag=["env=prod"])

    assert names(result) == []
    assert [gap.what for gap in result.gaps] == ["tags of iam-roles"]


def test_what_is_no_tag_is_refused(aws: Aws) -> None:
    result = ask(aws, what="queues", tag=["=prod"])

    assert result.failure is not None
    assert "team=payments" in result.failure.mend


def test_environment_is_told_by_tags_else_by_names_and_what_is_not_told_is_counted(aws: Aws) -> None:
    prod, dev = (ask(aws, what="queues", environment=one) for one in ("production", "dev"))

    assert (names(prod), names(dev)) == (["orders"], ["orders-dev"])
    (gap,) = prod.gaps
    assert gap.what == "the environment of 1 of 4"
    assert gap.why.endswith("of letters")


def test_settings_say_before_tags_do_what_is_of_an_environment(aws: Aws) -> None:
    settings = {
        "live": Environment(production=True, services=("letters",)),
        "lab": Environment(production=False, tags={"team": "payments"}),
    }

    assert names(ask(aws, settings, what="queues", environment="prod")) == ["letters"]
    assert names(ask(aws, settings, what="queues", environment="lab")) == ["orders"]


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        ({"name": "web", "attributes": {"cluster": "shop-prod"}}, True),
        ({"name": "prod-web", "tags": {"Stage": "test"}}, False),
        ({"name": "product-search"}, None),
        ({"name": "web", "tags": {"env": ""}}, None),
        ({"name": "web-prd"}, True),
    ],
)
def test_environment_of(one: dict[str, Any], verdict: bool | None) -> None:
    thing = Resource(kind="service", id="x", system="aws", **one)

    assert environments.of(thing, REGION, "prod", {}) is verdict


def test_status_is_held_against_what_a_list_tells(aws: Aws) -> None:
    result = ask(aws, what="queues and volumes", status="AVAILABLE")

    assert names(result) == ["disk"]
    (gap,) = result.gaps
    assert gap.what == "the status of 4 of 5"


def test_what_an_investigation_looks_at_says_of_which_environment_it_is(aws: Aws) -> None:
    settings = {"live": Environment(production=True, services=("letters",))}

    known = Account(aws, environments=settings).inventory().topology

    said = {one.name: one.attributes.get("environment") for one in known.resources}
    assert said == {"letters": "prod", "orders": None, "orders-dev": "dev", "parcels": None}
