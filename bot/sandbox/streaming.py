"""What a streamed message shows: its chunks, put together to text, task cards and a plan."""

from typing import Any

from bot.sandbox.blocks import judge
from bot.sandbox.errors import SlackError
from bot.sandbox.files import Files
from bot.sandbox.ids import Ids
from bot.sandbox.workspace import Stream

REQUIRED = {
    "markdown_text": ("text",),
    "task_update": ("id", "title", "status"),
    "plan_update": ("title",),
    "blocks": ("blocks",),
}
TASK_STATUSES = ("pending", "in_progress", "complete", "error")


def checked(chunks: Any, files: Files) -> list[dict[str, Any]]:
    """The chunks themselves, or `invalid_chunks` with what is wrong with the first bad one."""
    if not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    for number, chunk in enumerate(chunks):
        pointer = f"[json-pointer:/chunks/{number}]"
        if not isinstance(chunk, dict) or chunk.get("type") not in REQUIRED:
            raise SlackError("invalid_chunks", [f"unsupported type {pointer}"])
        for name in REQUIRED[chunk["type"]]:
            if chunk.get(name) is None:
                raise SlackError("invalid_chunks", [f"missing required field: {name} {pointer}"])
        if chunk["type"] == "task_update" and chunk["status"] not in TASK_STATUSES:
            raise SlackError(
                "invalid_chunks", [f"must be a valid enum value [json-pointer:/chunks/{number}/status]"]
            )
        if chunk["type"] == "blocks":
            judge.message(chunk["blocks"], None, files)
    return chunks


def render(stream: Stream, ids: Ids) -> dict[str, Any]:
    """`text` and `blocks` of the message as it stands."""
    blocks: list[dict[str, Any]] = []
    text = ""
    plan: dict[str, Any] = {"type": "plan", "block_id": "plan", "title": "", "tasks": []}
    for chunk in stream.chunks:
        kind = chunk["type"]
        if kind == "markdown_text":
            text += chunk["text"]
            _add_text(blocks, chunk["text"])
        elif kind == "blocks":
            blocks += chunk["blocks"]
        elif kind == "plan_update":
            plan["title"] = chunk["title"]
        else:
            _add_task(plan["tasks"] if stream.mode == "plan" else blocks, chunk)
        if plan not in blocks and (plan["title"] or plan["tasks"]):
            blocks.append(plan)
    for block in blocks:
        block.setdefault("block_id", ids.mixed(5))
    return {"text": text, "blocks": blocks}


def _add_text(blocks: list[dict[str, Any]], text: str) -> None:
    if blocks and blocks[-1]["type"] == "markdown":
        blocks[-1]["text"] += text
    else:
        blocks.append({"type": "markdown", "text": text})


def _add_task(tasks: list[dict[str, Any]], chunk: dict[str, Any]) -> None:
    task = next((task for task in tasks if task.get("task_id") == chunk["id"]), None)
    if task is None:
        tasks.append(task := _card(chunk["id"]))
    task |= {"title": chunk["title"], "status": chunk["status"]}
    # Slack adds details and output to what a card already holds; it does not replace them.
    for part in ("details", "output"):
        if chunk.get(part):
            task[part] = _paragraphs(task.get(part), chunk[part])
    if chunk.get("sources"):
        task["sources"] = [*task.get("sources", []), *chunk["sources"]]


def _card(task_id: str) -> dict[str, Any]:
    return {"type": "task_card", "task_id": task_id}


def _paragraphs(known: dict[str, Any] | None, text: str) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [*(known["elements"] if known else []), section]}
