"""What there is in AWS, listed when somebody asks: by service, by kind of thing, or in plain words."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from difflib import get_close_matches

from workers.domain.call import Gap, ResourceData
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.domain.telemetry import Resource
from workers.tools import listing
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Counted
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.rows import Service, catalogue

MOST = 200
"""Things of one service that are listed."""
AT_ONCE = 16
"""Services that are listed side by side."""
EVERYTHING = re.compile(r"\b(?:everything|all (?:aws )?services|anything)\b")


@action(risk=Risk.READ, answers="resources")
def aws_query(account: Account, what: str, name: str = "") -> Answer:
    """What there is in AWS: `what` in plain words (buckets, functions, databases), `name` a part of names."""
    rows = chosen(what)
    gaps: list[Gap] = []

    def listed(row: Service) -> list[Resource]:
        return guarded(row.id, lambda: listing.resources(account.aws, row, MOST + 1), gaps)

    with Counted() as counted, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="estate") as pool:
        asked = [pool.submit(copy_context().run, listed, row) for row in rows]
        found = [future.result() for future in asked]
    kept = [one for some in found for one in some[:MOST] if _holds(one, name)]
    return Answer(
        data=ResourceData(resources=tuple(kept)),
        source="aws",
        gaps=tuple(gaps),
        truncated=any(len(some) > MOST for some in found),
        cost=counted.calls,
    )


def chosen(what: str) -> tuple[Service, ...]:
    """The rows that a text names; raises `Refused` with the nearest names where it names none.

    The longest name counts: a classic load balancer is no load balancer.
    """
    text = " ".join(what.lower().split())
    if EVERYTHING.search(text):
        return catalogue()
    spans = [(row, found.span()) for row in catalogue() for found in _named(row).finditer(text)]
    longest = [
        row
        for row, (start, end) in spans
        if not any(s <= start and end <= e and e - s > end - start for _, (s, e) in spans)
    ]
    if longest:
        return tuple(row for row in catalogue() if row in longest)
    near = get_close_matches(text, sorted(_every_name()), n=4, cutoff=0.5)
    mend = f"Near it: {', '.join(near)}." if near else "Say for example: S3 buckets, databases, everything."
    raise Refused(f"I know no AWS service called {what.strip()[:80]!r}", mend)


def _named(row: Service) -> re.Pattern[str]:
    """What names a row in a text: its id, its kind, and what people call it, in any number."""
    names = sorted({row.id, row.group, *row.words} - {""}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})(?:e?s)?\b")


def _every_name() -> set[str]:
    return {name for row in catalogue() for name in (row.id, row.group, *row.words) if name}


def _holds(one: Resource, part: str) -> bool:
    wanted = part.lower()
    return any(wanted in text.lower() for text in (one.name, one.id, *one.attributes.values()))


TOOLSET = Toolset(name="estate", actions=(aws_query,))
