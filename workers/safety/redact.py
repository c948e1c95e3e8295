"""Secrets never reach a model, a message or a log: what looks like one is replaced where tools answer."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from workers.domain.call import ToolData
from workers.tools.hiding import HIDDEN, redacted, secretive

__all__ = ["clean", "redacted", "scrubbed"]


def clean(data: ToolData) -> ToolData:
    """A tool's answer with every string in it redacted; numbers are left alone."""
    if data.kind == "series":
        return data
    return type(data).model_validate(scrubbed(data.model_dump()))


def scrubbed(value: Any, said: Callable[[str], str] = redacted) -> Any:
    """Every string in lists and mappings as `said` has it; fields named like a secret are hidden."""
    if isinstance(value, str):
        return said(value)
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        return {key: _field(key, item, said) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        return [scrubbed(item, said) for item in items]
    return value


def _field(name: str, value: Any, said: Callable[[str], str]) -> Any:
    return HIDDEN if value and isinstance(value, str) and secretive(name) else scrubbed(value, said)
