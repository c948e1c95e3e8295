"""`auth.test`, `api.test`, `apps.connections.open`, `bots.info`, `team.info`: who and where am I."""

from bot.sandbox import seeds
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.call import Answer, Call, Method


def echo(call: Call) -> Answer:
    """`api.test`: the arguments, or the error that was asked for."""
    if call.args.text("error"):
        raise SlackError(call.args.text("error"), args=call.args.values)
    return {"args": call.args.values}


def identity(call: Call) -> Answer:
    """`auth.test`."""
    return {
        "url": f"{call.slack.origin}/",
        "team": seeds.TEAM_NAME,
        "user": seeds.RUNBOOK.name,
        "team_id": seeds.TEAM_ID,
        "user_id": seeds.BOT_USER_ID,
        "bot_id": seeds.BOT_ID,
        "is_enterprise_install": False,
    }


def connect(call: Call) -> Answer:
    """`apps.connections.open`: the address of one WebSocket connection."""
    host = call.slack.origin.removeprefix("http://")
    return {"url": f"ws://{host}/link?ticket={call.slack.sockets.ticket()}&app_id={seeds.APP_ID}"}


def bot(call: Call) -> Answer:
    """`bots.info`."""
    wanted = call.args.text("bot", seeds.BOT_ID)
    for user in call.slack.workspace.users.values():
        if user.bot_id == wanted:
            card = {"id": user.bot_id, "name": user.real_name, "app_id": user.app_id, "user_id": user.id}
            return {"bot": {**card, "deleted": False, "updated": 1_700_000_000, "icons": {}}}
    raise SlackError("bot_not_found")


def team(_call: Call) -> Answer:
    """`team.info`."""
    return {"team": {"id": seeds.TEAM_ID, "name": seeds.TEAM_NAME, "domain": seeds.TEAM_DOMAIN, "icon": {}}}


METHODS: dict[str, Method] = {
    "api.test": echo,
    "auth.test": identity,
    "apps.connections.open": connect,
    "bots.info": bot,
    "team.info": team,
}
