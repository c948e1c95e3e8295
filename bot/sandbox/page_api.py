"""The HTTP side of the doors: JSON in, JSON out, refusals as HTTP 400 with a code and a sentence."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.sandbox.doors.find import Body, Door
from bot.sandbox.errors import PageError, SlackError
from bot.sandbox.slack import Slack


def handler(slack: Slack, door: Door) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What aiohttp calls for one door."""

    async def handle(request: web.Request) -> web.Response:
        try:
            _check_origin(slack, request)
            body = dict(request.query) if request.method == "GET" else await _json(request)
            return web.json_response({"ok": True, **await door(slack, body)})
        except PageError as error:
            return web.json_response(
                {"ok": False, "error": error.code, "message": error.sentence}, status=400
            )
        except (KeyError, TypeError, ValueError) as error:
            sentence = f"That request is not of the form this endpoint takes: {error!r}."
            return web.json_response({"ok": False, "error": "bad_request", "message": sentence}, status=400)
        except SlackError as error:
            sentence = error.code.replace("_", " ").capitalize() + "."
            return web.json_response({**error.body(), "message": sentence}, status=400)

    return handle


async def _json(request: web.Request) -> Body:
    try:
        body = await request.json() if request.can_read_body else {}
    except ValueError:
        raise PageError("invalid_json", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise PageError("invalid_json", "The body is not a JSON object.")
    return body


def _check_origin(slack: Slack, request: web.Request) -> None:
    """Other sites that are open in the same browser must not act here."""
    origin = request.headers.get("Origin")
    if origin and origin != slack.origin:
        raise PageError("wrong_origin", f"Requests from {origin} are not taken.")
