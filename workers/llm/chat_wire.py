"""Chat Completions' own words for prompts and replies: what is sent, and what a stream of chunks says."""

import json
from collections.abc import Iterator
from typing import Any

from workers.domain.call import ToolUse
from workers.domain.errors import ModelFailed
from workers.domain.usage import Usage
from workers.llm.provider import Message, Prompt, Reply
from workers.llm.wire import arguments

Body = dict[str, Any]
ANSWER = "answer"
"""The tool to answer with as long as others may be asked: held to a schema, some servers let it ask none."""
STOPS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}
"""Our words for why an answer ended; what stands not here is handed on as it was said."""
KEPT = frozenset(
    ("$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "format", "items")
) | frozenset(("maxItems", "maximum", "minItems", "minimum", "pattern", "properties", "required", "type"))
"""What a strict schema may hold: https://developers.openai.com/api/docs/guides/structured-outputs."""


def request(model: str, prompt: Prompt) -> Body:
    """The body of a request."""
    body: Body = {
        "model": model,
        "max_completion_tokens": prompt.most,
        "messages": [
            {"role": "system", "content": prompt.system},
            *(said for message in prompt.messages for said in _said(message)),
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    answer = {"name": ANSWER, "strict": True}
    tools: list[Body] = [
        {"name": t.name, "description": t.description, "parameters": t.arguments} for t in prompt.tools
    ]
    if tools and not prompt.closed:
        tools.append({**answer, "description": "Answers.", "parameters": strict(prompt.answer)})
        body["tool_choice"] = "required"
    else:
        schema = {**answer, "schema": strict(prompt.answer)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
        body |= {"tool_choice": "none"} if tools else {}
    if tools:
        body["tools"] = [{"type": "function", "function": tool} for tool in tools]
    return body


def strict(schema: Body) -> Body:
    """The schema as strict mode takes it: objects closed and whole, other limits told in words."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    known = {name: value for name, value in schema.items() if name in KEPT}
    told = [f"{name}: {json.dumps(value)}" for name, value in schema.items() if name not in (*KEPT, "title")]
    if told:
        known["description"] = " ".join(filter(None, (schema.get("description"), f"({', '.join(told)})")))
    for name in ("properties", "$defs"):
        if name in known:
            known[name] = {key: strict(part) for key, part in known[name].items()}
    if "items" in known:
        known["items"] = strict(known["items"])
    if "anyOf" in known:
        known["anyOf"] = [strict(part) for part in known["anyOf"]]
    if known.get("type") == "object":
        known |= {"additionalProperties": False, "required": list(known.get("properties", {}))}
    return known


def _said(message: Message) -> Iterator[Body]:
    """One turn; each result of a tool is a message of its own there, and none can be marked as failed."""
    if message.role == "assistant":
        calls = [
            {
                "id": use.id,
                "type": "function",
                "function": {"name": use.name, "arguments": json.dumps(use.arguments)},
            }
            for use in message.uses
        ]
        spoken: Body = {"role": "assistant", "content": message.text or None}
        yield spoken | ({"tool_calls": calls} if calls else {})
        return
    for told in message.told:
        text = f"Failed: {told.text}" if told.failed else told.text
        yield {"role": "tool", "tool_call_id": told.id, "content": text}
    if message.text or not message.told:
        yield {"role": "user", "content": message.text}


class Heard:
    """A streamed answer, put together; half of one is none. `most` is how many tokens it could have had."""

    def __init__(self, model: str, most: int) -> None:
        self._model = model
        self._most = most
        self._finish = ""
        self._usage: Usage | None = None
        self._text = ""
        self._refusal = ""
        self._calls: dict[int, dict[str, str]] = {}

    @property
    def whole(self) -> bool:
        """Whether it says why it ended; what it used comes last."""
        return bool(self._finish)

    def event(self, event: Any) -> None:
        """Take in the next chunk; the one with the usage has no choices."""
        self._model = event.model or self._model
        if event.usage:
            self._usage = _used(event.usage)
        for choice in event.choices:
            self._finish = choice.finish_reason or self._finish
            self._text += choice.delta.content or ""
            self._refusal += choice.delta.refusal or ""
            for part in choice.delta.tool_calls or ():
                self._call(part)

    def reply(self) -> Reply:
        """What was said. Raises `ValueError` where a tool is asked with what is no JSON object."""
        if self._usage is None:
            mend = "Its server has to count tokens (stream_options.include_usage): budgets hang on them."
            raise ModelFailed("its answer came without a count of its tokens", mend, passing=True)
        stop = self._stop(self._usage)
        calls = [call for _, call in sorted(self._calls.items())] if stop == "tool_use" else []
        asks = [call for call in calls if call["name"] != ANSWER]
        answers = [call["arguments"] for call in calls if call["name"] == ANSWER and not asks]
        return Reply(
            text=answers[0] if answers else self._text or self._refusal,
            stop="end_turn" if answers else stop,
            usage=self._usage,
            model=self._model,
            uses=tuple(
                ToolUse(id=_there(c, "id"), name=_there(c, "name"), arguments=arguments(c["arguments"]))
                for c in asks
            ),
        )

    def _stop(self, usage: Usage) -> str:
        if self._refusal:
            return "refusal"
        if self._finish == "stop" and self._calls:  # as some servers end a question
            return "tool_use"
        if self._finish == "length" and usage.output < self._most:
            return "model_context_window_exceeded"
        return STOPS.get(self._finish, self._finish)

    def _call(self, part: Any) -> None:
        call = self._calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        call["id"] = part.id or call["id"]
        if part.function:
            call["name"] += part.function.name or ""
            call["arguments"] += part.function.arguments or ""


def _there(call: dict[str, str], name: str) -> str:
    if not call[name]:
        raise ValueError(f"a call of a tool has no {name}")
    return call[name]


def _used(said: Any) -> Usage:
    """Their count of a prompt holds what the cache gave and kept; ours has each of them once."""
    details = said.prompt_tokens_details
    cached = getattr(details, "cached_tokens", None) or 0
    stored = getattr(details, "cache_write_tokens", None) or 0
    return Usage(
        input=max(0, said.prompt_tokens - cached - stored),
        output=said.completion_tokens,
        cached=cached,
        stored=stored,
    )
