"""The sets of recorded incidents there are readers for, and their labels, which only a scorer reads."""

from collections.abc import Callable, Iterator
from pathlib import Path

from workers.domain.errors import RunbookError
from workers.domain.value import Value
from workers.evals import holmesgpt, incidents, lines, nezha, petshop, rootcausebench
from workers.evals.lines import Row
from workers.evals.recorded import Recorded
from workers.evals.variants import VARIANTS

SETS: dict[str, Callable[[Path, Row], Recorded]] = {
    holmesgpt.SET: holmesgpt.case,
    incidents.SET: incidents.case,
    "nezha": nezha.case,
    "petshop": petshop.case,
    "rootcausebench": rootcausebench.case,
}
"""A set's reader makes a case of a line of its `cases.jsonl`."""
CASES = "cases.jsonl"
FIXED = frozenset({holmesgpt.SET, incidents.SET})
"""Sets whose answers stand fixed, so that nothing harder can be made of them."""


class Truth(Value):
    """The label of one case: where the fault was, and of which kind.

    `change` is the one that caused it (`none` where none did; empty where the set does not say),
    `decoys` those that only look like it. Sets that ask for words have `facts` in the place of all that.
    """

    id: str
    service: str = ""
    kind: str = ""
    change: str = ""
    decoys: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


def found(data: Path) -> tuple[str, ...]:
    """The sets below `data` that can be read. Raises `RunbookError` where there are none."""
    names = tuple(name for name in sorted(SETS) if (data / name / CASES).is_file())
    if not names:
        raise RunbookError(
            f"{data} holds none of the sets {', '.join(sorted(SETS))}", "Give their folder with --data."
        )
    return names


def cases(data: Path, name: str, variant: str = "") -> Iterator[Recorded]:
    """The cases of a set below `data`, or what a variant makes of them.

    Raises `RunbookError` where there are none.
    """
    folder = data / name
    if name not in SETS:
        raise RunbookError(
            f"there is no reader for the set {name!r}", f"There are: {', '.join(sorted(SETS))}."
        )
    if not (folder / CASES).is_file():
        raise RunbookError(f"{folder} holds no {CASES}", "Give the folder of the sets with --data.")
    rows = lines.read(folder / CASES)
    if not variant:
        return (SETS[name](folder, row) for row in rows)
    if name in FIXED:
        return iter(())
    made = VARIANTS[variant]
    return (case for row in rows for case in made(SETS[name], folder, row))


def truths(data: Path, name: str) -> dict[str, Truth]:
    """The labels of a set by case; incidents of one's own may have none yet."""
    path = data / name / "truth.jsonl"
    rows = lines.read(path) if path.is_file() or name != incidents.SET else []
    labels = (_label(path, row) for row in rows)
    return {label.id: label for label in labels}


def _label(path: Path, row: Row) -> Truth:
    try:
        if "expected" in row:
            return Truth(id=row["id"], facts=tuple(row["expected"]))
        return Truth(
            id=row["id"],
            service=row["service"],
            kind=row.get("fault_type", ""),
            change=row.get("root_cause_commit", ""),
            decoys=tuple(row.get("decoys", ())),
        )
    except KeyError as error:
        raise RunbookError(
            f"{path} holds a label without {error}", "A label has an id and a service."
        ) from error
