"""What OpenAI's Chat Completions refuse, in their words, of a model that reasons; imports nothing of ours."""

import re
from typing import Any

from tests.model_server import Body, Invalid

FIELDS = frozenset(
    (
        *("model", "messages", "max_completion_tokens", "response_format", "stream", "stream_options"),
        *("tools", "tool_choice", "parallel_tool_calls", "n", "seed", "store", "metadata", "service_tier"),
        *("reasoning_effort", "verbosity", "prompt_cache_key", "safety_identifier"),
    )
)
UNSUPPORTED = {"max_tokens": "max_completion_tokens", "functions": "tools", "function_call": "tool_choice"}
MESSAGES = {
    "system": {"content", "name"},
    "developer": {"content", "name"},
    "user": {"content", "name"},
    "assistant": {"content", "name", "tool_calls", "refusal"},
    "tool": {"content", "tool_call_id"},
}
KEYWORDS = frozenset(
    (
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"),
        *("$ref", "$defs", "title", "description", "pattern", "format", "minItems", "maxItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    )
)
"""What https://developers.openai.com/api/docs/guides/structured-outputs names as supported."""
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check(body: Any) -> Body:
    """The body of a request; raises `Invalid` where the API would refuse it."""
    if not isinstance(body, dict):
        raise Invalid("We could not parse the JSON body of your request.")
    for name in body.keys() & UNSUPPORTED.keys():
        raise Invalid(
            f"Unsupported parameter: '{name}' is not supported with this model. Use '{UNSUPPORTED[name]}' "
            "instead.",
            code="unsupported_parameter",
        )
    for name in body.keys() - FIELDS:
        raise Invalid(f"Unrecognized request argument supplied: {name}")
    for name in ("model", "messages"):
        if name not in body:
            raise Invalid(f"Missing required parameter: '{name}'.", code="missing_required_parameter")
    most = body.get("max_completion_tokens", 1)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise Invalid("Invalid 'max_completion_tokens': integer below minimum value.")
    if "stream_options" in body and not body.get("stream"):
        raise Invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    _messages(body["messages"])
    _tools(body)
    if "response_format" in body:
        _format(body["response_format"])
    return body


# -- turns


def _messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise Invalid("Invalid 'messages': empty array. Expected an array with minimum length 1.")
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role")
        if role not in MESSAGES:
            raise Invalid(f"Invalid value: '{role}'. Supported values are: {', '.join(MESSAGES)}.")
        for name in message.keys() - MESSAGES[role] - {"role"}:
            raise Invalid(f"Unknown parameter: 'messages[{number}].{name}'.", code="unknown_parameter")
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise Invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                    "with 'tool_calls'."
                )
            open_calls.remove(message["tool_call_id"])
        elif open_calls:
            _unanswered(open_calls)
        _content(number, message)
        if role == "assistant":
            open_calls = _calls(number, message.get("tool_calls"))
    if open_calls:
        _unanswered(open_calls)


def _unanswered(calls: list[str]) -> None:
    raise Invalid(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(calls)}"
    )


def _content(number: int, message: Body) -> None:
    content = message.get("content")
    if content is None and message["role"] == "assistant" and message.get("tool_calls"):
        return
    if not isinstance(content, str):
        raise Invalid(f"Invalid value for 'content': expected a string, got null. (messages[{number}])")


def _calls(number: int, calls: Any) -> list[str]:
    if calls is None:
        return []
    where = f"messages[{number}].tool_calls"
    if not calls:
        raise Invalid(f"Invalid '{where}': empty array. Expected an array with minimum length 1.")
    for call in calls:
        if call.keys() != {"id", "type", "function"} or call["type"] != "function":
            raise Invalid(f"Missing required parameter: '{where}[0].type'.")
        function = call["function"]
        if not NAME.fullmatch(function["name"]):
            raise Invalid(f"Invalid '{where}[0].function.name': string does not match pattern.")
        if not isinstance(function["arguments"], str):
            raise Invalid(f"Invalid type for '{where}[0].function.arguments': expected a string.")
    return [call["id"] for call in calls]


# -- the rest


def _tools(body: Body) -> None:
    tools = body.get("tools")
    if not tools:
        if tools is not None:
            raise Invalid("Invalid 'tools': empty array. Expected an array with minimum length 1.")
        for name in body.keys() & {"tool_choice", "parallel_tool_calls"}:
            raise Invalid(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.")
        return
    choice = body.get("tool_choice", "auto")
    if choice not in ("none", "auto", "required") and not isinstance(choice, dict):
        raise Invalid(f"Invalid value: '{choice}'. Supported values are: 'none', 'auto', and 'required'.")
    for number, tool in enumerate(tools):
        if tool.keys() != {"type", "function"} or tool["type"] != "function":
            raise Invalid(f"Missing required parameter: 'tools[{number}].type'.")
        function = tool["function"]
        for name in function.keys() - {"name", "description", "parameters", "strict"}:
            raise Invalid(f"Unknown parameter: 'tools[{number}].function.{name}'.")
        if not NAME.fullmatch(function.get("name", "")):
            raise Invalid(f"Invalid 'tools[{number}].function.name': string does not match pattern.")
        if function.get("parameters", {"type": "object"}).get("type") != "object":
            raise Invalid(
                f"Invalid schema for function '{function['name']}': schema must be of type 'object'."
            )
        if function.get("strict"):
            _strict(function.get("parameters", {}), ("function", function["name"]))


def _format(wanted: Body) -> None:
    if wanted.get("type") != "json_schema":
        raise Invalid("Invalid value for 'response_format.type'.")
    described = wanted.get("json_schema", {})
    for name in described.keys() - {"name", "description", "schema", "strict"}:
        raise Invalid(f"Unknown parameter: 'response_format.json_schema.{name}'.")
    if not NAME.fullmatch(described.get("name", "")):
        raise Invalid("Missing required parameter: 'response_format.json_schema.name'.")
    if described.get("strict"):
        schema = described.get("schema", {})
        if schema.get("type") != "object":
            raise _refused((), "schema must be a JSON Schema of 'type: \"object\"'")
        _strict(schema, ())


def _strict(schema: Any, at: tuple[str, ...]) -> None:
    if "$ref" in schema and len(schema) > 1:
        raise _refused(at, f"$ref cannot have keywords {sorted(schema.keys() - {'$ref'})}")
    for name in schema.keys() - KEYWORDS:
        raise _refused(at, f"'{name}' is not permitted")
    parts = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise _refused(at, "'additionalProperties' is required to be supplied and to be false")
        for name in parts.keys() ^ set(schema.get("required", ())):
            raise _refused(
                at,
                "'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{name}'",
            )
    if schema.get("type") == "array" and "items" not in schema:
        raise _refused(at, "array schema missing items")
    for name, part in {**parts, **schema.get("$defs", {})}.items():
        _strict(part, (*at, "properties", name))
    if "items" in schema:
        _strict(schema["items"], (*at, "items"))
    for number, part in enumerate(schema.get("anyOf", ())):
        _strict(part, (*at, "anyOf", str(number)))


def _refused(at: tuple[str, ...], why: str) -> Invalid:
    return Invalid(f"Invalid schema for response_format 'answer': In context={at}, {why}.")
