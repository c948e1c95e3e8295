"""What the published Messages API refuses, with its words; imports nothing of ours."""

import re
from typing import Any

from tests.model_server import Body, Invalid

FIELDS = {
    "model",
    "max_tokens",
    "messages",
    "system",
    "stream",
    "stop_sequences",
    "metadata",
    "output_config",
    "thinking",
    "tools",
    "tool_choice",
    "cache_control",
    "service_tier",
}
PARTS = {
    "text": ({"text"}, set[str]()),
    "tool_use": ({"id", "name", "input"}, set[str]()),
    "tool_result": ({"tool_use_id"}, {"content", "is_error"}),
    "thinking": ({"thinking", "signature"}, set[str]()),
    "redacted_thinking": ({"data"}, set[str]()),
}
"""What each kind of content has to have, and may have, besides a mark for the cache."""
SPEAKERS = {"user": {"text", "tool_result"}, "assistant": PARTS.keys() - {"tool_result"}}
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def check(body: Any) -> Body:
    """The body of a request; raises `Invalid` where the API would refuse it."""
    _fields(body)
    _turns(body["messages"])
    _system(body.get("system"))
    _tools(body)
    _marks(body)
    if "output_config" in body:
        _format(body["output_config"].get("format"))
    return body


def blocks(content: Any) -> list[Body]:
    """Content as blocks; a string is short for one."""
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _fields(body: Any) -> None:
    if not isinstance(body, dict):
        raise Invalid("Input should be an object")
    for name in body.keys() - FIELDS:
        raise Invalid(f"{name}: Extra inputs are not permitted")
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise Invalid(f"{name}: Field required")
    most = body["max_tokens"]
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise Invalid("max_tokens: Input should be greater than or equal to 1")


# -- turns


def _turns(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise Invalid("messages: at least one message is required")
    asked: list[str] = []
    for number, message in enumerate(messages):
        expected = "user" if number % 2 == 0 else "assistant"
        if message.get("role") != expected:
            raise Invalid(f"messages: roles must alternate, and the first must be user (at {number})")
        if message.keys() != {"role", "content"}:
            raise Invalid(f"messages.{number}: Extra inputs are not permitted")
        content = blocks(message["content"])
        if not content:
            raise Invalid(f"messages.{number}: all messages must have non-empty content")
        for place, block in enumerate(content):
            _part(f"messages.{number}.content.{place}", block, expected)
        _answered(number, content, asked)
        asked = [block["id"] for block in content if block["type"] == "tool_use"]
        if len(set(asked)) < len(asked):
            raise Invalid(f"messages.{number}: `tool_use` ids must be unique")
    if messages[-1]["role"] != "user":
        raise Invalid("This model does not support assistant message prefill")


def _part(where: str, block: Any, speaker: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in SPEAKERS[speaker]:
        raise Invalid(
            f"{where}: Input tag {kind!r} found using 'type' does not match any of the expected tags"
        )
    needs, may = PARTS[kind]
    for name in needs - block.keys():
        raise Invalid(f"{where}.{kind}.{name}: Field required")
    for name in block.keys() - needs - may - {"type", "cache_control"}:
        raise Invalid(f"{where}.{kind}.{name}: Extra inputs are not permitted")
    if kind == "text" and not block["text"].strip():
        raise Invalid(f"{where}: text content blocks must be non-empty")
    if kind == "tool_use":
        if not isinstance(block["input"], dict):
            raise Invalid(f"{where}.tool_use.input: Input should be a valid dictionary")
        if not NAME.fullmatch(block["id"]) or not NAME.fullmatch(block["name"]):
            raise Invalid(f"{where}.tool_use: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if kind == "tool_result":
        for inner, part in enumerate(blocks(block.get("content"))):
            _part(f"{where}.tool_result.content.{inner}", part, "user")


def _answered(number: int, content: list[Body], asked: list[str]) -> None:
    """Each tool that was asked is answered once, before anything else is said."""
    told = [block.get("tool_use_id", "") for block in content if block["type"] == "tool_result"]
    for place, one in enumerate(told):
        if one not in asked:
            raise Invalid(
                f"messages.{number}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{one}. Each `tool_result` block must have a corresponding `tool_use` block in the previous "
                "message."
            )
        if told.count(one) > 1:
            raise Invalid(
                f"messages.{number}.content.{place}: each tool_use must have a single result."
                f" Found multiple `tool_result` blocks with id: {one}"
            )
    first = [block.get("tool_use_id", "") for block in content[: len(told)]]
    if missing := [one for one in asked if one not in first]:
        raise Invalid(
            f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after: {', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` "
            "block in the next message."
        )


# -- the rest


def _system(system: Any) -> None:
    for number, block in enumerate(blocks(system)):
        if block.get("type") != "text" or not block.get("text"):
            raise Invalid(f"system.{number}: text content blocks must be non-empty")


def _tools(body: Body) -> None:
    tools, choice = body.get("tools", []), body.get("tool_choice")
    used = [b for m in body["messages"] for b in blocks(m["content"]) if b["type"].startswith("tool_")]
    if used and not tools:
        raise Invalid("Requests which include `tool_use` or `tool_result` blocks must define tools")
    if choice is not None and not tools:
        raise Invalid("tool_choice may only be specified while providing tools")
    if choice is not None and choice.get("type") not in ("auto", "any", "tool", "none"):
        raise Invalid("tool_choice: Input tag does not match any of the expected tags")
    for number, tool in enumerate(tools):
        for name in tool.keys() - {"name", "description", "input_schema", "cache_control", "strict", "type"}:
            raise Invalid(f"tools.{number}.custom.{name}: Extra inputs are not permitted")
        if not NAME.fullmatch(tool.get("name", "")):
            raise Invalid(
                f"tools.{number}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )
        if tool.get("input_schema", {}).get("type") != "object":
            raise Invalid(f"tools.{number}.custom.input_schema.type: Field required")
    if len({tool["name"] for tool in tools}) < len(tools):
        raise Invalid("tools: Tool names must be unique.")


def _marks(body: Body) -> None:
    parts = [*body.get("tools", []), *blocks(body.get("system"))]
    parts += [block for message in body["messages"] for block in blocks(message["content"])]
    marks = [part["cache_control"] for part in parts if "cache_control" in part]
    if any(mark.get("type") != "ephemeral" or mark.get("ttl", "5m") not in ("5m", "1h") for mark in marks):
        raise Invalid("cache_control: Input should be 'ephemeral'")
    if len(marks) > 4:
        raise Invalid(f"A maximum of 4 blocks with cache_control may be provided. Found {len(marks)}.")


def _format(wanted: Any) -> None:
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise Invalid("output_config.format.type: Input should be 'json_schema'")
    _schema(wanted.get("schema"))


def _schema(schema: Any) -> None:
    if not isinstance(schema, dict):
        raise Invalid("output_config.format.schema: Input should be an object")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise Invalid("output_config.format.schema: 'additionalProperties' must be explicitly set to false")
    for name in ("minLength", "maxLength", "minimum", "maximum", "maxItems", "pattern"):
        if name in schema:
            raise Invalid(f"output_config.format.schema: property '{name}' is not supported")
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for part in [*parts, *([schema["items"]] if "items" in schema else [])]:
        _schema(part)
