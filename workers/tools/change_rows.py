"""`aws_changes.yaml` as typed rows, and whether a call is one of a row."""

from functools import cache
from typing import Any, Literal

from pydantic import JsonValue, TypeAdapter

from workers.domain.call import PLACE, ToolCall
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.domain.value import Value
from workers.hiding import HIDDEN, redacted
from workers.tools.rows import table

# Longer arguments than AWS's longest ARNs would not fit on a card in full.
LONGEST = 300


class Action(Value):
    """A read action of ours that tells the state, and the arguments it takes over."""

    action: str
    with_: tuple[str, ...]


class Read(Value):
    """The call that tells the state: `item` is a JMESPath into its answer, those of `state` into the item."""

    call: str
    with_: dict[str, Any]
    item: str
    state: dict[str, str]


class ChangeRow(Value):
    """One row of `aws_changes.yaml`, whose head says what each field is."""

    id: str
    title: str
    client: str
    operation: str
    takes: dict[str, Literal["text", "count"]]
    send: dict[str, Any] = {}
    risk: Literal["low", "high", "critical"]
    before: Action | Read
    holds: tuple[str, ...]
    only: dict[str, tuple[str | bool | int | None, ...]] = {}
    undo: dict[str, str] = {}
    undone_by: str = ""
    no_undo: str = ""
    undo_tested: bool = False
    settled: dict[str, str] = {}
    effect: dict[str, tuple[str | bool, ...]] = {}
    moves: tuple[str, ...] = ()
    steady: dict[str, str | int] = {}
    progress: str = ""
    narrow: str = ""
    needs: tuple[str, ...] = ()
    again: str
    blast_radius: str

    @property
    def level(self) -> Risk:
        """How much harm it can do: a step more where nothing can undo it."""
        declared = Risk[self.risk.upper()]
        return declared.raised() if self.no_undo else declared


@cache
def change_rows() -> dict[str, ChangeRow]:
    rows = [{**row, "before": _renamed(row["before"])} for row in table("aws_changes.yaml")]
    return {row.id: row for row in TypeAdapter(tuple[ChangeRow, ...]).validate_python(rows)}


def _renamed(before: dict[str, Any]) -> dict[str, Any]:
    return {{"with": "with_"}.get(key, key): value for key, value in before.items()}


def row_of(call: ToolCall) -> ChangeRow:
    """The row a call is of; raises `Refused` when there is none, or when its arguments are not the row's."""
    row = change_rows().get(call.name)
    if row is None:
        raise Refused(f"{call.name} is not a change Runbook can make", "Only rows of aws_changes.yaml exist.")
    extra = sorted(set(call.arguments) - {*row.takes, PLACE})
    missing = sorted(set(row.takes) - set(call.arguments))
    if extra or missing:
        raise Refused(f"{call.name} takes {', '.join(row.takes)}; extra: {extra}, missing: {missing}")
    odd = [name for name, value in call.arguments.items() if not shows(value)]
    if odd:
        raise Refused(f"{call.name}: {', '.join(odd)} cannot be shown to an approver exactly as it is sent")
    counts = [name for name, kind in row.takes.items() if kind == "count"]
    wrong = [name for name, value in call.arguments.items() if isinstance(value, int) != (name in counts)]
    if wrong:
        raise Refused(f"{call.name}: {', '.join(wrong)} is not a {row.takes[wrong[0]]}")
    return row


def shows(value: JsonValue) -> bool:
    """AWS's names are plain ASCII and no secrets; anything else could look on a card like what it is not."""
    if isinstance(value, str):
        plain = value.isascii() and value.isprintable() and HIDDEN not in value and redacted(value) == value
        return 0 < len(value) <= LONGEST and plain
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
