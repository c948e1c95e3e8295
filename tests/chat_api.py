"""A local server of OpenAI's Chat Completions over HTTP, as strict as theirs, with faults on demand.

Imports nothing of ours: what it refuses is what https://developers.openai.com/api/reference says is refused.
"""

import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests.chat_rules import check
from tests.model_server import KEY, Body, Headers, Invalid, ModelServer, Turn, pieces, serving, tokens

PATH = "/v1/chat/completions"
CACHEABLE = 1024
"""The fewest tokens that the cache keeps."""
TYPES = {429: "requests", 500: "server_error", 503: "server_error"}
CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}

GPT = "gpt-6-astra"
"""The model that it serves."""


class ChatApi(ModelServer):
    """With `counts` off it is one of those servers that do not say what an answer used."""

    def __init__(self, models: tuple[str, ...], window: int) -> None:
        super().__init__(models, window)
        self.counts = True
        self._cache: set[str] = set()

    def forget(self) -> None:
        super().forget()
        self.counts = True
        self._cache.clear()

    def checked(self, path: str, headers: Headers, text: bytes) -> Body:
        if path != PATH:
            raise Invalid(f"Invalid URL (POST {path})", 404, "unknown_url")
        if headers.get("authorization") != f"Bearer {KEY}":
            raise Invalid("Incorrect API key provided.", 401)
        if not headers.get("content-type", "").startswith("application/json"):
            raise Invalid("Invalid content type", 415)
        try:
            body = check(json.loads(text))
        except ValueError:
            raise Invalid("We could not parse the JSON body of your request.") from None
        if body["model"] not in self.models:
            raise Invalid(f"The model `{body['model']}` does not exist or you do not have access to it.", 404)
        length = sum(map(tokens, _prefix(body)))
        if length > self.window:
            raise Invalid(
                f"This model's maximum context length is {self.window} tokens. However, your messages "
                f"resulted in {length} tokens. Please reduce the length of the messages.",
                code="context_length_exceeded",
            )
        return body

    def error(self, path: str, status: int, message: str, code: str) -> tuple[Body, Headers]:
        kind = TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
        code = code or CODES.get(status, "")
        error = {"message": message, "type": kind, "param": None, "code": code or None}
        return {"error": error}, {}

    def events(self, path: str, body: Body, turn: Turn) -> list[bytes]:
        usage = self.usage(body, turn)
        counted = self.counts and body.get("stream_options", {}).get("include_usage")
        head = {"id": "chatcmpl-local", "object": "chat.completion.chunk", "created": 0}
        head |= {"model": body["model"], "system_fingerprint": None}
        finish = turn.stop or ("tool_calls" if turn.uses else "stop")
        choices = [_choice(delta) for delta in _deltas(body, turn)]
        chunks = [[one] for one in (*choices, {**_choice({}), "finish_reason": finish})]
        with_usage = {"usage": None} if counted else {}
        said = [{**head, "choices": chunk, **with_usage} for chunk in chunks]
        said += [{**head, "choices": [], "usage": usage}] if counted else []
        return [*map(_data, said), b"data: [DONE]\n\n"]

    def broken(self, turn: Turn) -> bytes:
        match turn.fault:
            case "damage":
                return b'data: {"id": "chatcmpl-lo\n\n'
            case "odd":
                return b'data: {"id": "chatcmpl-local", "choices": 7}\n\n'
            case _:
                kind = "invalid_request_error" if turn.code else "server_error"
                return _data({"error": {"message": turn.message, "type": kind, "code": turn.code or None}})

    def usage(self, body: Body, turn: Turn) -> Body:
        """Tokens, four characters each; the longest beginning that was read before comes from the cache."""
        digest, length, read = hashlib.sha256(body["model"].encode()), 0, 0
        for text in _prefix(body):
            digest.update(text.encode())
            length += tokens(text)
            if length >= CACHEABLE and digest.hexdigest() in self._cache:
                read = length
            self._cache.add(digest.hexdigest())
        said = max(1, tokens(turn.text + "".join(json.dumps(given) for _, given in turn.uses)))
        # At the length limit it has said all that it may.
        said = body.get("max_completion_tokens", said) if turn.stop == "length" and not turn.code else said
        return {
            "prompt_tokens": length,
            "completion_tokens": said,
            "total_tokens": length + said,
            "prompt_tokens_details": {"cached_tokens": read, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }


@contextmanager
def chat_api(models: tuple[str, ...] = (GPT,), window: int = 200_000) -> Generator[ChatApi]:
    """One that listens on a port of its own until the end of the block."""
    with serving(ChatApi(models, window)) as api:
        yield api


def _data(said: Body) -> bytes:
    return f"data: {json.dumps(said)}\n\n".encode()


def _prefix(body: Body) -> list[str]:
    """The parts of a request in the order in which the cache knows them."""
    parts = [*body.get("tools", []), body.get("response_format"), *body["messages"]]
    return [part["content"] if _plain(part) else json.dumps(part) for part in parts if part]


def _plain(part: Any) -> bool:
    return part is not None and part.keys() == {"role", "content"}


def _choice(delta: Body) -> Body:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}


def _deltas(body: Body, turn: Turn) -> list[Body]:
    deltas: list[Body] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": part} for part in pieces(turn.text)]
    deltas += [{"refusal": part} for part in pieces(turn.refusal)]
    before = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:20]
    for index, (name, given) in enumerate(turn.uses):
        # A string in the place of an object is sent as it is, for JSON that is none.
        text = given if isinstance(given, str) else json.dumps(given)
        begun = {"id": f"call_{before}{index}", "type": "function"}
        function = {"name": name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, **begun, "function": function}]})
        for part in pieces(text):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    return deltas
