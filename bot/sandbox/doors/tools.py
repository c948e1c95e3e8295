"""The stand-in's own tools: state, log, clock, faults, and breaking something in the local cloud."""

from bot.sandbox import breaking, seeds, state
from bot.sandbox.doors import find, speaking
from bot.sandbox.doors.find import Body, Door
from bot.sandbox.errors import PageError
from bot.sandbox.slack import Slack

# kind of fault: what `disconnect` calls it
DISCONNECTIONS = {"refresh": "refresh_requested", "disconnect": "close", "cut": "cut"}


async def break_something(slack: Slack, body: Body) -> Body:
    """`POST /_slack/break {application, faults, seed?, onset_minutes?, person}`; the rest is the cloud's."""
    wish = {key: value for key, value in body.items() if key != "person"}
    return await breaking.break_something(slack, find.person(slack, body), wish)


async def menu(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/cloud`: what can be broken, and where."""
    return {name: await breaking.look(slack, name) for name in ("applications", "faults")}


async def pulse(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/pulse`: the alarmed metric as it is now."""
    return {"pulse": await breaking.look(slack, "pulse")}


async def mislead(slack: Slack, body: Body) -> Body:
    """`POST /_slack/mislead {person}`: they tell the app, in the case's channel, what it certainly is not."""
    case = slack.workspace.case
    if case is None:
        raise PageError("no_case", "Nothing is broken at the moment. Break something first.")
    hint = await breaking.hint(slack)
    said = {**body, "channel": case["channel"], "text": f"<@{seeds.BOT_USER_ID}> {hint['text']}"}
    return {**await speaking.say(slack, said), "hint": hint}


async def kill(slack: Slack, _body: Body) -> Body:
    """`POST /_slack/kill`: end a worker of the app's at once, as a machine that fails would."""
    return await breaking.kill(slack)


async def disconnect(slack: Slack, body: Body) -> Body:
    """`POST /_slack/disconnect {reason?}`: `refresh_requested` (default), `warning`, `link_disabled`.

    `close` closes the connections unannounced, `cut` does not even do that properly.
    """
    reason = str(body.get("reason") or "refresh_requested")
    if reason == "cut":
        slack.sockets.cut()
        return {}
    if reason == "close":
        await slack.sockets.close()
        return {}
    return {"told": await slack.sockets.disconnect(reason)}


async def plan_fault(slack: Slack, body: Body) -> Body:
    """`POST /_slack/faults {kind, method?, times?, skip?, seconds?, retry_after?, status?, error?}`.

    `{clear: true}` drops what is planned.
    """
    if body.get("clear"):
        slack.faults.clear()
    elif body.get("kind") in DISCONNECTIONS:
        return await disconnect(slack, {"reason": DISCONNECTIONS[body["kind"]]})
    elif body.get("kind") == "event_limit":
        slack.limits.exhaust_events()
    else:
        slack.faults.plan(body)
    return {"planned": slack.faults.shown()}


async def deliveries(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/deliveries`: how long each envelope waited to be acknowledged, oldest first."""
    return {"deliveries": list(slack.sockets.deliveries)}


async def faults(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/faults`: what is still planned."""
    return {"planned": slack.faults.shown()}


async def reset(slack: Slack, _body: Body) -> Body:
    """`POST /_slack/reset`: everything as at the start, connections closed. Only the clock goes on."""
    await slack.sockets.close()
    slack.reset()
    return {}


async def show(slack: Slack, query: Body) -> Body:
    """`GET /_slack/state?person=…`: everything, or what one person sees."""
    return state.snapshot(slack, find.person(slack, query) if query.get("person") else "")


async def calls(slack: Slack, query: Body) -> Body:
    """`GET /_slack/calls?since=…&method=…`."""
    since = int(query.get("since", 0))
    return {"calls": slack.calls.since(since, str(query.get("method", ""))), "next": len(slack.calls.rows)}


async def health(slack: Slack, _query: Body) -> Body:
    """`GET /_slack/health`: whether the app is connected."""
    return {"connections": slack.sockets.count, "now": slack.clock.now()}


async def advance(slack: Slack, body: Body) -> Body:
    """`POST /_slack/clock {advance: seconds}`."""
    slack.clock.advance(float(body.get("advance", 0)))
    slack.live.tell("clock", ahead=slack.clock.ahead)
    return {"now": slack.clock.now(), "ahead": slack.clock.ahead}


POSTS: dict[str, Door] = {
    "break": break_something,
    "clock": advance,
    "disconnect": disconnect,
    "faults": plan_fault,
    "kill": kill,
    "mislead": mislead,
    "reset": reset,
}
GETS: dict[str, Door] = {
    "calls": calls,
    "cloud": menu,
    "deliveries": deliveries,
    "faults": faults,
    "health": health,
    "pulse": pulse,
    "state": show,
}
