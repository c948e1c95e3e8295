"""Secrets never reach a model, a message or a log: what looks like one is replaced where tools answer."""

from collections.abc import Sequence
from typing import Any, cast

from workers.domain.call import ToolData
from workers.tools.hiding import HIDDEN, redacted, secretive

__all__ = ["clean", "redacted"]


def clean(data: ToolData) -> ToolData:
    """A tool's answer with every string in it redacted; numbers are left alone."""
    if data.kind == "series":
        return data
    return type(data).model_validate(_walk(data.model_dump()))


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        return {key: _field(key, item) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        return [_walk(item) for item in items]
    return value


def _field(name: str, value: Any) -> Any:
    return HIDDEN if value and isinstance(value, str) and secretive(name) else _walk(value)
