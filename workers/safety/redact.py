"""What tools answer, made fit to be kept: no secret, nothing invisible, and no text without an end."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from workers.domain.call import ToolData
from workers.domain.telemetry import Series
from workers.hiding import HIDDEN, redacted, secretive, shown

__all__ = ["clean", "plain", "redacted", "scrubbed"]

LONGEST = 40_000
"""Characters of one text that a tool may answer; what comes after them is cut off."""

# Lists of settings, as ECS, CloudFormation and Kubernetes write them: {"name": "DB_PASSWORD", "value": "…"}.
_NAMES, _VALUES = frozenset({"name", "key", "parameterkey"}), frozenset({"value", "parametervalue"})


def clean(data: ToolData) -> ToolData:
    """A tool's answer with every text in it made plain; numbers are left alone."""
    if data.kind == "series":  # their points are many, and no texts
        return data.model_copy(update={"series": tuple(map(_named, data.series))})
    return type(data).model_validate(scrubbed(data.model_dump(), plain))


def plain(text: str) -> str:
    """A text of others without secrets, without what cannot be seen, and cut to `LONGEST`."""
    told = shown(text, LONGEST)
    return told if len(text) <= LONGEST else f"{told}… (the rest was cut off)"


def _named(one: Series) -> Series:
    names = {"service": one.service, "metric": one.metric, "source": one.source}
    return one.model_copy(update={field: plain(name) for field, name in names.items()})


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
