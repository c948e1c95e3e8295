"""The state that a change would alter, read as its row of `aws_changes.yaml` says."""

from datetime import datetime
from typing import Any, cast

import jmespath
from jmespath.functions import Functions, signature
from pydantic import JsonValue

from workers.domain.call import StateData, ToolCall
from workers.domain.errors import Refused, ToolFailed
from workers.domain.risk import Risk
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Aws
from workers.tools.change_rows import ChangeRow, Read, row_of
from workers.tools.inventory import Account
from workers.tools.metering import Counted


@action(risk=Risk.READ, answers="state")
def aws_state(account: Account, change: str, arguments: dict[str, str | int]) -> Answer:
    """The state that a change (a row's id) with these arguments would alter, as it is now."""
    call = ToolCall(name=change, arguments={**arguments})
    row = row_of(call)
    with Counted() as counted:
        found = state(row, call, item(account.aws, row, call))
    return Answer(data=StateData(state=found), source=row.client, cost=counted.calls)


@action(risk=Risk.READ, answers="state")
def codedeploy_deployment(account: Account, deployment: str) -> Answer:
    """The state of a CodeDeploy deployment, and of the one that rolls it back where there is one."""
    with Counted() as counted:
        found = _deployment(account.aws, deployment)
        back: str = found.get("rollbackInfo", {}).get("rollbackDeploymentId", "")
        told: dict[str, JsonValue] = {
            "application": found["applicationName"],
            "group": found["deploymentGroupName"],
            "status": found["status"],
            "rollback": _deployment(account.aws, back)["status"] if back else "none",
        }
    return Answer(data=StateData(state=told), source="codedeploy", cost=counted.calls)


TOOLSET = Toolset(name="states", actions=(aws_state, codedeploy_deployment))


def item(aws: Aws, row: ChangeRow, call: ToolCall) -> Any:
    """What AWS itself says now of what `call` would change; raises `ToolFailed` if that is not there."""
    if not isinstance(row.before, Read):
        raise Refused(f"the state before {row.id} is read by {row.before.action}")
    answer = aws.call(row.client, row.before.call, **filled(row.before.with_, call))
    found = look(row.before.item, answer, call)
    if found is None:
        told = ", ".join(f"{name} {value}" for name, value in call.arguments.items())
        raise ToolFailed(f"{row.client} has nothing like {told}")
    return found


def state(row: ChangeRow, call: ToolCall, found: Any) -> dict[str, JsonValue]:
    """The parts of an item that the row names."""
    paths = row.before.state if isinstance(row.before, Read) else {}
    return {key: _plain(look(path, found, call)) for key, path in paths.items()}


def filled(form: Any, call: ToolCall, now: Any = None, token: str = "") -> Any:
    """A row's form of a call with its arguments put in; `now` is the thing as it is.

    `$name` is an argument, `"{name}"` its text, `$token` what makes a second send the same one, `$now.path`
    something of the thing as it is; in a mapping `$now: path` takes over all of what is there.
    """
    if isinstance(form, dict):
        made: dict[str, Any] = {}
        for key, inner in cast(dict[str, Any], form).items():
            made |= (
                look(inner, now, call)
                if key == "$now"
                else {filled(key, call): filled(inner, call, now, token)}
            )
        return made
    if isinstance(form, list):
        return [filled(inner, call, now, token) for inner in cast(list[Any], form)]
    if not isinstance(form, str):
        return form
    if form.startswith("$now."):
        return look(form.removeprefix("$now."), now, call)
    if form.startswith("$"):
        return {**call.arguments, "token": token}[form[1:]]
    return form.format(**call.arguments) if "{" in form else form


class _Of(Functions):
    """What paths of rows may ask besides JMESPath's own functions."""

    def __init__(self, call: ToolCall) -> None:
        self._call = call

    @signature({"types": ["string"]})
    def _func_given(self, name: str) -> Any:
        """The argument of this name: never part of a path's text, so that none can alter what is read."""
        return self._call.arguments[name]

    @signature({"types": ["object", "null"]}, {"types": ["string"]})
    def _func_at(self, mapping: dict[str, Any] | None, key: str) -> Any:
        """What a mapping has under a key that is an argument."""
        return (mapping or {}).get(key)


def look(path: str, value: Any, call: ToolCall) -> Any:
    """What a JMESPath finds in a value; `given('name')` in it is an argument of the call."""
    return jmespath.search(path, value, options=jmespath.Options(custom_functions=_Of(call)))


def _plain(value: Any) -> JsonValue:
    return value.isoformat() if isinstance(value, datetime) else value


def _deployment(aws: Aws, name: str) -> dict[str, Any]:
    return aws.call("codedeploy", "get_deployment", deploymentId=name)["deploymentInfo"]
