"""Whether a JMESPath leads anywhere in the shape of an AWS answer, and what values it may find there."""

from typing import Any

import jmespath


def leads(path: str, shape: Any) -> Any:
    """The shape that a path finds, `None` where it makes one of its own; else raises `LookupError`."""
    parser: Any = jmespath.compile(path)
    return _walk(parser.parsed, shape)


def _walk(node: dict[str, Any], shape: Any) -> Any:
    kind, children = node["type"], node["children"]
    match kind:
        case "field":
            return _member(shape, node["value"])
        case "current" | "identity":
            return shape
        case "index" | "slice":
            return _inner(shape) if kind == "index" else shape
        case "literal":
            return None
        case "subexpression" | "pipe" | "index_expression":
            for child in children:
                shape = _walk(child, shape)
            return shape
        case "projection" | "flatten" | "filter_projection":
            found = _walk(children[0], shape)
            each = found if kind == "flatten" or children[0]["type"] == "flatten" else _inner(found)
            if kind == "filter_projection":
                _walk(children[2], each)
            return _List(_walk(children[1], each)) if kind != "flatten" else _inner(found)
        case "comparator":
            sides = [_walk(child, shape) for child in children]
            for side, other in zip(sides, reversed(children), strict=True):
                if (
                    other["type"] == "literal"
                    and getattr(side, "enum", None)
                    and other["value"] not in side.enum
                ):
                    raise LookupError(f"{other['value']!r} is none of {side.enum}")
            return None
        case "function_expression" | "and_expression" | "or_expression":
            found = [_walk(child, shape) for child in children]
            return found[0] if kind == "or_expression" else None
        case _:
            raise LookupError(f"nobody taught this test about {kind}")


class _List:
    """What a projection makes: a list of what it finds in each."""

    type_name = "list"

    def __init__(self, member: Any) -> None:
        self.member = member


def _member(shape: Any, name: str) -> Any:
    if getattr(shape, "type_name", "") == "map" and name in shape.key.enum:
        return shape.value
    if getattr(shape, "type_name", "") != "structure" or name not in shape.members:
        raise LookupError(f"there is no {name}")
    return shape.members[name]


def _inner(shape: Any) -> Any:
    if getattr(shape, "type_name", "") != "list":
        raise LookupError("this is no list")
    return shape.member
