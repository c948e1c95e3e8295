"""Open modals and Home tabs: their stack, their view objects, and what the page shows of them."""

from typing import Any

from bot.sandbox import content, seeds
from bot.sandbox.blocks import judge
from bot.sandbox.errors import PageError, SlackError
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import View


def push(slack: Slack, person: str, view: dict[str, Any]) -> View:
    """Open a modal on top of those a person has open."""
    stack = slack.workspace.modals.setdefault(person, [])
    opened = View(_body(slack, view), person, slack.clock.now())
    opened.body["previous_view_id"] = stack[-1].id if stack else None
    opened.body["root_view_id"] = stack[0].id if stack else opened.id
    stack.append(opened)
    tell(slack, person)
    return opened


def replace(slack: Slack, view: View, changed: dict[str, Any]) -> None:
    """Show something else in the same modal or tab. What was typed stays where block and action ids stay."""
    kept = {key: view.body[key] for key in ("id", "previous_view_id", "root_view_id") if key in view.body}
    values = view.body["state"]["values"]
    view.body = _body(slack, changed) | kept
    still_there = {block.get("block_id") for block in view.body["blocks"]}
    view.body["state"]["values"] = {block: typed for block, typed in values.items() if block in still_there}
    tell(slack, view.person)


def publish(slack: Slack, person: str, view: dict[str, Any]) -> View:
    """Set the Home tab of a person."""
    known = slack.workspace.homes.get(person)
    if known:
        replace(slack, known, view)
        return known
    home = slack.workspace.homes[person] = View(_body(slack, view), person)
    home.body["root_view_id"] = home.id
    tell(slack, person)
    return home


def close(slack: Slack, view: View, everything: bool = False) -> None:
    """Close one modal, or the whole stack it is in."""
    stack = slack.workspace.modals[view.person]
    del stack[0 if everything else stack.index(view) :]
    tell(slack, view.person)


def accept(slack: Slack, view: Any) -> dict[str, Any]:
    """A view the app sent with an acknowledgement, made complete."""
    if not isinstance(view, dict):
        raise PageError("invalid_view", "The app answered without a view.")
    try:
        judge.view(view, "modal", slack.files)
    except SlackError as error:
        raise PageError("invalid_view", "; ".join(error.problems)) from None
    content.complete(view["blocks"], slack.ids)
    return view


def tell(slack: Slack, person: str) -> None:
    """Show the page what a person has open now."""
    stack = [view.body for view in slack.workspace.modals.get(person, [])]
    home = slack.workspace.homes.get(person)
    slack.live.tell("views", to=person, modals=stack, home=home.body if home else None)


def _body(slack: Slack, view: dict[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "id": slack.ids.new("V"),
        "team_id": seeds.TEAM_ID,
        "blocks": [],
        "private_metadata": "",
        "callback_id": "",
        "state": {"values": {}},
        "hash": f"{int(slack.clock.now())}.{slack.ids.mixed(8)}",
        "title": {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": None,
        "previous_view_id": None,
        "root_view_id": None,
        "app_id": seeds.APP_ID,
        "external_id": "",
        "app_installed_team_id": seeds.TEAM_ID,
        "bot_id": seeds.BOT_ID,
    }
    return defaults | view
