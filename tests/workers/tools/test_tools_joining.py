"""Who needs whom, from everything that AWS knows: of an account at moto's, read over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from boto3.session import Session

from tests.faults.wire import Wire, wire
from tests.moto_server import moto
from tests.workers.tools.estate_of_orders import ACCOUNT, REGION, build
from workers.domain.telemetry import Edge, Resource, Topology
from workers.tools import edges, inventory
from workers.tools.aws import Aws
from workers.tools.beyond import Admission
from workers.tools.inventory import Inventory
from workers.tools.references import Reference, references, sources


@pytest.fixture(scope="module")
def line() -> Iterator[Wire]:
    clients: dict[str, Any] = {}

    with moto() as url, wire(url) as one:

        def client(name: str) -> Any:
            if name not in clients:
                clients[name] = session().client(name, endpoint_url=url)  # pyright: ignore
            return clients[name]

        build(client)
        yield one


@pytest.fixture(scope="module")
def aws(line: Wire) -> Aws:
    return Aws(session(), REGION, endpoint_url=line.url)


@pytest.fixture(scope="module")
def found(aws: Aws) -> Inventory:
    return inventory.read(aws)


def session() -> Session:
    return Session("AKIA" + "A" * 16, "s" * 40, region_name=REGION)


def unseen(found: Inventory) -> list[tuple[str, str]]:
    """What could not be read, and the permission it takes; moto knows nothing of Application Signals."""
    told = [(gap.what, gap.permission) for gap in found.gaps]
    return [one for one in told if one != ("the services of Application Signals", "")]


def of(found: Inventory, source: str) -> set[tuple[str, str]]:
    told = (edge for edge in found.topology.edges if edge.source.startswith(source))
    return {(edge.caller, edge.callee) for edge in told}


# -- an account


def test_settings_that_name_things_exactly_bring_them_in_and_nothing_else_of_their_kind(
    found: Inventory,
) -> None:
    assert of(found, "aws:environment") == {
        ("orders", "dynamodb-tables/orders"),
        ("orders", "orders-placed"),
        ("orders", "orders-invoices"),
        ("orders", "orders-clicks"),
    }
    assert not [r.name for r in found.topology.resources if r.name.startswith("idle-p")]
    assert found.topology.find("gone") is None
    assert unseen(found) == []


def test_thing_with_the_name_of_another_keeps_its_own_for_whatever_asks_aws(found: Inventory) -> None:
    service, table = found.topology.find("orders"), found.topology.find("dynamodb-tables/orders")

    assert service is not None
    assert service.kind == "service"
    assert table is not None
    assert table.attributes["name"] == "orders"
    assert table.id.endswith(":table/orders")


def test_balancer_is_a_thing_of_its_own_before_service_and_machine(found: Inventory) -> None:
    assert of(found, "aws:balancer") == {("orders-edge", "orders"), ("orders-edge", "old-machine")}
    assert found.topology.doors("orders") == ("orders-edge",)
    assert found.topology.callers("orders") == ()
    assert "orders-placed" in found.topology.downstream("orders-edge")


def test_stream_of_a_table_has_the_name_of_the_table(found: Inventory) -> None:
    assert of(found, "aws:event-source") == {("dynamodb-tables/orders", "invoice")}


def test_policies_of_functions_and_queues_tell_what_comes_to_them(found: Inventory) -> None:
    assert of(found, "aws:policy") == {("every-night", "nightly"), ("orders-placed", "mails")}


def test_store_that_nobody_names_is_joined_by_its_tag_else_by_who_may_reach_its_port(
    found: Inventory,
) -> None:
    assert of(found, "aws:tag") == {("orders", "reports")}
    assert of(found, "aws:security-group") == {("orders", "ledger")}
    assert found.topology.callers("idle-db") == ()


def test_nodes_belong_to_their_cluster(found: Inventory) -> None:
    assert of(found, "aws:eks") == {("platform", "nodes")}
    assert found.topology.find("idle") is not None  # the function: no cluster of that name was asked for


@pytest.mark.parametrize(
    ("operation", "what", "permission", "lost"),
    [
        (".ListTables", "dynamodb-tables", "dynamodb:ListTables", "dynamodb-tables/orders"),
        ("/policy", "what may come to functions", "lambda:GetPolicy", "every-night"),
        (".GetQueueAttributes", "what may come to queues", "sqs:GetQueueAttributes", ""),
        ("/clusters", "eks-clusters", "eks:ListClusters", "platform"),
    ],
)
def test_further_question_that_is_denied_is_a_gap_and_the_rest_is_kept(
    aws: Aws, line: Wire, operation: str, what: str, permission: str, lost: str
) -> None:
    line.gate(operation, answer=(403, b'{"__type": "AccessDeniedException", "message": "no"}'))

    found = inventory.read(aws)

    line.open()
    assert unseen(found) == [(what, permission)]
    assert lost not in {r.name for r in found.topology.resources}
    assert found.topology.find("orders") is not None


# -- what names what


@pytest.mark.parametrize(
    ("variable", "value", "row", "name"),
    [
        (
            "X",
            f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/carts/stream/2024-01-01",
            "dynamodb-tables",
            "carts",
        ),
        ("X", "arn:aws:s3:::pictures/thumbs/*", "s3-buckets", "pictures"),
        ("X", "s3://pictures/thumbs", "s3-buckets", "pictures"),
        ("X", "https://pictures.s3.eu-west-1.amazonaws.com/a", "s3-buckets", "pictures"),
        (
            "X",
            f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db/main-AbC123:password::",
            "secrets",
            "db/main",
        ),
        ("X", f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:refunds", "state-machines", "refunds"),
        ("X", f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/shop/nightly", "event-rules", "nightly"),
        (
            "X",
            f"https://search-products-{'a' * 26}.eu-west-1.es.amazonaws.com",
            "opensearch-domains",
            "products",
        ),
        ("X", "main.cluster-ro-abc123.eu-west-1.rds.amazonaws.com", "rds-clusters", "main"),
        ("X", f"b-1.events.{'a' * 6}.c2.kafka.eu-west-1.amazonaws.com:9094", "msk-clusters", "events"),
        ("CARTS_TABLE", "carts", "dynamodb-tables", "carts"),
        ("table_name", "carts", "dynamodb-tables", "carts"),
        ("DELIVERY_STREAM", "clicks", "firehose-streams", "clicks"),
        ("CLICK_STREAM", "clicks", "kinesis-streams", "clicks"),
        ("DB_SECRET_NAME", "shop-db", "secrets", "shop-db"),
    ],
)
def test_thing_is_named_by_its_arn_its_address_or_a_setting_that_says_so(
    variable: str, value: str, row: str, name: str
) -> None:
    assert references(value, variable) == (Reference(row=row, name=name),)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DB_SECRET", "hunter2"),
        ("MAX_TABLE_SIZE", "500"),
        ("TABLE", "two words"),
        ("STABLE", "yes"),
        ("X", "carts"),
        ("X", "arn:aws:s3:::*"),
        ("X", ""),
    ],
)
def test_what_names_nothing_is_not_looked_up(variable: str, value: str) -> None:
    assert references(value, variable) == ()


def test_address_of_an_api_may_be_of_either_kind() -> None:
    found = references("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")

    assert {one.row for one in found} == {"rest-apis", "http-apis"}


@pytest.mark.parametrize("policy", ["", "{}", "no json", '{"Statement": []}'])
def test_policy_that_allows_nothing_names_nobody(policy: str) -> None:
    assert sources(policy) == ()


def test_what_a_policy_denies_does_not_come() -> None:
    condition = '"Condition": {"ArnLike": {"AWS:SourceArn": ["arn:aws:s3:::pictures"]}}'

    assert sources(f'{{"Statement": {{"Effect": "Allow", {condition}}}}}') == ("arn:aws:s3:::pictures",)
    assert sources(f'{{"Statement": {{"Effect": "Deny", {condition}}}}}') == ()


# -- address without a scheme, ports


def test_address_alone_points_at_the_store_that_has_it() -> None:
    store = Resource(
        name="db", kind="database", id="d", system="aws", attributes={"endpoint": "db.a1.eu.rds.aws"}
    )

    assert edges.endpoint("db.a1.eu.rds.aws:5432", {"db": store}) == "db"
    assert edges.endpoint("smtp.example.com:25", {"db": store}) == ""


@pytest.mark.parametrize(("first", "last", "opens"), [(5432, 5432, True), (0, 1024, False), (-1, -1, True)])
def test_group_is_let_in_only_where_the_store_listens(first: int, last: int, opens: bool) -> None:
    assert Admission(group="a", admits="b", first=first, last=last).opens(5432) is opens


# -- two tellings


def test_two_tellings_keep_the_source_of_each_edge_and_what_is_known_better() -> None:
    heard = Resource(name="db", kind="unknown", id="db", system="xray", attributes={"calls": "9"})
    seen = Resource(name="db", kind="database", id="arn", system="aws", attributes={"engine": "postgres"})
    one = Topology(resources=(heard,), edges=(Edge(caller="web", callee="db", source="aws:xray"),))
    other = Topology(resources=(seen,), edges=(Edge(caller="web", callee="db", source="aws:environment DB"),))

    found = one + other

    assert [edge.source for edge in found.edges] == ["aws:xray", "aws:environment DB"]
    assert found.resources == (seen.model_copy(update={"attributes": {"engine": "postgres", "calls": "9"}}),)
    assert found + Topology() == found


def test_who_may_reach_a_place_does_not_count_beside_who_is_known_to() -> None:
    supposed = Topology(edges=(Edge(caller="batch", callee="db", source="aws:security-group"),))
    known = Topology(edges=(Edge(caller="web", callee="db", source="aws:xray"),))

    assert (supposed + Topology()).callers("db") == ("batch",)
    assert (supposed + known).callers("db") == ("web",)
