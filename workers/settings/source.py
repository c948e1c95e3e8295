"""YAML and `${VAR}` into a plain tree that remembers which line every key came from. Called by `load`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml import nodes

from workers.settings.plain import Key

MOST_BYTES = 256 * 1024
MOST_NODES = 10_000
DEEPEST = 24

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)(?=\{)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<bad>\{))"
)
_QUOTE = "If it is meant as text, put it in quotes."


@dataclass(frozen=True)
class Place:
    """A key in a file (line 0: nowhere in it) or in the environment."""

    source: str
    line: int = 0
    key: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.source}:{self.line}" if self.line else self.source, self.key)))


@dataclass(frozen=True)
class Problem:
    """One thing to mend. It names places and kinds, never a value: a value may be a secret."""

    place: Place
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.mend}"


@dataclass(frozen=True)
class Use:
    """A value that needs variables."""

    key: Key
    names: tuple[str, ...]
    place: Place


@dataclass
class Document:
    """What was said: `tree` without empty values, the line of each key, which variable gave a key by itself,
    what uses variables, and what lacks them."""

    name: str = ""
    tree: dict[str, Any] = field(default_factory=dict[str, Any])
    lines: dict[Key, int] = field(default_factory=dict[Key, int])
    given: dict[Key, str] = field(default_factory=dict[Key, str])
    uses: list[Use] = field(default_factory=list[Use])
    missing: list[Use] = field(default_factory=list[Use])
    problems: list[Problem] = field(default_factory=list[Problem])
    unread: bool = False

    def where(self, key: Key) -> Place:
        """The line of `key`, or of the section that should hold it."""
        if key in self.given:
            return Place(f"{self.given[key]} (environment)", 0, dotted(key))
        near = next((self.lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.lines), 0)
        return Place(self.name, near, dotted(key))

    def broken(self, line: int, what: str, mend: str) -> None:
        self.problems.append(Problem(Place(self.name, line), what, mend))


def dotted(key: Key) -> str:
    """`("a", 0, "b")` as a person writes it: `a[0].b`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """The file at `path`; what cannot be read is a problem in the answer, not an exception."""
    document = Document(name=str(path))
    text = _text(path, document)
    document.unread = text is None or not _sane(text, document)
    if text is None or document.unread:
        return document
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, nodes.MappingNode):
        document.tree = _mapping(root, (), document, environ)
    elif root is not None and not (isinstance(root, nodes.ScalarNode) and root.tag.endswith(":null")):
        document.unread = True
        document.broken(_line(root), "expected keys at the top", "Start with a key, like `slack:`.")
    return document


def _text(path: Path, document: Document) -> str | None:
    try:
        if not path.is_file():
            raise OSError("not a file" if path.exists() else "no such file")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or str(error)
        document.broken(0, f"cannot be read: {why.lower()}", "Check the path and its permissions.")
        return None
    if len(raw) > MOST_BYTES:
        document.broken(
            0, f"is larger than {MOST_BYTES // 1024} KB", "This is hardly a configuration; check the path."
        )
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        document.broken(line, "is not UTF-8 text", "Save the file as UTF-8.")
        return None


def _sane(text: str, document: Document) -> bool:
    """Whether it is YAML of a size that can be walked; anchors are refused, so nothing multiplies."""
    depth = count = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if getattr(event, "anchor", None):
                document.broken(line, "uses an anchor or an alias (& or *)", f"Write the value out. {_QUOTE}")
            elif getattr(event, "tag", None):
                document.broken(line, "uses a tag (!)", _QUOTE)
            elif isinstance(event, yaml.DocumentStartEvent) and event.explicit and count:
                document.broken(line, "starts a second document (---)", "Keep one.")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            count += isinstance(event, yaml.NodeEvent)
            if depth > DEEPEST or count > MOST_NODES:
                document.broken(
                    line, "is nested too deep or has too many values", "This is hardly a configuration."
                )
            if document.problems:
                return False
    except yaml.YAMLError as error:
        document.broken(*_syntax(error, text))
        return False
    return True


def _syntax(error: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    """Line, what and mend; without PyYAML's excerpt, which may show a secret."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        at: int = getattr(error, "position", 0)
        return (
            text.count("\n", 0, at) + 1,
            "holds a character that YAML does not allow",
            "Remove the control character.",
        )
    line, column = int(mark.line) + 1, int(mark.column)
    written = [*text.splitlines(), "", ""][line - 1]
    if "\t" in written[: len(written) - len(written.lstrip())] or written[column : column + 1] == "\t":
        return line, "is indented with a tab", "Indent with spaces."
    problem = re.sub(r"'[^']*'|\"[^\"]*\"", "…", str(getattr(error, "problem", "") or "cannot be read"))
    return (
        line,
        f"is not YAML: {problem}",
        f"Check colons, quotes and indentation here and one line above. {_QUOTE}",
    )


def _mapping(
    node: nodes.MappingNode, at: Key, document: Document, environ: Mapping[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in node.value:
        line = _line(name)
        if not isinstance(name, nodes.ScalarNode) or not name.tag.endswith(":str"):
            document.broken(
                line, "has a key that is not a word", "Keys are words; put numbers, yes and no in quotes."
            )
            continue
        key = (*at, str(name.value))
        if key in document.lines:
            document.broken(
                line,
                f"{dotted(key)} is written twice",
                f"It is already on line {document.lines[key]}; keep one.",
            )
            continue
        document.lines[key] = line
        # An empty key says nothing, so it is as if it were not there.
        if (said := _value(value, key, document, environ)) is not None:
            found[str(name.value)] = said
    return found


def _value(node: nodes.Node, at: Key, document: Document, environ: Mapping[str, str]) -> Any:
    if isinstance(node, nodes.MappingNode):
        return _mapping(node, at, document, environ)
    if isinstance(node, nodes.SequenceNode):
        return _list(node, at, document, environ)
    if node.tag.endswith(":str"):
        return _expand(str(node.value), at, document, environ)
    return _scalar(node, document)


def _list(node: nodes.SequenceNode, at: Key, document: Document, environ: Mapping[str, str]) -> list[Any]:
    kept: list[Any] = []
    for item in node.value:
        # Numbered as they are kept, as a validator will count them.
        key = (*at, len(kept))
        document.lines[key] = _line(item)
        value = _value(item, key, document, environ)
        if value is not None:
            kept.append(value)
    return kept


def _scalar(node: nodes.Node, document: Document) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(node)  # pyright: ignore[reportUnknownMemberType] — untyped in PyYAML
    except (ValueError, yaml.YAMLError):
        document.broken(_line(node), "is neither a number nor a date that exists", _QUOTE)
        return None


def _expand(text: str, at: Key, document: Document, environ: Mapping[str, str]) -> str | None:
    """`text` with its variables filled in; None where it is empty or a variable is not set."""
    missing: list[str] = []
    used: list[str] = []

    def fill(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["bad"]:
            document.broken(
                document.lines[at],
                f"{dotted(at)} has a `${{` that names no variable",
                "Write ${NAME}, or $${ for the text.",
            )
            return ""
        used.append(match["name"])
        value = environ.get(match["name"]) or match["default"]
        if value is None:
            missing.append(match["name"])
        return value or ""

    filled = _VARIABLE.sub(fill, text)
    if used:
        document.uses.append(Use(at, tuple(used), document.where(at)))
    if missing:
        document.missing.append(Use(at, tuple(missing), document.where(at)))
        return None
    return filled or None


def _line(node: nodes.Node) -> int:
    return node.start_mark.line + 1
