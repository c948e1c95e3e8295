"""The changes Runbook can make, each a row of `aws_changes.yaml`; only the executor makes them.

The worker uses the same rows to read the state before and to word what would happen.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, cast

from pydantic import JsonValue, TypeAdapter

from workers.domain.approval import Narrow
from workers.domain.call import ToolCall
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.domain.value import Value
from workers.hiding import redacted
from workers.tools.aws import Aws
from workers.tools.rows import table

State = Mapping[str, JsonValue]

# Longer arguments than AWS's longest ARNs would not fit on a card in full.
LONGEST = 300


class Before(Value):
    """The read action that tells the state, with the arguments it takes over, and what must hold still."""

    action: str
    with_: tuple[str, ...]
    holds: tuple[str, ...]


class ChangeRow(Value):
    """One row of `aws_changes.yaml`."""

    id: str
    title: str
    client: str
    operation: str
    allowed: tuple[str, ...]
    required: tuple[str, ...]
    send: dict[str, Any] = {}
    risk: Literal["low", "high", "critical"]
    before: Before
    undo: dict[str, str]
    same: tuple[str, ...]
    settled: dict[str, str]
    verify: Literal["rollout"]
    undo_tested: bool = False
    narrow: str = ""
    blast_radius: str

    @property
    def level(self) -> Risk:
        return Risk[self.risk.upper()]


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
    extra = sorted(set(call.arguments) - set(row.allowed))
    missing = sorted(set(row.required) - set(call.arguments))
    if extra or missing:
        raise Refused(f"{call.name} takes {', '.join(row.allowed)}; extra: {extra}, missing: {missing}")
    odd = [name for name, value in call.arguments.items() if not _shows(value)]
    if odd:
        raise Refused(f"{call.name}: {', '.join(odd)} cannot be shown to an approver exactly as it is sent")
    return row


def _shows(value: JsonValue) -> bool:
    """AWS's names are plain ASCII and no secrets; anything else could look on a card like what it is not."""
    if isinstance(value, str):
        plain = value.isascii() and value.isprintable() and redacted(value) == value
        return 0 < len(value) <= LONGEST and plain
    return isinstance(value, int) and not isinstance(value, bool)


def reading(row: ChangeRow, call: ToolCall) -> ToolCall:
    """The read that tells the state which `call` would alter."""
    return ToolCall(
        name=row.before.action,
        arguments={name: call.arguments[name] for name in row.before.with_},
        why=f"the state before {row.id}",
    )


def undo(row: ChangeRow, call: ToolCall, before: State) -> ToolCall:
    """The exact call that restores `before`."""
    restored = {name: before[path.removeprefix("$before.")] for name, path in row.undo.items()}
    kept = {name: call.arguments[name] for name in row.same}
    return ToolCall(name=call.name, arguments={**kept, **restored}, why="undo")


def narrow(row: ChangeRow, call: ToolCall, before: State) -> Narrow | None:
    """What of a call an approver may bring nearer to `before`, where its row says so."""
    bound = before.get(row.undo[row.narrow].removeprefix("$before.")) if row.narrow else None
    if not isinstance(bound, int) or isinstance(bound, bool):
        return None
    open_ = call.model_copy(update={"arguments": {**call.arguments, row.narrow: "{}"}})
    return Narrow(
        argument=row.narrow,
        bound=bound,
        title=worded(row.title, open_),
        blast_radius=worded(row.blast_radius, open_),
    )


def drift(row: ChangeRow, before: State, now: State) -> str:
    """What has moved since the approval was asked for, in words; empty when nothing has."""
    moved = [
        f"{name} was {before.get(name)}, is {now.get(name)}"
        for name in row.before.holds
        if before.get(name) != now.get(name)
    ]
    return "; ".join(moved)


def in_effect(row: ChangeRow, call: ToolCall, now: State) -> bool:
    """Whether the system shows what the call asked for."""
    return all(now.get(shown) == call.arguments[asked] for asked, shown in row.settled.items())


def settled(now: State) -> bool:
    """A rollout is over when it says so, one deployment is left and all its tasks run."""
    return (
        now.get("rolloutState") == "COMPLETED"
        and now.get("deployments") == 1
        and now.get("runningCount") == now.get("desiredCount")
    )


def progress(now: State) -> str:
    """How far a rollout is, in words."""
    if not now:
        return "the service could not be read"
    if "function" in now:
        what = "version" if "version" in now else "reservedCount"
        return f"{what} {now[what]} of {now['function']}, rollout {str(now.get('rolloutState')).lower()}"
    on_instances = "taskDefinition" not in now
    revision = f"{now.get('template')}:{now.get('version')}" if on_instances else now["taskDefinition"]
    what = "instances" if on_instances else "tasks"
    running = f"{now.get('runningCount')} of {now.get('desiredCount')} {what} run"
    return f"{running}, revision {revision}, rollout {str(now.get('rolloutState')).lower()}"


def make(aws: Aws, call: ToolCall) -> dict[str, Any]:
    """Send the change, once. Raises `OutcomeUnknown` when its answer got lost."""
    row = row_of(call)
    return aws.change(row.client, row.operation, **sent(row, call))


def sent(row: ChangeRow, call: ToolCall) -> dict[str, Any]:
    """The call's arguments as AWS takes them."""
    return _filled(row.send, call) if row.send else dict(call.arguments)


def _filled(form: dict[str, Any], call: ToolCall) -> dict[str, Any]:
    def value(given: Any) -> Any:
        if isinstance(given, dict):
            return _filled(cast(dict[str, Any], given), call)
        named = isinstance(given, str) and given.startswith("$")
        return call.arguments[given[1:]] if named else given

    return {key: value(given) for key, given in form.items()}


def worded(template: str, call: ToolCall) -> str:
    return template.format(**{name: str(value) for name, value in call.arguments.items()})
