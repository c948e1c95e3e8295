"""A small real model behind the local Messages API: Qwen2.5-Coder 1.5B, computed on this machine.

It calls no tools by itself: a grammar holds it to one JSON object, which is a call of a tool or the answer.
"""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.messages_api import MessagesApi, messages_api
from tests.messages_rules import blocks
from tests.model_server import Body, Turn

NAME = "qwen2.5-coder-1.5b"
HOME = Path(".venv/llm")
WINDOW = 12_288
"""Tokens of a prompt and its answer; one that is longer is refused."""
TOOLS = 'Ask a tool by {"tool": name, "input": arguments}; answer by {"tool": "final", "answer": ...}.'


@contextmanager
def small_model(home: Path = HOME) -> Generator[MessagesApi]:
    """Loads what `make .venv/.llm` put into `home`; listens until the end of the block."""
    import xllamacpp

    given = xllamacpp.CommonParams()
    given.model.path = str(home / "model.gguf")
    given.n_ctx, given.n_parallel, given.port, given.ui, given.verbosity = WINDOW, 1, 0, False, 1
    # Threads wait for each other after every layer: on all processors, any neighbour holds up all of them.
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) // 2)
    server = xllamacpp.Server(given)
    with messages_api((NAME,), WINDOW) as api:
        api.script = lambda body: answered(body, server.handle_chat_completions(asked(body)))
        yield api


def asked(body: Body) -> Body:
    """A request to the Messages API as one for a chat completion."""
    answer = body["output_config"]["format"]["schema"]
    tools = body.get("tools", [])
    system = [block["text"] for block in blocks(body["system"])]
    system += [TOOLS, *map(json.dumps, tools)] if tools else []
    said = [(m["role"], "\n".join(map(_plain, blocks(m["content"])))) for m in body["messages"]]
    return {
        "messages": [
            {"role": role, "content": text} for role, text in (("system", "\n".join(system)), *said)
        ],
        "max_tokens": body["max_tokens"],
        "temperature": 0,
        "response_format": {"type": "json_schema", "json_schema": {"schema": _form(_open(body), answer)}},
    }


def answered(body: Body, completion: Body) -> Turn:
    """What came of it in the words of the Messages API."""
    if error := completion.get("error"):
        long = error["type"] == "exceed_context_size_error"
        return Turn(status=400 if long else 500, message=f"{'prompt is too long: ' * long}{error['message']}")
    choice, used = completion["choices"][0], completion["usage"]
    cached = used["prompt_tokens_details"]["cached_tokens"]
    usage = {
        "input_tokens": used["prompt_tokens"] - cached,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": used["completion_tokens"],
    }
    text = choice["message"]["content"]
    if choice["finish_reason"] != "stop":
        return Turn(text=text, stop="max_tokens", usage=usage)
    if not _open(body):
        return Turn(text=text, usage=usage)
    said = json.loads(text)
    if said["tool"] == "final":
        return Turn(text=json.dumps(said["answer"]), usage=usage)
    return Turn(uses=((said["tool"], said["input"]),), usage=usage)


def _open(body: Body) -> list[Body]:
    """The tools that may be asked."""
    return [] if body.get("tool_choice") == {"type": "none"} else body.get("tools", [])


def _form(tools: list[Body], answer: Body) -> Body:
    """One JSON schema for all that may be said; what the schemas refer to stands at its root."""
    if not tools:
        return answer
    shared: Body = {}
    forms: list[Body] = []
    for name, key, schema in (
        *((tool["name"], "input", tool["input_schema"]) for tool in tools),
        ("final", "answer", answer),
    ):
        shared |= schema.get("$defs", {})
        plain = {part: value for part, value in schema.items() if part != "$defs"}
        forms.append(
            {
                "type": "object",
                "properties": {"tool": {"const": name}, key: plain},
                "required": ["tool", key],
                "additionalProperties": False,
            }
        )
    return {"anyOf": forms, "$defs": shared}


def _plain(block: Body) -> str:
    match block["type"]:
        case "text":
            return block["text"]
        case "tool_use":
            return json.dumps({"tool": block["name"], "input": block["input"]})
        case "tool_result":
            return f"The tool said: {block['content']}"
        case _:
            return ""
