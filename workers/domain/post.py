"""What is to be said in Slack, before it is said."""

from typing import Literal

from pydantic import JsonValue

from workers.domain.conclusion import Picture
from workers.domain.value import Value

Block = dict[str, JsonValue]


class Post(Value):
    """One Slack message of an investigation; a later post with the same `key` edits it.

    `text` is a full sentence: notifications and screen readers read it instead of the blocks.
    `urgent` posts (causes, approvals) go ahead of progress. With `person` it is shown to them alone.
    `picture` is drawn and put into the message in place of the block whose `block_id` is "picture".
    """

    key: str
    text: str
    blocks: tuple[Block, ...] = ()
    urgent: bool = False
    person: str = ""
    picture: Picture | None = None


HEAD: Literal["{the-audit-head}"] = "{the-audit-head}"
"""Stands in a post for the head of the audit chain: as many of its digits, when the post is written down."""

GLASS: Literal["{break-glass}"] = "{break-glass}"
"""Stands in a post for who lifted limits until when, while somebody has, when the post is written down."""

LIVE: Literal["live"] = "live"
"""The key of the one message that shows progress; in a channel without a thread it is the root."""
