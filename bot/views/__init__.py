"""What Runbook shows to one person: domain values in, blocks out."""

from workers.domain.post import Block
from workers.domain.value import Value


class Said(Value):
    """An answer to one person. `text` is a full sentence: it is read aloud in place of the blocks."""

    text: str = ""
    blocks: tuple[Block, ...] = ()
