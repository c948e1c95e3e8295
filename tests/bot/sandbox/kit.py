"""Short ways to write blocks in tests."""

from typing import Any

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello", **more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str = "go", text: str = "Go", **more: Any) -> Block:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def actions(*elements: Block, **more: Any) -> Block:
    return {"type": "actions", "elements": list(elements), **more}


def rich(text: str = "hello") -> Block:
    parts = [{"type": "text", "text": text}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


def task(task_id: str, status: str = "in_progress", **more: Any) -> Block:
    return {"type": "task_card", "task_id": task_id, "title": "Check the pool", "status": status, **more}


def table(rows: int = 2, columns: int = 2, text: str = "x") -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns for _ in range(rows)]}


def modal(*blocks: Block, **more: Any) -> Block:
    return {"type": "modal", "title": plain("Why?"), "blocks": list(blocks), **more}


def text_input(block_id: str = "why", action_id: str = "text", **more: Any) -> Block:
    element = {"type": "plain_text_input", "action_id": action_id}
    return {"type": "input", "block_id": block_id, "label": plain("Why?"), "element": element, **more}
