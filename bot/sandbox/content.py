"""What a message says: text, blocks, attachments, metadata, read from a call and made complete."""

import copy
import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.arguments import Arguments
from bot.sandbox.blocks import judge, size
from bot.sandbox.errors import SlackError
from bot.sandbox.files import Files
from bot.sandbox.ids import Ids

TEXT_LIMIT = 40_000
MARKDOWN_LIMIT = 12_000
MAX_ATTACHMENTS = 100
METADATA_BYTES = 16_000
INTERACTIVE = re.compile(
    r"button|icon_button|feedback_buttons|overflow|datepicker|timepicker|datetimepicker|checkboxes|radio_buttons"
    r"|workflow_button|.*_select|.*_input"
)


@dataclass(frozen=True)
class Content:
    """`None` means that the argument was not sent, which for an update is not the same as empty."""

    text: str | None
    blocks: list[dict[str, Any]] | None
    attachments: list[dict[str, Any]] | None
    metadata: dict[str, Any] | None

    @property
    def is_empty(self) -> bool:
        """Nothing a reader could see."""
        return not (self.text or self.blocks or self.attachments)


def read(args: Arguments, files: Files) -> Content:
    """The content a `chat.*` call carries. Raises Slack's codes for content that will not do."""
    blocks = args.tree("blocks", wrong="invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    attachments = _attachments(args)
    text = args.text("text")[:TEXT_LIMIT] if args.has("text") else None
    if args.text("markdown_text"):
        if blocks or text:
            raise SlackError("markdown_text_conflict")
        if len(args.text("markdown_text")) > MARKDOWN_LIMIT:
            raise SlackError("msg_too_long")
        blocks = [{"type": "markdown", "text": args.text("markdown_text")}]
        text = args.text("markdown_text")
    metadata = args.tree("metadata", wrong="invalid_metadata_format")
    _check_metadata(metadata)
    judge.message(blocks, attachments, files)
    return Content(text, copy.deepcopy(blocks), copy.deepcopy(attachments), metadata)


def _attachments(args: Arguments) -> list[dict[str, Any]] | None:
    attachments = args.tree("attachments", wrong="invalid_attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    return attachments


def complete(blocks: list[dict[str, Any]], ids: Ids) -> list[dict[str, Any]]:
    """Fill in what Slack fills in: block ids, action ids, defaults of text objects.

    Changes the blocks in place.
    """
    for block in blocks:
        if block["type"] != "markdown":
            block.setdefault("block_id", ids.mixed(5))
        _fill(block, ids)
    return blocks


def complete_attachments(attachments: list[dict[str, Any]], ids: Ids) -> list[dict[str, Any]]:
    """Number attachments and fill in their fallback."""
    for number, attachment in enumerate(attachments, start=1):
        attachment["id"] = number
        attachment.setdefault(
            "fallback", attachment.get("text") or attachment.get("title") or "[no preview available]"
        )
        if isinstance(attachment.get("blocks"), list):
            complete(attachment["blocks"], ids)
    return attachments


def _fill(node: Any, ids: Ids) -> None:
    if isinstance(node, list):
        for item in node:
            _fill(item, ids)
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "plain_text":
        node.setdefault("emoji", True)
    elif kind == "mrkdwn":
        node.setdefault("verbatim", False)
    elif isinstance(kind, str) and INTERACTIVE.fullmatch(kind):
        node.setdefault("action_id", ids.mixed(5))
    for value in node.values():
        _fill(value, ids)


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    if size.in_bytes(metadata) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
