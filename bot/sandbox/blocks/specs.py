"""What a value may be, as small data types, and the walker that finds where a value is not that.

Problems are worded as Slack words them, such as
`must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class String:
    """A string of at least `least` and at most `most` characters."""

    most: int = 0
    least: int = 0


@dataclass(frozen=True)
class Choice:
    """One of some fixed words."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True)
class Number:
    """A number within bounds."""

    low: float = float("-inf")
    high: float = float("inf")


@dataclass(frozen=True)
class Anything:
    """Not looked into."""


@dataclass(frozen=True)
class Items:
    """An array of `of`. `or_null` lets items be null, as in column settings."""

    of: "Spec"
    most: int = 0
    least: int = 1
    or_null: bool = False


@dataclass(frozen=True)
class Shape:
    """An object with named fields; at least one of `one_of` must be there."""

    fields: dict[str, "Spec"]
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    one_of_error: str = ""


@dataclass(frozen=True)
class Typed:
    """An object whose `type` says which shape it has. `default` is taken where there is no type."""

    shapes: dict[str, "Spec"]
    default: str = ""


@dataclass(frozen=True)
class Union:
    """An object Slack matches against several schemas: it reports that all failed, then why."""

    of: "Spec"


@dataclass(frozen=True)
class Later:
    """A spec that refers to itself."""

    get: Callable[[], "Spec"]


Spec = String | Choice | Flag | Number | Anything | Items | Shape | Typed | Union | Later


@dataclass
class Problems:
    """What was found so far."""

    found: list[str] = field(default_factory=list)

    def add(self, problem: str, pointer: str) -> None:
        """Note one problem at one place."""
        self.found.append(f"{problem} [json-pointer:{pointer}]")


def check(value: Any, spec: Spec, pointer: str, problems: Problems) -> None:
    """Compare a value with its spec, and everything below it."""
    CHECKS[type(spec)](value, spec, pointer, problems)


def _string(value: Any, spec: String, pointer: str, problems: Problems) -> None:
    if not isinstance(value, str):
        problems.add("must provide a string", pointer)
    elif len(value) < spec.least:
        problems.add(f"must be more than {spec.least - 1} characters", pointer)
    elif spec.most and len(value) > spec.most:
        problems.add(f"must be less than {spec.most + 1} characters", pointer)


def _choice(value: Any, spec: Choice, pointer: str, problems: Problems) -> None:
    if value not in spec.values:
        problems.add("must be a valid enum value", pointer)


def _flag(value: Any, _spec: Flag, pointer: str, problems: Problems) -> None:
    if not isinstance(value, bool):
        problems.add("must provide a boolean", pointer)


def _number(value: Any, spec: Number, pointer: str, problems: Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.add("must provide a number", pointer)
    elif value < spec.low:
        problems.add(f"must be greater than or equal to {spec.low:g}", pointer)
    elif value > spec.high:
        problems.add(f"must be less than or equal to {spec.high:g}", pointer)


def _anything(_value: Any, _spec: Anything, _pointer: str, _problems: Problems) -> None:
    return


def _items(value: Any, spec: Items, pointer: str, problems: Problems) -> None:
    if not isinstance(value, list):
        problems.add("must provide an array", pointer)
        return
    if spec.most and len(value) > spec.most:
        problems.add(f"no more than {spec.most} items allowed", pointer)
    if len(value) < spec.least:
        problems.add(f"no less than {spec.least} items allowed", pointer)
    for number, item in enumerate(value):
        if item is not None or not spec.or_null:
            check(item, spec.of, f"{pointer}/{number}", problems)


def _shape(value: Any, spec: Shape, pointer: str, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add("must provide an object", pointer)
        return
    for name in spec.required:
        if value.get(name) is None:
            problems.add(f"missing required field: {name}", pointer)
    if spec.one_of and not any(value.get(name) for name in spec.one_of):
        problems.add(spec.one_of_error or f"missing required field: {spec.one_of[0]}", pointer)
    for name, inner in value.items():
        if name not in spec.fields:
            problems.add(f"invalid additional property: {name}", pointer)
        elif inner is not None:
            check(inner, spec.fields[name], f"{pointer}/{name}", problems)


def _typed(value: Any, spec: Typed, pointer: str, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add("must provide an object", pointer)
        return
    kind = value.get("type", spec.default)
    if not kind:
        problems.add("missing required field: type", pointer)
    elif not isinstance(kind, str) or kind not in spec.shapes:
        problems.add(f"unsupported type: {kind}", f"{pointer}/type")
    else:
        check(value, spec.shapes[kind], pointer, problems)


def _union(value: Any, spec: Union, pointer: str, problems: Problems) -> None:
    inner = Problems()
    check(value, spec.of, pointer, inner)
    if inner.found:
        problems.add("failed to match all allowed schemas", pointer)
        problems.found += inner.found


def _later(value: Any, spec: Later, pointer: str, problems: Problems) -> None:
    check(value, spec.get(), pointer, problems)


CHECKS: dict[type, Callable[[Any, Any, str, Problems], None]] = {
    String: _string,
    Choice: _choice,
    Flag: _flag,
    Number: _number,
    Anything: _anything,
    Items: _items,
    Shape: _shape,
    Typed: _typed,
    Union: _union,
    Later: _later,
}


def walk(node: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object inside a value, with its pointer."""
    if isinstance(node, dict):
        yield pointer, node
        for name, value in node.items():
            yield from walk(value, f"{pointer}/{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from walk(value, f"{pointer}/{number}")
