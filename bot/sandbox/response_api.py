"""`POST /respond/{key}`: the app answers an interaction. Success is the text `ok`.

Refusals are HTTP 404, as Slack's are.
"""

from typing import Any

from aiohttp import web

from bot.sandbox import interactions, posting
from bot.sandbox.errors import SlackError
from bot.sandbox.responses import ResponseUrl
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Message


async def answer(slack: Slack, request: web.Request) -> web.Response:
    """Answer, replace or delete."""
    try:
        said = await _json(request)
        url = slack.responses.use(request.match_info["key"])
        _act(slack, url, said)
    except SlackError as error:
        return web.json_response(error.body(), status=404)
    return web.Response(text="ok")


def _act(slack: Slack, url: ResponseUrl, said: dict[str, Any]) -> None:
    original = _original(slack, url)
    if said.get("delete_original"):
        if original is None:
            raise SlackError("message_not_found")
        posting.remove(slack, original)
    elif said.get("replace_original") and original:
        body = {key: value for key, value in original.body.items() if key not in ("blocks", "attachments")}
        posting.change(slack, original, body | posting.content_of(slack, said))
    else:
        message = interactions.answer(slack, url.person, url.channel, said, str(said.get("thread_ts") or ""))
        if not url.message_ts:
            # A command has no message of its own; what answered it first is what later answers replace.
            url.message_ts, url.is_ephemeral = message.ts, bool(message.only_for)


def _original(slack: Slack, url: ResponseUrl) -> Message | None:
    if url.is_ephemeral:
        return next(
            (m for m in slack.workspace.ephemerals.get(url.person, []) if m.ts == url.message_ts), None
        )
    return slack.workspace.message(url.channel, url.message_ts)


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(body, dict):
        raise SlackError("invalid_payload")
    if not any(body.get(part) for part in ("text", "blocks", "attachments", "delete_original")):
        raise SlackError("no_text")
    return body
