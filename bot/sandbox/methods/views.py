"""`views.*`: modals, at most three on top of each other, and the Home tab."""

import copy
from typing import Any

from bot.sandbox import content, viewing
from bot.sandbox.blocks import judge
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.workspace import View

MAX_STACK = 3
# Afterwards a modal cannot be updated any more.
MODAL_SECONDS = 24 * 3600.0


def open_(call: Call) -> Answer:
    """`views.open`."""
    view = _view(call, "modal")
    person = call.slack.triggers.redeem(call.args.required("trigger_id"))
    # A modal that is still open makes way for the new one.
    call.slack.workspace.modals.pop(person, None)
    return {"view": viewing.push(call.slack, person, view).body}


def push(call: Call) -> Answer:
    """`views.push`: only from within an open modal."""
    view = _view(call, "modal")
    person = call.slack.triggers.redeem(call.args.required("trigger_id"))
    stack = call.slack.workspace.modals.get(person, [])
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    return {"view": viewing.push(call.slack, person, view).body}


def update(call: Call) -> Answer:
    """`views.update`, by `view_id` or `external_id`, perhaps only if `hash` is still right."""
    view = _find(call)
    _check_hash(call, view)
    viewing.replace(call.slack, view, _view(call, view.body["type"]))
    return {"view": view.body}


def publish(call: Call) -> Answer:
    """`views.publish`: the Home tab of one person."""
    person = call.slack.workspace.user(call.args.required("user_id", "user_not_found")).id
    if not call.slack.manifest.home_tab:
        raise SlackError("not_enabled")
    known = call.slack.workspace.homes.get(person)
    if known:
        _check_hash(call, known)
    return {"view": viewing.publish(call.slack, person, _view(call, "home")).body}


def _view(call: Call, kind: str) -> dict[str, Any]:
    view = copy.deepcopy(call.args.tree("view"))
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", ["missing required field: view"])
    if view.get("type") != kind:
        raise SlackError(
            "invalid_arguments", [f"unsupported type: {view.get('type')} [json-pointer:/view/type]"]
        )
    judge.view(view, kind, call.slack.files)
    _check_external_id(call, view)
    content.complete(view["blocks"], call.slack.ids)
    return view


def _check_external_id(call: Call, view: dict[str, Any]) -> None:
    known = [v for stack in call.slack.workspace.modals.values() for v in stack]
    taken = view.get("external_id") and any(v.body["external_id"] == view["external_id"] for v in known)
    if taken and view["external_id"] != call.args.text("external_id") and not call.args.text("view_id"):
        raise SlackError("duplicate_external_id")


def _find(call: Call) -> View:
    view_id, external_id = call.args.text("view_id"), call.args.text("external_id")
    stacks = call.slack.workspace.modals.values()
    since = call.slack.clock.now() - MODAL_SECONDS
    modals = [view for stack in stacks for view in stack if view.opened >= since]
    for view in (*modals, *call.slack.workspace.homes.values()):
        if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
            return view
    raise SlackError("not_found")


def _check_hash(call: Call, view: View) -> None:
    if call.args.text("hash") and call.args.text("hash") != view.body["hash"]:
        raise SlackError("hash_conflict")


METHODS: dict[str, Method] = {
    "views.open": open_,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
