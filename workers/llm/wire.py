"""The Messages API's own words for prompts and replies: what is sent, and what a stream of events says."""

import json
from collections.abc import Callable
from typing import Any

from workers.domain.call import Thought, ToolUse
from workers.domain.usage import Usage
from workers.llm.provider import Message, Prompt, Reply

Block = dict[str, Any]
CACHED = {"type": "ephemeral"}


def request(model: str, prompt: Prompt, schema: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The body of a request; `schema` makes a JSON schema one that the API takes."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": prompt.most,
        "system": [{"type": "text", "text": prompt.system, "cache_control": CACHED}],
        "messages": [{"role": m.role, "content": _content(m)} for m in prompt.messages],
        "output_config": {"format": {"type": "json_schema", "schema": schema(prompt.answer)}},
        "stream": True,
    }
    if prompt.tools:
        body["tools"] = [
            {"name": t.name, "description": t.description, "input_schema": t.arguments} for t in prompt.tools
        ]
        body["tool_choice"] = {"type": "none" if prompt.closed else "auto"}
        # Each turn repeats all before it: what is marked at its end is read from the cache next time.
        last = body["messages"][-1]
        last["content"] = _blocks(last["content"])
        last["content"][-1] = {**last["content"][-1], "cache_control": CACHED}
    return body


def _content(message: Message) -> str | list[Block]:
    """Results come first in their turn, and thoughts before all else: the API refuses another order."""
    blocks = [
        *(_thought(one) for one in message.thoughts),
        *(
            {"type": "tool_result", "tool_use_id": t.id, "content": t.text, "is_error": t.failed}
            for t in message.told
        ),
        *_blocks(message.text),
        *({"type": "tool_use", "id": u.id, "name": u.name, "input": u.arguments} for u in message.uses),
    ]
    return message.text if len(blocks) == 1 and message.text else blocks


def _blocks(content: str | list[Block]) -> list[Block]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _thought(thought: Thought) -> Block:
    if thought.sealed:
        return {"type": "redacted_thinking", "data": thought.sealed}
    return {"type": "thinking", "thinking": thought.text, "signature": thought.signature}


class Heard:
    """A streamed answer, put together; half of one is none."""

    def __init__(self, model: str) -> None:
        self.whole = False
        self._model = model
        self._stop = ""
        self._usage = Usage()
        self._blocks: dict[int, dict[str, str]] = {}

    def event(self, event: Any) -> None:
        """Take in the next event; what is not known is none of ours."""
        match getattr(event, "type", None):
            case "message_start":
                self._usage, self._model = (
                    _used(self._usage, event.message.usage),
                    event.message.model or self._model,
                )
            case "content_block_start":
                self._blocks[event.index] = _begun(event.content_block)
            case "content_block_delta":
                part, text = _part(event.delta)
                if part:
                    block = self._blocks.setdefault(event.index, {"type": "text"})
                    block[part] = block.get(part, "") + text
            case "message_delta":
                self._usage, self._stop = (
                    _used(self._usage, event.usage),
                    event.delta.stop_reason or self._stop,
                )
            case "message_stop":
                self.whole = True
            case _:
                pass

    def reply(self) -> Reply:
        """What was said. Raises `ValueError` where a tool is asked with what is no JSON object."""
        blocks = [block for _, block in sorted(self._blocks.items())]
        # Where it stopped for another reason, its last question may be half a question.
        asks = [b for b in blocks if b["type"] == "tool_use" and self._stop == "tool_use"]
        return Reply(
            text="".join(b.get("text", "") for b in blocks if b["type"] == "text"),
            stop=self._stop or "unknown",
            usage=self._usage,
            model=self._model,
            thoughts=tuple(
                Thought(
                    text=b.get("thinking", ""), signature=b.get("signature", ""), sealed=b.get("data", "")
                )
                for b in blocks
                if b["type"] in ("thinking", "redacted_thinking") and asks
            ),
            uses=tuple(
                ToolUse(id=b["id"], name=b["name"], arguments=arguments(b.get("json", ""))) for b in asks
            ),
        )


def arguments(text: str) -> dict[str, Any]:
    """What a tool is asked with; `ValueError` where that is no JSON object."""
    found = json.loads(text or "{}")
    json.dumps(found, allow_nan=False)  # what is too large for a number is none
    if not isinstance(found, dict):
        raise ValueError("arguments are an object")
    return found  # pyright: ignore[reportUnknownVariableType] — any JSON object


_DELTAS = {
    "text_delta": ("text", "text"),
    "input_json_delta": ("json", "partial_json"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
}


def _part(delta: Any) -> tuple[str, str]:
    part, name = _DELTAS.get(delta.type, ("", ""))
    return part, getattr(delta, name) if part else ""


def _begun(block: Any) -> dict[str, str]:
    fields = ("text", "thinking", "signature", "data", "id", "name")
    kept = {name: getattr(block, name, None) for name in fields}
    return {
        "type": str(block.type),
        **{name: value for name, value in kept.items() if isinstance(value, str)},
    }


def _used(usage: Usage, said: Any) -> Usage:
    """Counts are totals: a later one replaces an earlier one."""
    return Usage(
        input=_count(said, "input_tokens", usage.input),
        output=_count(said, "output_tokens", usage.output),
        cached=_count(said, "cache_read_input_tokens", usage.cached),
        stored=_count(said, "cache_creation_input_tokens", usage.stored),
    )


def _count(said: Any, name: str, before: int) -> int:
    value = getattr(said, name, None)
    return value if isinstance(value, int) else before
