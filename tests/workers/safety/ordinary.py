"""Lines as logs are full of them, with ids, hashes, paths and blobs in them, and no secret."""

import base64
import gzip
import json
import random
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.workers.safety.planted import BASE64, HEX, LETTERS, UPPER, some

SHAPES = tuple(
    line.replace("\\n", "\n").replace("\\t", "\t")
    for line in Path(__file__).with_suffix(".txt").read_text().splitlines()
)


def made(count: int) -> Iterator[str]:
    """So many lines, the same each time."""
    chance = random.Random("ordinary")
    for turn in range(count):
        yield _filled(SHAPES[turn % len(SHAPES)], chance)


def recorded(folder: Path) -> Iterator[str]:
    """The lines of the recorded incidents below a folder (`logs.ndjson`, outputs of tools, templates)."""
    for path in sorted(folder.rglob("*")):
        if path.name == "logs.ndjson" or (path.suffix == ".txt" and path.parent.parent.name == "cases"):
            yield from filter(str.strip, path.read_text(errors="replace").splitlines())
        elif path.name.endswith("logs.csv.gz"):
            yield from gzip.decompress(path.read_bytes()).decode().splitlines()[1:]


def _filled(shape: str, chance: random.Random) -> str:
    def said(count: int, of: str) -> str:
        return some(count, of)(chance)

    words = json.dumps({"item": said(6, LETTERS), "count": chance.randint(1, 99), "note": "left at the door"})
    return shape.format(
        time=f"2026-03-04T12:{chance.randint(10, 59)}:{chance.randint(10, 59)}.{chance.randint(100, 999)}Z",
        n=chance.randint(0, 99_999),
        ip=".".join(str(chance.randint(1, 254)) for _ in range(4)),
        uuid=uuid.UUID(int=chance.getrandbits(128)),
        id6=said(6, LETTERS),
        upper7=said(7, UPPER),
        upper16=said(16, UPPER),
        flag=chance.choice(("true", "false")),
        blob=base64.b64encode(chance.choice((words.encode(), chance.randbytes(60)))).decode(),
        **{f"hex{n}": said(n, HEX) for n in (4, 8, 16, 24, 32, 40, 64)},
        **{f"b64_{n}": said(n, BASE64) for n in (27, 43, 54, 76, 86)},
    )
