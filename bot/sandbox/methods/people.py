"""`users.*` and `usergroups.*`: who is who."""

from typing import Any

from bot.sandbox import seeds
from bot.sandbox.errors import SlackError
from bot.sandbox.methods import shapes
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.methods.pages import page


def info(call: Call) -> Answer:
    """`users.info`."""
    return {"user": _card(call, call.slack.workspace.user(call.args.required("user", "user_not_found")))}


def list_(call: Call) -> Answer:
    """`users.list`."""
    rows = [_card(call, user) for user in call.slack.workspace.users.values()]
    return page(call.args, "members", rows, default=1000) | {"cache_ts": int(call.slack.clock.now())}


def by_email(call: Call) -> Answer:
    """`users.lookupByEmail`."""
    wanted = call.args.text("email").lower()
    for user in call.slack.workspace.users.values():
        if shapes.email(user) == wanted and not (user.bot_id or user.deleted):
            return {"user": shapes.user(user)}
    raise SlackError("users_not_found")


def groups(call: Call) -> Answer:
    """`usergroups.list`."""
    rows = [_group(call, id_) for id_ in seeds.USERGROUPS]
    return {"usergroups": rows}


def group_users(call: Call) -> Answer:
    """`usergroups.users.list`."""
    id_ = call.args.required("usergroup", "no_such_subteam")
    if id_ not in seeds.USERGROUPS:
        raise SlackError("no_such_subteam")
    return {"users": _members(call, id_)}


def _card(call: Call, user: seeds.User) -> dict[str, Any]:
    card = shapes.user(user)
    if "users:read.email" not in call.slack.manifest.scopes:
        card["profile"].pop("email", None)
    return card


def _group(call: Call, id_: str) -> dict[str, Any]:
    handle, keys = seeds.USERGROUPS[id_]
    row: dict[str, Any] = {
        "id": id_,
        "team_id": seeds.TEAM_ID,
        "is_usergroup": True,
        "handle": handle,
        "name": handle,
    }
    row |= {"user_count": len(keys), "date_create": 1_700_000_000, "date_delete": 0}
    return row | ({"users": _members(call, id_)} if call.args.flag("include_users") else {})


def _members(call: Call, id_: str) -> list[str]:
    """Whoever is deactivated is in no group any more."""
    users = call.slack.workspace.users.values()
    return [user.id for user in users if user.key in seeds.USERGROUPS[id_][1] and not user.deleted]


METHODS: dict[str, Method] = {
    "users.info": info,
    "users.list": list_,
    "users.lookupByEmail": by_email,
    "usergroups.list": groups,
    "usergroups.users.list": group_users,
}
