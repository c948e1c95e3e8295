"""`/api/{method}`: one call from its request to its answer – arguments, token, scope, method, log."""

import json
import time
from typing import Any

from aiohttp import web

from bot.sandbox import arguments, seeds
from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import RateLimited, SlackError
from bot.sandbox.methods import METHODS
from bot.sandbox.methods.call import Call
from bot.sandbox.rules import RULES, Rule
from bot.sandbox.slack import Slack

TOKENS = {seeds.BOT_TOKEN: "bot", seeds.APP_TOKEN: "app"}
APP_SCOPES = frozenset({"connections:write"})


async def answer(slack: Slack, request: web.Request) -> web.Response:
    """Answer a call, and write it down."""
    method = request.match_info["method"]
    started = time.perf_counter()
    args, token = Arguments({}), ""
    status, headers = 200, {"X-Slack-Req-Id": slack.ids.mixed(32).lower()}
    try:
        args, token = await arguments.read(request)
        body = _run(slack, method, args, token)
        headers["X-OAuth-Scopes"] = ",".join(sorted(slack.manifest.scopes))
    except SlackError as error:
        body = error.body()
    except RateLimited as limit:
        status, body = 429, {"ok": False, "error": "ratelimited"}
        headers["Retry-After"] = str(limit.retry_after)
    slack.calls.add(
        {
            "method": method,
            "args": args.values,
            "token": TOKENS.get(token, "unknown" if token else "none"),
            "status": status,
            "answer": body,
            "at": slack.clock.now(),
            "ms": round((time.perf_counter() - started) * 1000, 2),
        }
    )
    return web.json_response(body, status=status, headers=headers, dumps=_dump)


def _run(slack: Slack, method: str, args: Arguments, token: str) -> dict[str, Any]:
    rule = RULES.get(method)
    if rule is None or method not in METHODS:
        raise SlackError("unknown_method", req_method=method)
    _check_token(rule, token)
    _check_scope(slack, rule, args)
    return {"ok": True, **METHODS[method](Call(slack, args))}


def _check_token(rule: Rule, token: str) -> None:
    if rule.token == "none":
        return
    if not token:
        raise SlackError("not_authed")
    kind = TOKENS.get(token)
    if kind is None:
        raise SlackError("invalid_auth")
    if kind != rule.token:
        raise SlackError("not_allowed_token_type")


def _check_scope(slack: Slack, rule: Rule, args: Arguments) -> None:
    granted = APP_SCOPES if rule.token == "app" else slack.manifest.scopes
    needed = rule.scope
    if rule.by_kind:
        channel = slack.workspace.channels.get(args.text("channel"))
        # Without a channel (in lists and when creating one) any of the scopes will do.
        kinds = [channel.kind] if channel else list(rule.by_kind)
        if any(rule.by_kind[kind] in granted for kind in kinds):
            return
        needed = ",".join(rule.by_kind[kind] for kind in kinds)
    if needed and needed not in granted:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(granted)))


def _dump(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)
