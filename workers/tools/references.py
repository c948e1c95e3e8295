"""What settings, event sources and policies name that has to be looked up: `aws_references.yaml`, read."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, cast

from workers.domain.value import Value
from workers.tools.rows import Service, catalogue, table

PLAIN = re.compile(r"[A-Za-z0-9][\w.-]{1,254}")
"""A name that stands alone as a setting's value."""
SOURCE = "aws:sourcearn"
"""The condition by which a policy says on whose behalf a service of AWS may come."""


class Reference(Value):
    """A thing by its row and its name or id there."""

    row: str
    name: str


class _Form(Value):
    row: str
    arn: str = ""
    host: str = ""
    setting: str = ""

    def named(self, variable: str, value: str) -> str:
        for pattern in (self.arn, self.host):
            if pattern and (found := re.search(pattern, value)):
                return next(filter(None, found.groups()))
        worded = self.setting and re.search(rf"(?:^|_){self.setting}(?:_NAME)?$", variable.upper())
        return value if worded and PLAIN.fullmatch(value) else ""


def references(value: str, variable: str = "") -> tuple[Reference, ...]:
    """What a value names, by the setting that holds it; an API's id may be of either kind."""
    named = ((form, form.named(variable, value)) for form in _forms())
    found = [(form, name) for form, name in named if name]
    # A DELIVERY_STREAM is no STREAM.
    longest = max((len(form.setting) for form, name in found if name == value), default=0)
    return tuple(
        Reference(row=form.row, name=name)
        for form, name in found
        if name != value or len(form.setting) == longest
    )


def row_of(id_: str) -> Service:
    return _rows()[id_]


def sources(policy: str) -> tuple[str, ...]:
    """The ARNs of what a resource's policy lets come to it: rules, topics, buckets, APIs."""
    try:
        statements: Any = json.loads(policy or "{}").get("Statement", [])
    except ValueError:  # AWS checks policies; what is none allows nothing
        return ()
    stated = cast(list[dict[str, Any]], statements if isinstance(statements, list) else [statements])
    return tuple(dict.fromkeys(arn for one in stated if one.get("Effect") == "Allow" for arn in _from(one)))


def _from(statement: dict[str, Any]) -> Iterator[str]:
    conditions: Iterable[dict[str, Any]] = statement.get("Condition", {}).values()
    for keys in conditions:
        for key, value in keys.items():
            if key.lower() == SOURCE:
                yield from value if isinstance(value, list) else [value]


@cache
def _forms() -> tuple[_Form, ...]:
    return tuple(_Form.model_validate(row) for row in table("aws_references.yaml"))


@cache
def _rows() -> dict[str, Service]:
    return {row.id: row for row in catalogue()}
