"""Finds interactive elements inside blocks, and builds what Slack reports when somebody uses one."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.errors import PageError

# element type: the field of an action that holds what was chosen
CHOICES = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
}
ONE_OPTION = ("static_select", "radio_buttons", "overflow", "external_select")
MANY_OPTIONS = ("multi_static_select", "checkboxes", "multi_external_select")


def interactive(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every element that can be used, with the id of its block."""
    for block in blocks:
        block_id = block.get("block_id", "")
        nested = [*block.get("elements", []), *block.get("actions", [])]
        nested += [block[name] for name in ("accessory", "element") if name in block]
        for element in nested:
            if isinstance(element, dict) and "action_id" in element:
                yield block_id, element
        yield from interactive([b for b in block.get("child_blocks", []) if isinstance(b, dict)])
        if block.get("type") == "carousel":
            yield from interactive(block["elements"])


def find(
    blocks: list[dict[str, Any]], block_id: str, action_id: str, person: str
) -> tuple[str, dict[str, Any]]:
    """The element with that action id (and block id, where one is given) if that person sees it."""
    for found_in, element in interactive(blocks):
        if element["action_id"] != action_id or block_id not in ("", found_in):
            continue
        readers = element.get("visible_to_user_ids")
        if readers is None or person in readers:
            return found_in, element
    raise PageError("no_such_element", f"There is no {action_id!r} here any more.")


def action(block_id: str, element: dict[str, Any], choice: Any, ts: str) -> dict[str, Any]:
    """One row of `actions` in a `block_actions` payload."""
    kind = element["type"]
    row: dict[str, Any] = {
        "action_id": element["action_id"],
        "block_id": block_id,
        "type": kind,
        "action_ts": ts,
    }
    if kind in ("button", "icon_button", "workflow_button"):
        row |= {
            name: element[name] for name in ("text", "value", "style", "url", "confirm") if name in element
        }
    elif kind == "feedback_buttons":
        row |= _feedback(element, choice)
    else:
        row |= chosen(element, choice)
    return row


def chosen(element: dict[str, Any], choice: Any) -> dict[str, Any]:
    """What was chosen or typed, in the field Slack puts it in."""
    kind = element["type"]
    if kind in ONE_OPTION:
        return {"selected_option": _option(element, choice)}
    if kind in MANY_OPTIONS:
        return {"selected_options": [_option(element, value) for value in choice or []]}
    return {CHOICES[kind]: choice}


def _feedback(element: dict[str, Any], choice: Any) -> dict[str, Any]:
    for name in ("positive_button", "negative_button"):
        button = element[name]
        if choice in (name.removesuffix("_button"), button["value"]):
            return {"value": button["value"], "text": button["text"]}
    raise PageError("no_such_choice", "Feedback is either positive or negative.")


def _option(element: dict[str, Any], value: Any) -> dict[str, Any] | None:
    if value in (None, ""):
        return None
    groups = [group.get("options", []) for group in element.get("option_groups", [])]
    for option in (*element.get("options", []), *(option for group in groups for option in group)):
        if option.get("value") == value:
            return option
    raise PageError("no_such_choice", f"There is no option {value!r}.")
