"""The verdict on blocks, attachments and views: shapes first, then what only shows across several blocks."""

from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.blocks import shapes, size
from bot.sandbox.blocks.specs import Problems, Typed, check, walk
from bot.sandbox.errors import SlackError
from bot.sandbox.files import Files

MARKDOWN_TOTAL = 12_000
TABLE_TOTAL = 10_000
MAX_CHARTS = 2
VIEW_BYTES = 250_000
# Slack fetches pictures from the outside; what only this machine can reach it cannot.
PRIVATE_HOSTS = ("localhost", "127.", "10.", "192.168.", "169.254.", "0.0.0.0", "[::1]")


def message(
    blocks: list[dict[str, Any]] | None, attachments: list[dict[str, Any]] | None, files: Files
) -> None:
    """Raises `invalid_blocks`, `invalid_attachments` or `msg_blocks_too_long`."""
    if blocks:
        _raise("invalid_blocks", _judge(blocks, "message", "/blocks", files))
    nested = Problems()
    for number, attachment in enumerate(attachments or []):
        if "blocks" in attachment:
            nested.found += _judge(
                attachment["blocks"], "message", f"/attachments/{number}/blocks", files
            ).found
    _raise("invalid_attachments", nested)
    everything = [*(blocks or []), *(b for a in attachments or [] for b in a.get("blocks", []))]
    in_all = Problems()
    _markdown(everything, "/blocks", in_all)
    _raise("invalid_blocks", in_all)
    if sum(block["type"] in ("table", "data_table") for block in everything) > 1:
        raise SlackError("invalid_attachments", ["only_one_table_allowed"])
    if size.of(everything) > size.LIMIT:
        raise SlackError("msg_blocks_too_long")


def view(tree: dict[str, Any], kind: str, files: Files) -> None:
    """Raises `invalid_arguments` or `view_too_large`."""
    problems = Problems()
    check(tree, Typed({kind: shapes.VIEW[kind]}), "/view", problems)
    if isinstance(tree.get("blocks"), list):
        problems.found += _judge(tree["blocks"], kind, "/view/blocks", files).found
        if kind == "modal" and not tree.get("submit"):
            for number, block in enumerate(tree["blocks"]):
                if isinstance(block, dict) and block.get("type") == "input":
                    problems.add(
                        "must define `submit` to use an `input` block in modals",
                        f"/view/blocks/{number}/input",
                    )
    if problems.found:
        raise SlackError(
            "invalid_arguments", ["failed to match all allowed schemas [json-pointer:/view]", *problems.found]
        )
    if size.in_bytes(tree) > VIEW_BYTES:
        raise SlackError("view_too_large")


def _judge(blocks: Any, surface: str, pointer: str, files: Files) -> Problems:
    problems = Problems()
    check(blocks, shapes.blocks_of(surface), pointer, problems)
    if not problems.found:
        _unique(blocks, pointer, problems)
        _pictures(blocks, pointer, files, problems)
        _totals(blocks, pointer, problems)
        _choices(blocks, pointer, problems)
        _plans(blocks, pointer, problems)
    return problems


def _raise(code: str, problems: Problems) -> None:
    if problems.found:
        raise SlackError(code, problems.found)


def _unique(blocks: list[dict[str, Any]], pointer: str, problems: Problems) -> None:
    """Block ids are unique in a message, action ids within a block."""
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            problems.add(f'`block_id` "{block_id}" already exists', f"{pointer}/{number}/block_id")
        seen |= {block_id} if block_id else set()
        actions: set[str] = set()
        for place, node in walk(block, f"{pointer}/{number}"):
            action_id = node.get("action_id")
            if action_id in actions:
                problems.add(f'`action_id` "{action_id}" already exists', f"{place}/action_id")
            actions |= {action_id} if action_id else set()


def _pictures(blocks: list[dict[str, Any]], pointer: str, files: Files, problems: Problems) -> None:
    for place, node in walk(blocks, pointer):
        reference = node.get("slack_file")
        if isinstance(reference, dict) and files.image(reference) is None:
            name = "id" if reference.get("id") else "url"
            problems.add("invalid slack file", f"{place}/slack_file.{name}/slack_file")
        if node.get("image_url") and not _reachable(node["image_url"]):
            problems.add("downloading image failed", f"{place}/image_url")


def _reachable(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts.scheme in ("http", "https") and bool(host) and not host.startswith(PRIVATE_HOSTS)


def _totals(blocks: list[dict[str, Any]], pointer: str, problems: Problems) -> None:
    _markdown(blocks, pointer, problems)
    if size.rendered_blocks(blocks) > 50 and pointer == "/blocks":
        problems.add("no more than 50 items allowed", pointer)
    for number, block in enumerate(blocks):
        if block["type"] == "table" and size.of([block]) > TABLE_TOTAL:
            problems.add(f"must be less than {TABLE_TOTAL + 1} characters", f"{pointer}/{number}/rows")
    if sum(block["type"] == "data_visualization" for block in blocks) > MAX_CHARTS:
        problems.add("too many data_visualization blocks", pointer)


def _markdown(blocks: list[dict[str, Any]], pointer: str, problems: Problems) -> None:
    """All Markdown of a payload counts together."""
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_TOTAL:
        problems.add(f"must be less than {MARKDOWN_TOTAL + 1} characters", pointer)


def _choices(blocks: list[dict[str, Any]], pointer: str, problems: Problems) -> None:
    """What is chosen from the start is one of the options."""
    for place, node in walk(blocks, pointer):
        groups = [group.get("options", []) for group in node.get("option_groups") or []]
        options = [*(node.get("options") or []), *(option for group in groups for option in group)]
        values = [option["value"] for option in options]
        chosen = [node.get("initial_option"), *(node.get("initial_options") or [])]
        if values and any(option and option["value"] not in values for option in chosen):
            problems.add("must be one of the options", f"{place}/initial_option")


def _plans(blocks: list[dict[str, Any]], pointer: str, problems: Problems) -> None:
    """Tasks have ids of their own, and a plan does not stand beside loose task cards."""
    kinds = {block["type"] for block in blocks}
    if {"plan", "task_card"} <= kinds:
        problems.add("plan and task_card blocks cannot be used together", pointer)
    for number, block in enumerate(blocks):
        seen: set[str] = set()
        for index, task in enumerate(block.get("tasks", []) if block["type"] == "plan" else []):
            if task["task_id"] in seen:
                place = f"{pointer}/{number}/tasks/{index}/task_id"
                problems.add(f'`task_id` "{task["task_id"]}" already exists', place)
            seen.add(task["task_id"])
