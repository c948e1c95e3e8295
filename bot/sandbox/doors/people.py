"""Administrators look after people: an account is deactivated when somebody leaves."""

from dataclasses import replace

from bot.sandbox.doors import find
from bot.sandbox.doors.find import Body, Door
from bot.sandbox.slack import Slack


async def deactivate(slack: Slack, body: Body) -> Body:
    """`POST /_slack/people/deactivate {person, undo?}`."""
    users, person = slack.workspace.users, find.person(slack, body)
    users[person] = replace(users[person], deleted=not body.get("undo"))
    return {}


POSTS: dict[str, Door] = {"people/deactivate": deactivate}
