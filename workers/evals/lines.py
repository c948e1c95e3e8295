"""Files of one JSON object a line, as the sets keep their cases and labels."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from workers.domain.errors import RunbookError

Row = Mapping[str, Any]


def read(path: Path) -> list[Row]:
    """The objects of a file in order. Raises `RunbookError` where it cannot be read as that."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunbookError(f"{path} cannot be read: {error}", "Check the folder given.") from error
    return [_object(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Make these the objects of a file: all of them or, where that breaks off, none."""
    part = path.with_name(f"{path.name}.part")
    part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    part.replace(path)


def _object(path: Path, number: int, line: str) -> Row:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise RunbookError(f"{path}, line {number}: {error}", "Mend or remove that line.") from error
    if not isinstance(found, dict):
        raise RunbookError(f"{path}, line {number} is no JSON object", "Mend or remove that line.")
    return cast(Row, found)
