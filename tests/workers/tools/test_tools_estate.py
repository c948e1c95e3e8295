"""What there is in AWS: every row against a server of moto's over HTTP, and how people ask for it."""

from collections.abc import Iterator
from typing import Any

import pytest
from boto3.session import Session

from tests.faults.wire import Wire, wire
from tests.moto_server import moto
from tests.workers import making
from tests.workers.tools.seeds import SEEDS
from tests.workers.tools.test_tools_rows import model, operation, sample
from workers.domain.call import ResourceData, ToolCall, ToolResult
from workers.domain.errors import Refused
from workers.safety.gate import Gate
from workers.tools import estate, listing
from workers.tools.aws import Aws
from workers.tools.inventory import Account
from workers.tools.rows import Service, catalogue

ROWS = {row.id: row for row in catalogue()}
REGION = "us-east-1"
WITHOUT = {
    "amplify-apps",
    "appconfig-applications",
    "apprunner-services",
    "bedrock-models",
    "comprehend-endpoints",
    "docdb-clusters",
    "health-events",
    "lightsail-instances",
    "monitored-services",
    "pipelines",
    "repositories",
    "xray-groups",
}
"""What moto does not answer, or not as AWS does."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(scope="module")
def line(server: str) -> Iterator[Wire]:
    with wire(server) as one:
        yield one


@pytest.fixture(scope="module")
def aws(line: Wire) -> Aws:
    return Aws(session(), REGION, endpoint_url=line.url)


@pytest.fixture(scope="module")
def made(server: str) -> dict[str, str]:
    """One thing of each service, by row."""
    clients: dict[str, Any] = {}

    def client(name: str) -> Any:
        if name not in clients:
            clients[name] = session().client(name, endpoint_url=server)  # pyright: ignore
        return clients[name]

    return {row: seed(client) for row, seed in SEEDS.items()}


def session() -> Session:
    return Session("AKIA" + "A" * 16, "s" * 40, region_name=REGION)


@pytest.mark.parametrize("row", SEEDS)
def test_row_lists_and_describes_what_is_there(row: str, aws: Aws, made: dict[str, str]) -> None:
    found = {one.name: one for one in listing.resources(aws, ROWS[row])}

    assert made[row] in found
    one = found[made[row]]
    assert one.id
    assert one.system == f"aws:{row}"
    assert one.attributes or not ROWS[row].show or row == "web-acls"
    assert one.link.startswith("https://console.aws.amazon.com/")


@pytest.mark.parametrize("row", sorted(WITHOUT))
def test_row_that_nobody_can_serve_here_reads_an_answer_of_its_model(row: str) -> None:
    of = ROWS[row]
    last = of.detail or of.list
    answer = sample(operation(of.client, last.call).output_shape)
    item = listing.items(last, answer)[0]

    one = listing.resource(REGION, of, item)

    assert one.name
    assert one.id
    assert set(one.attributes) == set(of.show)


def test_every_row_is_tried() -> None:
    assert set(SEEDS) | WITHOUT == set(ROWS)
    assert not set(SEEDS) & WITHOUT
    assert {row.group for row in catalogue()} == {
        *("compute", "database", "storage", "networking", "security"),
        *("integration", "management", "devtools", "analytics", "ml"),
    }
    assert all(model(row.client) for row in catalogue())


# How people ask


def ids(rows: tuple[Service, ...]) -> set[str]:
    return {row.id for row in rows}


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("show me all S3 buckets and Lambda functions", {"s3-buckets", "lambda-functions"}),
        ("load balancers", {"load-balancers"}),
        ("classic load balancers", {"classic-load-balancers"}),
        ("which queues do we have?", {"sqs-queues"}),
        ("job queues", {"batch-queues"}),
        ("dynamodb tables and caches", {"dynamodb-tables", "elasticache-clusters"}),
        ("security groups", {"security-groups"}),
        ("step functions", {"state-machines"}),
        ("sqs-queues", {"sqs-queues"}),
        ("Kafka", {"msk-clusters"}),
    ],
)
def test_plain_words_choose_services(what: str, rows: set[str]) -> None:
    assert ids(estate.chosen(what)) == rows


def test_kind_of_thing_chooses_all_of_it() -> None:
    storage = ids(estate.chosen("storage"))

    assert storage == {row.id for row in catalogue() if row.group == "storage"}
    assert {"ecs-services", "lambda-functions", "ec2-instances", "rds-instances"} <= ids(
        estate.chosen("what is running in prod?")
    )
    assert estate.chosen("everything") == catalogue()


@pytest.mark.parametrize(
    ("what", "near"), [("dinamodb", "dynamodb"), ("buckit", "bucket"), ("lamda", "lambda")]
)
def test_unknown_name_is_told_the_nearest(what: str, near: str) -> None:
    with pytest.raises(Refused) as refused:
        estate.chosen(what)

    assert near in refused.value.mend


# Through the gate


def ask(aws: Aws, **arguments: Any) -> ToolResult:
    gate = Gate([(estate.TOOLSET, Account(aws))], lambda: making.NOON)
    return gate.run(ToolCall(name="aws_query", arguments=arguments))


def listed(result: ToolResult) -> dict[str, str]:
    assert isinstance(result.data, ResourceData)
    return {one.name: one.system for one in result.data.resources}


def test_several_services_are_listed_at_once(aws: Aws, made: dict[str, str]) -> None:
    result = ask(aws, what="buckets and functions")

    assert listed(result).items() >= {("invoices", "aws:s3-buckets"), ("labels", "aws:lambda-functions")}
    assert (result.gaps, result.truncated, result.cost) == ((), False, 2)


def test_name_keeps_what_has_it(aws: Aws, made: dict[str, str]) -> None:
    assert listed(ask(aws, what="buckets and functions", name="INVOI")) == {"invoices": "aws:s3-buckets"}


def test_service_that_refuses_is_a_gap_and_the_others_are_listed(
    aws: Aws, made: dict[str, str], line: Wire
) -> None:
    denied = b"<Error><Code>AccessDenied</Code><Message>not you</Message></Error>"
    line.gate("/", answer=(403, denied))  # S3 has no operation in a header

    result = ask(aws, what="buckets and queues")
    line.open()

    assert "orders" in listed(result)
    assert [(gap.what, gap.permission) for gap in result.gaps] == [("s3-buckets", "s3:ListAllMyBuckets")]


def test_everything_is_listed_and_what_cannot_be_is_said(aws: Aws, made: dict[str, str]) -> None:
    result = ask(aws, what="everything")

    assert isinstance(result.data, ResourceData)
    assert {f"aws:{row}" for row in SEEDS} <= {one.system for one in result.data.resources}
    assert {gap.what for gap in result.gaps} <= WITHOUT
