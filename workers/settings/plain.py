"""Walking a plain tree, as YAML gives it, by key."""

from collections.abc import Iterator
from typing import Any, cast

Key = tuple[str | int, ...]


def section(tree: Any) -> dict[str, Any] | None:
    """`tree` where it has keys, else None."""
    return cast("dict[str, Any]", tree) if isinstance(tree, dict) else None


def items(tree: Any) -> list[Any] | None:
    """`tree` where it is a list, else None."""
    return cast("list[Any]", tree) if isinstance(tree, list) else None


def at(tree: Any, key: Key) -> Any:
    """What stands at `key`, or None."""
    for part in key:
        tree = (section(tree) or {}).get(str(part))
    return tree


def put(tree: dict[str, Any], key: Key, value: Any) -> bool:
    """Put `value` at `key`; False where something else than a section is in the way."""
    for part in key[:-1]:
        below = section(tree.setdefault(str(part), {}))
        if below is None:
            return False
        tree = below
    tree[str(key[-1])] = value
    return True


def drop(tree: Any, key: Key) -> None:
    """Take away what stands at `key`; a list keeps its length."""
    if not key:
        return
    for part in key[:-1]:
        tree = _below(tree, part)
    last = key[-1]
    if (found := section(tree)) is not None:
        found.pop(str(last), None)
    elif (listed := items(tree)) is not None and isinstance(last, int) and last < len(listed):
        listed[last] = None


def copy(tree: Any) -> Any:
    if (found := section(tree)) is not None:
        return {name: copy(value) for name, value in found.items()}
    listed = items(tree)
    return tree if listed is None else [copy(item) for item in listed]


def leaves(tree: dict[str, Any], above: Key = ()) -> Iterator[Key]:
    """The keys of everything that is not a section."""
    for name, value in tree.items():
        if (below := section(value)) is not None:
            yield from leaves(below, (*above, name))
        else:
            yield (*above, name)


def _below(tree: Any, part: str | int) -> Any:
    listed = items(tree)
    if listed is not None:
        return listed[part] if isinstance(part, int) and part < len(listed) else None
    return (section(tree) or {}).get(str(part))
