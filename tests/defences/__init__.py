"""The defences, as data: a threat, a promise, the test that proves it, and the line that it hangs on."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from workers.domain.value import Value

ROOT = Path(__file__).parents[2]


class Defence(Value):
    """One row of `defences.yaml`: without `line` in `file`, which is `gone` then, the test fails."""

    threat: str
    promise: str
    test: str
    file: str
    line: str
    gone: str


@cache
def defences() -> tuple[Defence, ...]:
    rows = yaml.safe_load((Path(__file__).parent / "defences.yaml").read_text(encoding="utf-8"))
    return tuple(Defence.model_validate(row) for row in rows)


def table() -> Iterator[str]:
    """The rows as docs/security.md shows them."""
    yield "| threat | promise | proven by |"
    yield "|---|---|---|"
    for one in defences():
        file, _, name = one.test.partition("::")
        yield f"| {one.threat} | {one.promise} | `{Path(file).name}` `{name}` |"
