"""Every operation of a service that tools ask is a read, denied or a change, and only sent as what it is."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from boto3.session import Session
from botocore import xform_name

from tests.faults.wire import Wire, wire
from workers.domain.errors import Refused
from workers.jobs import AT_ONCE
from workers.tools import permissions
from workers.tools.aws import Aws
from workers.tools.change_rows import Read, change_rows
from workers.tools.metering import Counted
from workers.tools.rows import Kind, catalogue, operations, table

ROOT = Path(__file__).parents[3]
ROWS: dict[str, dict[str, Any]] = table("aws_operations.yaml")
SESSION: Any = botocore.session.get_session()
SENDS: dict[str, Kind] = {"call": "read", "pages": "read", "change": "change"}
TELLING = {
    ("amplify", "list_apps"),
    ("cloudfront", "list_distributions"),
    ("fsx", "describe_file_systems"),
    ("glue", "get_jobs"),
    ("organizations", "list_accounts"),
    ("redshift", "describe_clusters"),
    ("ec2", "describe_launch_template_versions"),
    ("ecs", "describe_task_definition"),
    ("ecs", "describe_tasks"),
    ("lambda", "get_function_configuration"),
    ("lambda", "list_functions"),
    ("lambda", "list_versions_by_function"),
    ("rds", "describe_db_clusters"),
    ("rds", "describe_db_instances"),
    ("stepfunctions", "describe_execution"),
}
"""Reads with something in them that AWS itself marks as sensitive; what a tool shows of them goes through
the gate, which hides secrets."""


@cache
def model(client: str) -> dict[str, Any]:
    return SESSION.get_service_data(client)


def known(client: str) -> set[str]:
    return {xform_name(name) for name in model(client)["operations"]}


def telling(client: str) -> set[str]:
    """The operations with something in their answer that AWS marks as sensitive."""
    shapes = model(client)["shapes"]
    marked = {name for name, shape in shapes.items() if shape.get("sensitive")}
    around = {name: {member["shape"] for member in _members(shape)} for name, shape in shapes.items()}
    while more := {name for name, inner in around.items() if name not in marked and inner & marked}:
        marked |= more
    found = model(client)["operations"].items()
    return {xform_name(name) for name, one in found if one.get("output", {}).get("shape") in marked}


def _members(shape: dict[str, Any]) -> list[dict[str, Any]]:
    inner = (*shape.get("members", {}).values(), shape.get("key"), shape.get("value"), shape.get("member"))
    return [member for member in inner if member]


@cache
def code() -> dict[str, str]:
    """What runs in production and speaks of AWS, by its path."""
    files = (*(ROOT / "workers").rglob("*.py"), *(ROOT / "bot").rglob("*.py"))
    texts = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}
    return {path: text for path, text in texts.items() if re.search("aws|boto", text)}


@cache
def written() -> tuple[tuple[str, Kind, list[ast.expr]], ...]:
    """Where our code sends something to AWS: the file, the kind it has to be of, and the arguments."""
    return tuple(
        (path, SENDS[node.func.attr], node.args)
        for path, text in code().items()
        if re.search(r"(aws|self)\.(call|pages|change)\(", text)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SENDS
        and ast.unparse(node.func.value).endswith(("aws", "self"))
    )


def named() -> set[tuple[str, str, Kind]]:
    """Client, operation and kind of everything that our code and our rows ask for."""
    literal: set[tuple[str, str, Kind]] = {
        (str(client.value), str(operation.value), kind)
        for _, kind, (client, operation, *_) in written()
        if isinstance(client, ast.Constant) and isinstance(operation, ast.Constant)
    }
    rows: set[tuple[str, str, Kind]] = {
        (row.client, listing.call, "read")
        for row in catalogue()
        for listing in (row.each, row.list, row.detail)
        if listing
    }
    changes: set[tuple[str, str, Kind]] = {
        (row.client, row.operation, "change") for row in change_rows().values()
    }
    before: set[tuple[str, str, Kind]] = {
        (row.client, row.before.call, "read")
        for row in change_rows().values()
        if isinstance(row.before, Read)
    }
    return literal | rows | changes | before


# -- what is listed


@pytest.mark.parametrize("client", ROWS)
def test_every_operation_of_a_service_is_in_exactly_one_list(client: str) -> None:
    listed = Counter(one for kind, named in ROWS[client].items() if kind != "rest" for one in named)

    if ROWS[client].get("rest") == "denied":
        assert {"read", "rest"} <= set(ROWS[client]) <= {"read", "change", "rest"}
        assert set(listed) <= known(client)
    else:
        assert set(ROWS[client]) == {"read", "denied", "change"}
        assert set(listed) == known(client)
    assert {operation for operation, times in listed.items() if times > 1} == set()


def test_no_read_tells_what_aws_calls_sensitive_but_those_we_know_of() -> None:
    told = {(client, operation) for client in ROWS for operation in telling(client)}

    assert {one for one in told if operations().get(one) == "read"} == TELLING


@pytest.mark.parametrize(
    ("client", "operation", "kind"),
    [
        ("ec2", "get_password_data", "denied"),
        ("ec2", "get_console_output", "denied"),
        ("ecs", "execute_command", "change"),
        ("lambda", "get_function", "denied"),
        ("lambda", "invoke", "change"),
        ("cloudtrail", "start_query", "denied"),
        ("rds", "download_db_log_file_portion", "denied"),
        ("sqs", "receive_message", "change"),
        ("sts", "assume_role", "denied"),
        ("elasticache", "test_failover", "change"),
    ],
)
def test_what_only_sounds_like_a_read_is_none(client: str, operation: str, kind: Kind) -> None:
    assert operations()[client, operation] == kind


# -- what is asked for


def test_everything_our_code_asks_for_is_of_the_kind_it_is_sent_as() -> None:
    asked = named()

    assert {one for one in asked if operations().get(one[:2]) != one[2]} == set()
    assert {("sts", "get_caller_identity", "read"), ("ecs", "update_service", "change")} < asked


def test_what_the_policies_are_made_of_is_what_our_code_asks_for() -> None:
    literal = {
        (str(client.value), str(operation.value))
        for _, kind, (client, operation, *_) in written()
        if kind == "read" and isinstance(client, ast.Constant) and isinstance(operation, ast.Constant)
    }

    asked = {(client, one) for client, named in table("aws_asked.yaml").items() for one in named}
    assert asked == literal


def test_policy_of_the_worker_changes_nothing_and_that_of_the_executor_only_what_is_a_row() -> None:
    worker, executor = permissions.policy("worker"), permissions.policy("executor")

    (reads,) = worker["Statement"]
    assert executor["Statement"][0] == reads
    assert executor["Statement"][1]["Action"] == sorted(
        {permissions.permission(row.client, row.operation) for row in change_rows().values()}
        | {"ec2:RunInstances", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"}
    )
    assert not set(reads["Action"]) & set(executor["Statement"][1]["Action"])
    verbs = {action.partition(":")[2] for action in reads["Action"]}
    assert all(
        re.match("Describe|Get|List|Lookup|Filter|BatchGet|GET|StartQuery|StopQuery", verb) for verb in verbs
    )
    assert {"s3:ListAllMyBuckets", "apigateway:GET", "es:DescribeDomains"} < set(reads["Action"])
    assert not [action for action in reads["Action"] if "*" in action]


def test_services_are_listed_exactly_if_something_asks_them() -> None:
    assert {client for client, _, _ in named()} | set(AT_ONCE) == set(ROWS)


def test_nothing_but_the_engine_makes_a_client() -> None:
    makers = {path for path, text in code().items() if re.search(r"\.(client|resource)\(", text)}

    assert makers == {"workers/tools/aws.py"}


def test_only_rows_of_ours_name_an_operation_that_is_not_written_out() -> None:
    loose = {
        (path, *map(ast.unparse, args[:2]))
        for path, _, args in written()
        if not all(isinstance(argument, ast.Constant) for argument in args[:2])
    }

    assert loose == {
        ("workers/tools/aws.py", "service", "operation"),
        ("workers/tools/changes.py", "row.client", "row.operation"),
        ("workers/tools/states.py", "row.client", "row.before.call"),
        ("workers/tools/listing.py", "row.client", "detail.call"),
        ("workers/tools/listing.py", "row.client", "row.each.call"),
        ("workers/tools/listing.py", "row.client", "row.list.call"),
    }


# -- what is sent


@pytest.fixture(scope="module")
def line() -> Iterator[Wire]:
    with wire("http://127.0.0.1:9") as one:
        yield one


@pytest.fixture(scope="module")
def aws(line: Wire) -> Aws:
    session = Session("AKIAEXAMPLE", "example", region_name="eu-central-1")
    return Aws(session, "eu-central-1", endpoint_url=line.url)


@pytest.mark.parametrize(
    ("client", "operation", "told"),
    [
        ("sqs", "receive_message", "is not sent as a read: it is listed as change"),
        ("ecs", "execute_command", "is not sent as a read: it is listed as change"),
        ("lambda", "get_function", "is not sent as a read: it is listed as denied"),
        ("sts", "assume_role", "is not sent as a read: it is listed as denied"),
        ("ecs", "describe_everything", "is not sent as a read: it is not listed"),
        ("ecs", "generate_presigned_url", "is not sent as a read: it is not listed"),
        ("secretsmanager", "get_secret_value", "is not sent as a read: it is not listed"),
    ],
)
def test_what_is_no_read_is_refused_before_anything_is_sent(
    aws: Aws, line: Wire, client: str, operation: str, told: str
) -> None:
    before = len(line.seen)

    with Counted() as counted:
        with pytest.raises(Refused, match=f"AWS {client} {operation} {told}"):
            aws.call(client, operation)
        with pytest.raises(Refused, match=told) as refused:
            aws.pages(client, operation, "items")

    assert (len(line.seen), counted.calls) == (before, 0)
    assert "row of aws_changes.yaml" in refused.value.mend


@pytest.mark.parametrize("operation", ["list_clusters", "discover_poll_endpoint", "update_everything"])
def test_what_is_no_change_is_not_sent_as_one(aws: Aws, line: Wire, operation: str) -> None:
    before = len(line.seen)

    with pytest.raises(Refused, match="is not sent as a change"):
        aws.change("ecs", operation)

    assert len(line.seen) == before


def test_read_and_change_get_through(aws: Aws, line: Wire) -> None:
    for operation in ("ListClusters", "UpdateService"):
        line.gate(operation, answer=(200, b"{}"))

    aws.call("ecs", "list_clusters")
    aws.change("ecs", "update_service", service="checkout")

    assert [name.rsplit(".", 1)[1] for name in line.seen[-2:]] == ["ListClusters", "UpdateService"]
