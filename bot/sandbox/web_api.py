"""`/api/{method}`: one call from its request to its answer – arguments, token, scope, limits, method, log."""

import json
import time
from typing import Any

from aiohttp import web

from bot.sandbox import arguments, seeds
from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import RateLimited, SlackError
from bot.sandbox.faults import Fault
from bot.sandbox.methods import METHODS
from bot.sandbox.methods.call import Call
from bot.sandbox.rules import RULES, Rule
from bot.sandbox.slack import Slack

TOKENS = {seeds.BOT_TOKEN: "bot", seeds.APP_TOKEN: "app"}
APP_SCOPES = frozenset({"connections:write"})


async def answer(slack: Slack, request: web.Request) -> web.StreamResponse:
    """Answer a call, and write it down."""
    method = request.match_info["method"]
    started = time.perf_counter()
    args, token, refusal = await _read(request)
    fault = slack.faults.take(method)
    if fault and fault.seconds:
        await slack.clock.until(slack.clock.now() + fault.seconds)
    response = _failed(fault) or _answered(slack, method, args, token, refusal)
    response.headers["X-Slack-Req-Id"] = slack.ids.mixed(32).lower()
    slack.calls.add(
        {
            "method": method,
            "args": args.values,
            "token": TOKENS.get(token, "unknown" if token else "none"),
            "status": response.status,
            "answer": _body(response),
            "at": slack.clock.now(),
            "ms": round((time.perf_counter() - started) * 1000, 2),
            **({"fault": fault.kind} if fault else {}),
        }
    )
    if fault and fault.kind.startswith("timeout") and request.transport:
        request.transport.abort()
    return response


async def _read(request: web.Request) -> tuple[Arguments, str, SlackError | None]:
    try:
        args, token = await arguments.read(request)
    except SlackError as error:
        return Arguments({}), "", error
    return args, token, None


def _failed(fault: Fault | None) -> web.Response | None:
    """What a planned fault answers instead of the method; `None` where the method is to run."""
    if fault is None or fault.kind in ("slow", "timeout_after_effect"):
        return None
    if fault.kind == "ratelimited":
        return _limited(fault.retry_after)
    if fault.kind == "error":
        return _json({"ok": False, "error": fault.error})
    status = fault.status if fault.kind == "500" else 504
    return web.Response(status=status, text="upstream connect error", content_type="text/plain")


def _answered(
    slack: Slack, method: str, args: Arguments, token: str, refusal: SlackError | None
) -> web.Response:
    try:
        if refusal:
            raise refusal
        response = _json(_run(slack, method, args, token))
    except SlackError as error:
        response = _json(error.body())
    except RateLimited as limit:
        response = _limited(limit.retry_after)
    response.headers["X-OAuth-Scopes"] = ",".join(sorted(slack.manifest.scopes))
    return response


def _run(slack: Slack, method: str, args: Arguments, token: str) -> dict[str, Any]:
    rule = RULES.get(method)
    if rule is None or method not in METHODS:
        raise SlackError("unknown_method", req_method=method)
    _check_token(rule, token)
    slack.limits.count(method, rule.tier)
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


def _limited(retry_after: int) -> web.Response:
    response = _json({"ok": False, "error": "ratelimited"}, status=429)
    response.headers["Retry-After"] = str(retry_after)
    return response


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=lambda b: json.dumps(b, ensure_ascii=False))


def _body(response: web.Response) -> Any:
    return json.loads(response.text or "{}") if response.content_type == "application/json" else response.text
