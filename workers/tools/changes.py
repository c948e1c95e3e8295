"""The changes Runbook can make, each a row of `aws_changes.yaml`; only the executor makes them.

The worker uses the same rows to read the state before and to word what would happen.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from workers.domain.approval import Narrow
from workers.domain.call import PLACE, ToolCall
from workers.tools import states
from workers.tools.aws import Aws
from workers.tools.change_rows import Action, ChangeRow, Read, change_rows, row_of, shows
from workers.tools.inventory import Account
from workers.tools.places import Places

__all__ = ["ChangeRow", "State", "change_rows", "row_of"]

State = Mapping[str, JsonValue]


def reading(row: ChangeRow, call: ToolCall) -> ToolCall:
    """The read that tells the state which `call` would alter."""
    why = f"the state before {row.id}"
    if isinstance(row.before, Action):
        taken = {name: call.arguments[name] for name in row.before.with_}
        return ToolCall(name=row.before.action, arguments=taken | _where(call), why=why)
    own = {name: value for name, value in call.arguments.items() if name != PLACE}
    asked: dict[str, JsonValue] = {"change": row.id, "arguments": own}
    return ToolCall(name="aws_state", arguments=asked | _where(call), why=why)


def _where(call: ToolCall) -> dict[str, JsonValue]:
    """The place a call names, where there are several: what belongs to it happens there, too."""
    return {PLACE: call.arguments[PLACE]} if PLACE in call.arguments else {}


def unfit(row: ChangeRow, call: ToolCall, now: State) -> str:
    """Why a change cannot be asked for while things are so, in words; empty when it can."""
    for key, fitting in row.only.items():
        if now.get(key) not in fitting:
            told = " or ".join(map(_said, fitting))
            return f"{key} is {_said(now.get(key))}, and for {row.id} it has to be {told}"
    for name, path in row.undo.items():
        if not shows(_told(path, now)):
            return f"{name} is {_said(_told(path, now))} now, which could not be restored"
    return ""


def _said(value: JsonValue) -> str:
    return "not set" if value in (None, "") else str(value)


def undo(row: ChangeRow, call: ToolCall, before: State) -> ToolCall | None:
    """The exact call that restores `before`; `None` where nothing can."""
    if row.no_undo:
        return None
    restored = {name: _told(path, before) for name, path in row.undo.items()}
    return ToolCall(name=row.undone_by or call.name, arguments={**call.arguments, **restored}, why="undo")


def _told(path: str, state: State) -> JsonValue:
    return state.get(path.removeprefix("$before."))


def narrow(row: ChangeRow, call: ToolCall, before: State) -> Narrow | None:
    """What of a call an approver may bring nearer to `before`, where its row says so."""
    bound = _told(row.undo[row.narrow], before) if row.narrow else None
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
        for name in row.holds
        if before.get(name) != now.get(name)
    ]
    return "; ".join(moved)


def in_effect(row: ChangeRow, call: ToolCall, before: State, now: State) -> bool | None:
    """Whether the system shows what the call asked for; `None` where no state tells, as after a reboot."""
    if not (row.settled or row.effect or row.moves):
        return None
    return (
        all(now.get(shown) == call.arguments[asked] for asked, shown in row.settled.items())
        and all(now.get(key) in values for key, values in row.effect.items())
        and all(now.get(key) != before.get(key) for key in row.moves)
    )


def steady(row: ChangeRow, now: State) -> bool:
    """Whether the change is over: nothing of it goes on any more."""
    return bool(now) and all(now.get(key) == _wanted(value, now) for key, value in row.steady.items())


def _wanted(value: str | int, now: State) -> JsonValue:
    return now.get(value[1:]) if isinstance(value, str) and value.startswith("$") else value


def progress(row: ChangeRow, now: State) -> str:
    """How far a change is, in words."""
    if not now:
        return "its state could not be read"
    if row.progress:
        return row.progress.format(**now)
    told = dict.fromkeys((*row.settled.values(), *row.effect, *row.moves, *row.steady))
    return ", ".join(f"{key} {now.get(key)}" for key in told)


def place(places: Places, call: ToolCall) -> Account:
    """Where a call goes. Raises `Refused` where that is not said, and there are several places."""
    return places.at(str(call.arguments.get(PLACE, "")))


def names(call: ToolCall, before: State) -> tuple[str, ...]:
    """All that the thing may be called: parts of ARNs and addresses, and what its state says."""
    given = (str(value).replace("/", ":").split(":") for value in call.arguments.values())
    said = (value for value in before.values() if isinstance(value, str))
    return (*(part for parts in given for part in parts), *said)


def make(aws: Aws, call: ToolCall, token: str) -> dict[str, Any]:
    """Send the change, once; equal tokens make it the same one to AWS, where an operation takes one.

    Raises `OutcomeUnknown` when its answer got lost.
    """
    row = row_of(call)
    # What the call keeps of the thing is read right before it, and held to that where AWS lets us.
    now = states.item(aws, row, call) if "$now" in str(row.send) and isinstance(row.before, Read) else None
    return aws.change(row.client, row.operation, **sent(row, call, now, token))


def sent(row: ChangeRow, call: ToolCall, now: Any = None, token: str = "") -> dict[str, Any]:
    """The call's arguments as AWS takes them."""
    own = {name: value for name, value in call.arguments.items() if name != PLACE}
    return states.filled(row.send, call, now, token) if row.send else own


def worded(template: str, call: ToolCall) -> str:
    return template.format(**{name: str(value) for name, value in call.arguments.items()})
