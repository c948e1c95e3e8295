"""What the worker and the executor have to be allowed in AWS, made of what they ask: no more than that."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Literal

import botocore.session
from botocore import xform_name

from workers.tools import aws
from workers.tools.change_rows import Read, change_rows
from workers.tools.rows import catalogue, table

Who = Literal["worker", "executor"]


def policy(who: Who) -> dict[str, Any]:
    """The least policy document for a user or role; whoever changes has to read, too."""
    statements = [_allowed("Read", _reads())]
    if who == "executor":
        statements.append(_changes())
    return {"Version": "2012-10-17", "Statement": statements}


PRIVATE = (
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "kinesis:GetRecords",
    "kms:Decrypt",
    "lambda:InvokeFunction",
    "s3:GetObject*",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
    "ssm:GetParameter*",
)
"""What tells customers' data or secrets: a role that allows it does not allow it to Runbook."""


def session_policy(who: Who) -> dict[str, Any]:
    """What goes with AWS's own ReadOnlyAccess into a role's session: less than the role, never more.

    AWS takes 2,048 characters. What a change needs besides (a redrive receives messages) is not denied.
    """
    change = [_changes()] if who == "executor" else []
    needed = {action for one in change for action in one["Action"]}
    denied = [action for action in PRIVATE if action not in needed]
    statements = [{"Effect": "Deny", "Action": denied, "Resource": "*"}, *change]
    return {"Version": "2012-10-17", "Statement": statements}


def _changes() -> dict[str, Any]:
    rows = change_rows().values()
    besides = (one for row in rows for one in row.needs)
    return _allowed("Change", ((row.client, row.operation) for row in rows), besides)


def _allowed(sid: str, operations: Iterable[tuple[str, str]], besides: Iterable[str] = ()) -> dict[str, Any]:
    actions = sorted({*(permission(*one) for one in operations), *besides})
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}


def _reads() -> Iterator[tuple[str, str]]:
    for client, named in table("aws_asked.yaml").items():
        yield from ((client, operation) for operation in named)
    for row in catalogue():
        yield from ((row.client, one.call) for one in (row.each, row.list, row.detail) if one)
    for row in change_rows().values():
        if isinstance(row.before, Read):
            yield row.client, row.before.call


def permission(client: str, operation: str) -> str:
    """IAM's name for an operation as boto3 spells it."""
    return aws.permission(client, operation, _names(client)[operation])


@cache
def _names(client: str) -> dict[str, str]:
    """AWS's own names of a client's operations."""
    session: Any = botocore.session.get_session()
    return {xform_name(name): name for name in session.get_service_model(client).operation_names}
