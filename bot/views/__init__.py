"""What Runbook shows to one person: domain values in, blocks out."""

from workers.domain.post import Block
from workers.domain.value import Value


class Said(Value):
    """An answer to one person, or to `everybody` in the channel.

    `text` is a full sentence: it is read aloud in place of the blocks.
    """

    text: str = ""
    blocks: tuple[Block, ...] = ()
    everybody: bool = False
