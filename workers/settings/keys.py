"""Every key of the tree as a flat list: for "did you mean" and for the reference in the documentation."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from workers.settings.kinds import Section
from workers.settings.plain import Key
from workers.settings.source import dotted
from workers.settings.tree import Settings


@dataclass(frozen=True)
class Row:
    """One key. `[]` stands for a place in a list, `<name>` for a name of the operator's own."""

    key: str
    field: FieldInfo
    section: type[Section] | None

    @property
    def kind(self) -> str:
        return _kind(self.field.annotation)

    @property
    def default(self) -> str:
        return "required" if self.field.is_required() else _shown(self.field.default)


def rows(section: type[Section] = Settings, prefix: str = "") -> Iterator[Row]:
    """All keys below `section`, sections before what is in them."""
    for name, field in section.model_fields.items():
        inner, mark = _inside(field.annotation)
        key = f"{prefix}{name}{mark}"
        yield Row(key, field, inner)
        if inner is not None:
            yield from rows(inner, key + ".")


def nearest(key: Key) -> str | None:
    """The right key that an unknown one most likely means: in its own section, else anywhere."""
    section = _section(key[:-1])
    name = str(key[-1]).replace("-", "_").lower()
    fields = list(section.model_fields) if section else []
    begun = [field for field in fields if len(name) > 2 and field.startswith(name)]
    if close := begun or get_close_matches(name, fields, 1, 0.6):
        return dotted((*key[:-1], close[0]))
    return next((row.key for row in rows() if row.key.rpartition(".")[2] == name), None)


def known(key: Key) -> list[str]:
    """The keys of the section that `key` is in."""
    section = _section(key[:-1])
    return list(section.model_fields) if section else []


def _section(key: Key) -> type[Section] | None:
    section: type[Section] | None = Settings
    rest = list(key)
    while rest and section:
        field = section.model_fields.get(str(rest.pop(0)))
        section, mark = _inside(field.annotation) if field else (None, "")
        if mark and rest:
            rest.pop(0)
    return section


def _inside(annotation: Any) -> tuple[type[Section] | None, str]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, ""
    for mark, container in (("[]", tuple), (".<name>", dict)):
        if get_origin(annotation) is container:
            last = [part for part in get_args(annotation) if part is not Ellipsis][-1]
            if isinstance(last, type) and issubclass(last, Section):
                return last, mark
    return None, ""


def _kind(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(str(arg).lower() if isinstance(arg, bool) else str(arg) for arg in args)
    if origin in (Union, types.UnionType):
        return _kind(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return f"list of {_plural(_kind(args[0]))}"
    if origin is dict:
        return "section" if _inside(annotation)[0] else "names with text"
    if hasattr(annotation, "__metadata__"):
        return _kind(args[0])
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "section"
    return _WORDS.get(origin or annotation, "text")


_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "number",
    float: "number",
    SecretStr: "secret",
    timedelta: "duration",
}


def _plural(word: str) -> str:
    return {"text": "texts", "section": "sections"}.get(word, word)


def _shown(value: Any) -> str:
    match value:
        case None | () | Section():
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(_shown(item) for item in value)  # pyright: ignore[reportUnknownVariableType] — any tuple
        case timedelta():
            minutes = int(value.total_seconds() // 60)
            if value.days > 1 and not value.seconds:
                return f"{value.days}d"
            return f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"
        case _ if hasattr(value, "pattern"):
            return str(value.pattern)
        case dict():
            return ""
        case _:
            return str(value)
