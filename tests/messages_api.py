"""A local Messages API over HTTP, as strict as the published one, with faults on demand; Bedrock's, too.

Imports nothing of ours: what it refuses is what https://docs.claude.com/en/api/messages says is refused.
Answers come from `turns`, one a request, then from `script`; every body that was accepted is kept.
"""

import hashlib
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.bedrock_stream import unwrapped, wrapped
from tests.messages_rules import Invalid, blocks, check

PATH = "/v1/messages"
KEY = "sk-" + "local-" * 4
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


@dataclass(frozen=True)
class Turn:
    """What one request gets. A fault is a status, or what goes wrong after so many events of a stream."""

    text: str = ""
    stop: str | None = None
    """`tool_use` where a tool is asked and `end_turn` elsewhere, if nothing else is said."""
    uses: tuple[tuple[str, Any], ...] = ()
    """Tools to ask, each with its arguments."""
    thoughts: tuple[dict[str, str], ...] = ()
    status: int = 200
    message: str = "try again"
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    after: int = 3
    fault: str = ""
    """`cut` the connection, end `early`, send an `error`, `damage` a line, leave fields out (`odd`), `stall`;
    or send a web `page`."""
    seconds: float = 0.0


class MessagesApi:
    """Its address, what it is to answer, and what it was asked."""

    def __init__(self, models: tuple[str, ...], window: int) -> None:
        self.models = models
        self.window = window
        self.turns: deque[Turn] = deque()
        self.script: Callable[[dict[str, Any]], Turn] = lambda body: Turn(text="{}")
        self.bodies: list[dict[str, Any]] = []
        self.asked = 0
        self.address = ""
        self._cache: set[str] = set()

    def says(self, *turns: Turn | str) -> None:
        """The next answers, in this order."""
        self.turns.extend(Turn(text=turn) if isinstance(turn, str) else turn for turn in turns)

    def turn(self, body: dict[str, Any]) -> Turn:
        return self.turns.popleft() if self.turns else self.script(body)

    def forget(self) -> None:
        """As if it had just been started."""
        self.turns.clear()
        self.bodies.clear()
        self.script = lambda body: Turn(text="{}")
        self.asked = 0
        self._cache.clear()

    def usage(self, body: dict[str, Any]) -> dict[str, int]:
        """Tokens, four characters each; the longest beginning marked before is read from the cache."""
        digest, length, read, marked = hashlib.sha256(body["model"].encode()), 0, 0, 0
        for text, mark in _prefix(body):
            digest.update(text.encode())
            length += _tokens(text)
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
    api = MessagesApi(models, window)
    server = _Server(("127.0.0.1", 0), lambda *given: _Request(api, *given))
    server.daemon_threads = True
    api.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle of an answer is no trouble of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, api: MessagesApi, *given: Any) -> None:
        self.api = api
        super().__init__(*given)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the parent's
        """Tests keep quiet."""

    def do_GET(self) -> None:
        self._error(404, "Not found")

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.api.asked += 1
        try:
            body = _checked(self.path, {k.lower(): v for k, v in self.headers.items()}, text, self.api)
        except Invalid as error:
            self._error(error.status, str(error))
            return
        self.api.bodies.append(body)
        turn = self.api.turn(body)
        if turn.status != 200:
            self._error(turn.status, turn.message, turn.code, turn.headers)
        elif turn.fault == "page":
            self._whole(200, "text/html", b"<html><body>Sign in to continue</body></html>")
        elif body.get("stream"):
            self._streamed(turn, _events(body, turn, self.api.usage(body)))
        else:
            answer = json.dumps(_message(body, turn, self.api.usage(body))).encode()
            self._whole(200, "application/json", answer)

    def _whole(self, status: int, kind: str, answer: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "request-id": "req_local", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _error(
        self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None
    ) -> None:
        error: dict[str, Any] = {"type": TYPES.get(status, "api_error"), "message": message}
        if code:
            error["details"] = {"error_code": code}
        body = {"type": "error", "error": error, "request_id": "req_local"}
        self._whole(status, "application/json", json.dumps(body).encode(), headers)

    def _streamed(self, turn: Turn, events: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("request-id", "req_local")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(events):
            if turn.fault and number == turn.after and self._broken(turn):
                return
            plain = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            self._chunk(plain if self.path == PATH else wrapped(event))
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, said: str | bytes) -> None:
        data = said.encode() if isinstance(said, str) else said
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _broken(self, turn: Turn) -> bool:
        """Do what is asked for in the middle of a stream; whether that is its end."""
        match turn.fault:
            case "stall":
                time.sleep(turn.seconds)
                return False
            case "damage":
                self._chunk('event: content_block_delta\ndata: {"type": "content_block_del\n\n')
                return False
            case "odd":
                self._chunk('event: message_delta\ndata: {"type": "message_delta", "usage": 7}\n\n')
                return False
            case "error":
                error = {"type": TYPES.get(int(turn.code or 529)), "message": turn.message}
                self._chunk(f"event: error\ndata: {json.dumps({'type': 'error', 'error': error})}\n\n")
                self.wfile.write(b"0\r\n\r\n")
            case "early":
                self.wfile.write(b"0\r\n\r\n")
            case "cut":
                self.close_connection = True
            case other:
                raise ValueError(f"there is no fault {other!r}")
        return True


# -- what is refused


def _checked(path: str, headers: dict[str, str], text: bytes, api: MessagesApi) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        raise Invalid("The request body is not valid JSON") from None
    if path == PATH:
        _headers(headers)
    elif (body := unwrapped(path, headers, body)) is None:
        raise Invalid("Not found", 404)
    check(body)
    if body["model"] not in api.models:
        raise Invalid(f"model: {body['model']}", 404)
    length = sum(_tokens(text) for text, _ in _prefix(body))
    if length > api.window:
        raise Invalid(f"prompt is too long: {length} tokens > {api.window} maximum")
    return body


def _headers(headers: dict[str, str]) -> None:
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if key != KEY:
        raise Invalid("invalid x-api-key", 401)
    if "anthropic-version" not in headers:
        raise Invalid("anthropic-version: header is required")
    if not headers.get("content-type", "").startswith("application/json"):
        raise Invalid("content-type must be application/json")


# -- what is answered


def _prefix(body: dict[str, Any]) -> list[tuple[str, bool]]:
    """The parts of a request in the order in which the cache knows them, and whether each is marked."""
    parts = [*body.get("tools", []), *blocks(body.get("system"))]
    parts += [block for message in body["messages"] for block in blocks(message["content"])]
    return [(_bare(part), "cache_control" in part) for part in parts]


def _bare(part: dict[str, Any]) -> str:
    bare = {name: value for name, value in part.items() if name != "cache_control"}
    return bare["text"] if bare.keys() == {"type", "text"} else json.dumps(bare)


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


def _message(body: dict[str, Any], turn: Turn, usage: dict[str, int]) -> dict[str, Any]:
    content: list[dict[str, Any]] = [dict(block) for block in turn.thoughts]
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
        "usage": {**usage, "output_tokens": max(1, _tokens(said))},
    }


def _events(body: dict[str, Any], turn: Turn, usage: dict[str, int]) -> list[dict[str, Any]]:
    """The message as it is streamed, its text in pieces of twenty characters."""
    message = _message(body, turn, usage)
    begun = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(message["content"]):
        empty = {**block, **{name: value for name, value in EMPTY.items() if name in block}}
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        for delta in _deltas(block):
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    used = {"output_tokens": message["usage"]["output_tokens"]}
    stopped = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [*events, {"type": "message_delta", "delta": stopped, "usage": used}, {"type": "message_stop"}]


def _deltas(block: dict[str, Any]) -> list[dict[str, Any]]:
    match block["type"]:
        case "tool_use":
            # A string in the place of an object is sent as it is, for JSON that is none.
            given = block["input"]
            text = given if isinstance(given, str) else json.dumps(given)
            return [{"type": "input_json_delta", "partial_json": part} for part in ("", *_pieces(text))]
        case "thinking":
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return [*({"type": "thinking_delta", "thinking": t} for t in _pieces(block["thinking"])), signed]
        case "text":
            return [{"type": "text_delta", "text": part} for part in _pieces(block["text"])]
        case _:
            return []


def _pieces(text: str) -> list[str]:
    return [text[at : at + 20] for at in range(0, len(text), 20)]
