"""Secrets never reach a model, a message or a log: what looks like one is replaced where tools answer."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from workers.domain.call import ToolData
from workers.hiding import HIDDEN, redacted, secretive

__all__ = ["clean", "redacted", "scrubbed"]

# Lists of settings, as ECS, CloudFormation and Kubernetes write them: {"name": "DB_PASSWORD", "value": "…"}.
_NAMES, _VALUES = frozenset({"name", "key", "parameterkey"}), frozenset({"value", "parametervalue"})


def clean(data: ToolData) -> ToolData:
    """A tool's answer with every string in it redacted; numbers are left alone."""
    if data.kind == "series":
        return data
    return type(data).model_validate(scrubbed(data.model_dump()))


def scrubbed(value: Any, said: Callable[[str], str] = redacted) -> Any:
    """Every string in lists and mappings as `said` has it; what is called a secret is hidden."""
    if isinstance(value, str):
        return said(value)
    if isinstance(value, dict):
        fields = cast(dict[Any, Any], value)
        named, own = {said(str(key)): item for key, item in fields.items()}, _own(fields)
        return {
            key: _blank(item) if key.lower() in own else _field(key, item, said)
            for key, item in named.items()
        }
    if isinstance(value, list | tuple):
        return [scrubbed(item, said) for item in cast(Sequence[Any], value)]
    return value


def _own(fields: dict[Any, Any]) -> frozenset[str]:
    """The fields that hold nothing but secrets because another field says so."""
    if fields.get("kind") == "Secret":
        return frozenset({"data", "stringdata"})
    called = (item for key, item in fields.items() if str(key).lower() in _NAMES and isinstance(item, str))
    return _VALUES if any(map(secretive, called)) else frozenset()


def _field(name: str, value: Any, said: Callable[[str], str]) -> Any:
    return HIDDEN if value and isinstance(value, str) and secretive(name) else scrubbed(value, said)


def _blank(value: Any) -> Any:
    """The same with nothing to read in it."""
    if isinstance(value, dict):
        return {key: _blank(item) for key, item in cast(dict[Any, Any], value).items()}
    return HIDDEN if isinstance(value, str) and value else value
