"""A local Messages API over HTTP, as strict as the published one, with faults on demand; Bedrock's and
Vertex AI's, too.

Imports nothing of ours: what it refuses is what https://docs.claude.com/en/api/messages says is refused.
"""

import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests import bedrock_door
from tests.messages_rules import blocks, check
from tests.model_server import KEY, Body, Headers, Invalid, ModelServer, Turn, pieces, serving, tokens
from tests.vertex_door import Google

__all__ = ["KEY", "MessagesApi", "Turn", "messages_api"]

PATH = "/v1/messages"
CACHEABLE = 1024
"""The fewest tokens that the cache keeps."""
EMPTY: dict[str, Any] = {"text": "", "input": {}, "thinking": "", "signature": ""}
"""How the parts of a streamed block begin."""
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class MessagesApi(ModelServer):
    """`google` gives the tokens for what is asked by Vertex AI's path."""

    def __init__(self, models: tuple[str, ...], window: int) -> None:
        super().__init__(models, window)
        self.google = Google()
        self._cache: set[str] = set()

    def forget(self) -> None:
        super().forget()
        self.google.forget()
        self._cache.clear()

    def other(self, path: str, headers: Headers, text: bytes) -> Body | None:
        return self.google.token(text) if path == self.google.path else None

    def checked(self, path: str, headers: Headers, text: bytes) -> Body:
        try:
            body = json.loads(text)
        except ValueError:
            raise Invalid("The request body is not valid JSON") from None
        if not headers.get("content-type", "").startswith("application/json"):
            raise Invalid("content-type must be application/json")
        if bedrock_door.opens(path):
            body = bedrock_door.unwrapped(path, headers, body)
        elif self.google.opens(path):
            body = self.google.unwrapped(path, headers, body)
        elif path == PATH:
            _headers(headers)
        else:
            raise Invalid("Not found", 404)
        check(body)
        if body["model"] not in self.models:
            raise Invalid(f"model: {body['model']}", 404)
        length = sum(tokens(text) for text, _ in _prefix(body))
        if length > self.window:
            raise Invalid(f"prompt is too long: {length} tokens > {self.window} maximum")
        return body

    def error(self, path: str, status: int, message: str, code: str) -> tuple[Body, Headers]:
        if bedrock_door.opens(path):
            return bedrock_door.error(status, message)
        if self.google.opens(path) and (said := self.google.error(path, status, message)):
            return said, {}
        error: Body = {"type": TYPES.get(status, "api_error"), "message": message}
        if code:
            error["details"] = {"error_code": code}
        return {"type": "error", "error": error, "request_id": "req_local"}, {}

    def events(self, path: str, body: Body, turn: Turn) -> list[bytes]:
        wrapped = bedrock_door.wrapped if bedrock_door.opens(path) else _plain
        return [wrapped(event) for event in _events(body, turn, turn.usage or self.usage(body))]

    def broken(self, turn: Turn) -> bytes:
        match turn.fault:
            case "damage":
                return b'event: content_block_delta\ndata: {"type": "content_block_del\n\n'
            case "odd":
                return b'event: message_delta\ndata: {"type": "message_delta", "usage": 7}\n\n'
            case _:
                error = {"type": TYPES.get(int(turn.code or 529)), "message": turn.message}
                return _plain({"type": "error", "error": error})

    def usage(self, body: Body) -> dict[str, int]:
        """Tokens, four characters each; the longest beginning marked before is read from the cache."""
        digest, length, read, marked = hashlib.sha256(body["model"].encode()), 0, 0, 0
        for text, mark in _prefix(body):
            digest.update(text.encode())
            length += tokens(text)
            if length >= CACHEABLE and digest.hexdigest() in self._cache:
                read = length
            if length >= CACHEABLE and mark:
                self._cache.add(digest.hexdigest())
                marked = length
        stored = max(0, marked - read)
        return {
            "input_tokens": length - read - stored,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": stored,
        }


@contextmanager
def messages_api(
    models: tuple[str, ...] = ("claude-sonnet-5-5",), window: int = 200_000
) -> Generator[MessagesApi]:
    """One that listens on a port of its own until the end of the block."""
    with serving(MessagesApi(models, window)) as api:
        yield api


def _headers(headers: Headers) -> None:
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if key != KEY:
        raise Invalid("invalid x-api-key", 401)
    if "anthropic-version" not in headers:
        raise Invalid("anthropic-version: header is required")


# -- what is answered


def _prefix(body: Body) -> list[tuple[str, bool]]:
    """The parts of a request in the order in which the cache knows them, and whether each is marked."""
    parts = [*body.get("tools", []), *blocks(body.get("system"))]
    parts += [block for message in body["messages"] for block in blocks(message["content"])]
    return [(_bare(part), "cache_control" in part) for part in parts]


def _bare(part: Body) -> str:
    bare = {name: value for name, value in part.items() if name != "cache_control"}
    return bare["text"] if bare.keys() == {"type", "text"} else json.dumps(bare)


def _plain(event: Body) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _message(body: Body, turn: Turn, usage: dict[str, int]) -> Body:
    content: list[Body] = [dict(block) for block in turn.thoughts]
    content += [{"type": "text", "text": turn.text}] if turn.text else []
    before = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:20]
    for number, (name, given) in enumerate(turn.uses):
        content.append({"type": "tool_use", "id": f"toolu_{before}{number}", "name": name, "input": given})
    said = turn.text + "".join(json.dumps(given) for _, given in turn.uses)
    return {
        "id": "msg_local",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": turn.stop or ("tool_use" if turn.uses else "end_turn"),
        "stop_sequence": None,
        "usage": {"output_tokens": max(1, tokens(said)), **usage},
    }


def _events(body: Body, turn: Turn, usage: dict[str, int]) -> list[Body]:
    """The message as it is streamed, its text in pieces of twenty characters."""
    message = _message(body, turn, usage)
    begun = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events: list[Body] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(message["content"]):
        empty = {**block, **{name: value for name, value in EMPTY.items() if name in block}}
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        for delta in _deltas(block):
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    used = {"output_tokens": message["usage"]["output_tokens"]}
    stopped = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [*events, {"type": "message_delta", "delta": stopped, "usage": used}, {"type": "message_stop"}]


def _deltas(block: Body) -> list[Body]:
    match block["type"]:
        case "tool_use":
            # A string in the place of an object is sent as it is, for JSON that is none.
            given = block["input"]
            text = given if isinstance(given, str) else json.dumps(given)
            return [{"type": "input_json_delta", "partial_json": part} for part in ("", *pieces(text))]
        case "thinking":
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return [*({"type": "thinking_delta", "thinking": t} for t in pieces(block["thinking"])), signed]
        case "text":
            return [{"type": "text_delta", "text": part} for part in pieces(block["text"])]
        case _:
            return []
