"""The sets of recorded incidents there are readers for, and their labels, which only a scorer reads."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workers.domain.errors import RunbookError
from workers.domain.value import Value
from workers.evals import nezha, petshop, rootcausebench
from workers.evals.recorded import Recorded
from workers.evals.variants import VARIANTS

Row = Mapping[str, Any]
SETS: dict[str, Callable[[Path, Row], Recorded]] = {
    "nezha": nezha.case,
    "petshop": petshop.case,
    "rootcausebench": rootcausebench.case,
}
"""A set's reader makes a case of a line of its `cases.jsonl`."""


class Truth(Value):
    """The label of one case: where the fault was, and of which kind.

    `change` is the one that caused it (`none` where none did; empty where the set does not say),
    `decoys` those that only look like it.
    """

    id: str
    service: str
    kind: str = ""
    change: str = ""
    decoys: tuple[str, ...] = ()


def cases(data: Path, name: str, variant: str = "") -> Iterator[Recorded]:
    """The cases of a set below `data`, or what a variant makes of them.

    Raises `RunbookError` where there are none.
    """
    folder = data / name
    if name not in SETS:
        raise RunbookError(
            f"there is no reader for the set {name!r}", f"There are: {', '.join(sorted(SETS))}."
        )
    if not (folder / "cases.jsonl").is_file():
        raise RunbookError(f"{folder} holds no cases.jsonl", "Give the folder of the sets with --data.")
    if not variant:
        return (SETS[name](folder, row) for row in rows(folder))
    made = VARIANTS[variant]
    return (case for row in rows(folder) for case in made(SETS[name], folder, row))


def rows(folder: Path) -> list[Row]:
    """The lines of a set's `cases.jsonl`."""
    return [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]


def truths(data: Path, name: str) -> dict[str, Truth]:
    """The labels of a set by case."""
    lines = (data / name / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    return {
        row["id"]: Truth(
            id=row["id"],
            service=row["service"],
            kind=row.get("fault_type", ""),
            change=row.get("root_cause_commit", ""),
            decoys=tuple(row.get("decoys", ())),
        )
        for row in rows
    }
