"""The YAML block on top of a document, read with caps: it is anybody's text.

Every value is read as text and nothing is constructed, so `no` stays "no", tags are inert and a
number cannot grow; what the fields mean is decided by `Front`.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, cast
from urllib.parse import urlsplit

import yaml
from pydantic import AliasChoices, BeforeValidator, Field, ValidationError, field_validator

from knowledge.document import Kind
from workers.domain.errors import BadDocument
from workers.domain.value import Value

MAX_CHARS = 256 * 1024
MAX_DEPTH = 50
MAX_NODES = 20_000

_FENCE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
# libyaml where the wheel carries it: PyYAML's own scanner needs seconds for 256 KiB.
_LOADER = cast("type[yaml.BaseLoader]", getattr(yaml, "CBaseLoader", yaml.BaseLoader))


def _items(value: object) -> object:
    """One name is a list of one; `a, b` is a list of two."""
    if isinstance(value, str):
        value = value.split(",")
    return [_item(item) for item in cast("list[object]", value)] if isinstance(value, list) else value


def _item(item: object) -> object:
    """`- FATAL: no slots left` is meant as a sentence, and is a mapping to YAML."""
    if isinstance(item, dict):
        return ", ".join(f"{key}: {rest}" for key, rest in cast("dict[object, object]", item).items())
    return item.strip() if isinstance(item, str) else item


def _line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _word(value: object) -> object:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def _kind(value: object) -> object:
    word = re.sub(r"[\s_-]+", "_", value.strip().casefold()) if isinstance(value, str) else value
    return {"post_mortem": "postmortem", "run_book": "runbook", "play_book": "playbook"}.get(str(word), word)


_Name = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=120)]
_Line = Annotated[str, BeforeValidator(_line), Field(max_length=200)]
_Sentence = Annotated[str, BeforeValidator(_line), Field(min_length=1, max_length=400)]
_Names = Annotated[tuple[_Name, ...], BeforeValidator(_items), Field(max_length=64)]
_Sentences = Annotated[tuple[_Sentence, ...], BeforeValidator(_items), Field(max_length=64)]


class Front(Value, extra="ignore"):
    """The fields we know; a team's own fields are left alone."""

    title: _Line = ""
    kind: Annotated[Kind, BeforeValidator(_kind)] = Field(
        default="runbook", validation_alias=AliasChoices("type", "kind")
    )
    services: _Names = Field(default=(), validation_alias=AliasChoices("services", "service"))
    symptoms: _Sentences = ()
    severity: _Line = ""
    tags: _Names = ()
    owner: _Line = ""
    last_validated: date | None = Field(
        default=None, validation_alias=AliasChoices("last_validated", "lastValidated", "last-validated")
    )
    url: str = Field(default="", max_length=2000)

    @field_validator("last_validated", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else value

    @field_validator("url")
    @classmethod
    def _web(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or re.search(r"[\s<>|]", value)):
            raise ValueError("must be an http or https address")
        return value


def split(name: str, text: str) -> tuple[Front, str]:
    """The fields and the body below them. Raises `BadDocument` with the line that is wrong."""
    opening = _FENCE.match(text)
    if opening is None or text.startswith("..."):
        return Front(), text
    closing = _FENCE.search(text, opening.end())
    if closing is None:
        raise BadDocument(name, "its frontmatter has no end", "Close it with a line of three dashes: ---")
    raw = text[opening.end() : closing.start()]
    if len(raw) > MAX_CHARS:
        raise BadDocument(name, f"its frontmatter is longer than {MAX_CHARS // 1024} KiB", "Shorten it.")
    return _front(name, _load(name, raw)), text[closing.end() :].lstrip("\n")


def _load(name: str, raw: str) -> Mapping[str, object]:
    try:
        _check(name, raw)
        loaded: object = yaml.load(raw, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise BadDocument(name, f"its frontmatter is not YAML: {_where(error)}", "Mend that line.") from error
    if loaded is None or loaded == "":
        return {}
    if not isinstance(loaded, dict):
        raise BadDocument(name, "its frontmatter is not a mapping", "Write one `key: value` on each line.")
    fields = cast("dict[object, object]", loaded)
    return {str(key): value for key, value in fields.items() if value != ""}


def _check(name: str, raw: str) -> None:
    """Refuse what would grow or recurse, before anything is built from it."""
    depth = 0
    events = cast("list[yaml.Event]", yaml.parse(raw, Loader=_LOADER))
    for count, event in enumerate(events):
        if isinstance(event, yaml.AliasEvent):
            raise BadDocument(name, "its frontmatter uses a YAML alias", "Write the value out instead.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BadDocument(name, f"its frontmatter is nested deeper than {MAX_DEPTH}", "Make it flat.")
        if count > MAX_NODES:
            raise BadDocument(name, f"its frontmatter has more than {MAX_NODES} values", "Shorten it.")


def _front(name: str, fields: Mapping[str, object]) -> Front:
    try:
        return Front.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadDocument(
            name, f"its frontmatter field `{field}` is wrong: {first['msg']}", "Mend that field."
        ) from error


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
