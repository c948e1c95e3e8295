"""What there is in AWS, listed when somebody asks: by service, by kind of thing, or in plain words."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from difflib import get_close_matches

from workers.domain.call import Gap, ResourceData
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.domain.telemetry import Resource
from workers.tools import environments, listing, tags
from workers.tools.action import Answer, Toolset, action
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.rows import Service, catalogue

MOST = 200
"""Things of one service that are listed."""
AT_ONCE = 32
"""Services that are listed side by side."""
STATES = ("status", "state", "health")
"""The attributes of which the first tells a thing's status."""
SHOWN = 5
"""Names that a gap tells."""
ANYWHERE = frozenset({"cloudfront", "health", "iam", "organizations", "route53", "s3"})
"""Clients whose things belong to no region: they are listed once for an account."""
EVERYTHING = re.compile(r"\b(?:everything|all (?:aws )?services|anything)\b")


@action(risk=Risk.READ, answers="resources")
def aws_query(
    account: Account,
    what: str,
    name: str = "",
    tag: tuple[str, ...] = (),
    status: str = "",
    environment: str = "",
    place: str = "",
) -> Answer:
    """What is in AWS: `what` in plain words (buckets), `name` part of names, `tag` as team=web, `place`."""
    if not account.called(place):
        raise Refused(f"Runbook does not look at {place[:80]!r} here", f"It looks at {account.name}.")
    rows, tagged = here(account, what), tags.wanted(tag)
    gaps: list[Gap] = []
    with Counted() as counted:
        found = listed(account, rows, gaps, MOST + 1)
        kept = [(row, one) for row, some in found for one in some[:MOST] if _holds(one, name)]
        if tagged or environment:
            kept = _filtered(account, kept, tagged, environment, gaps)
        if status:
            kept = _in_state(kept, status, gaps)
    return Answer(
        data=ResourceData(resources=tuple(one for _, one in kept)),
        source="aws",
        gaps=tuple(gaps),
        truncated=any(len(some) > MOST for _, some in found),
        cost=counted.calls,
    )


def listed(
    account: Account, rows: tuple[Service, ...], gaps: list[Gap], most: int
) -> list[tuple[Service, list[Resource]]]:
    """What there is of each row, at most so many; what could not be listed is a gap."""

    def ask(row: Service) -> list[Resource]:
        return guarded(row.id, lambda: listing.resources(account.aws, row, most), gaps)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="estate") as pool:
        asked = [pool.submit(copy_context().run, ask, row) for row in rows]
        return [(row, future.result()) for row, future in zip(rows, asked, strict=True)]


def _filtered(
    account: Account, found: tags.Found, tagged: dict[str, str], environment: str, gaps: list[Gap]
) -> tags.Found:
    """Those with these tags and of this environment; a gap counts those of which nothing tells."""
    told, dark = tags.read(account.aws, found, gaps)
    kept = [pair for pair in told if not tagged or (pair[1].id not in dark and tags.carries(pair[1], tagged))]
    if not environment:
        return kept
    region, known = account.aws.region, account.environments
    verdicts = [(pair, environments.of(pair[1], region, environment, known)) for pair in kept]
    if unsaid := [pair for pair, verdict in verdicts if verdict is None]:
        why = f"no setting, tag or name says which it is of {_some(unsaid)}"
        gaps.append(Gap(what=f"the environment of {len(unsaid)} of {len(kept)}", why=why))
    return [pair for pair, verdict in verdicts if verdict]


def _in_state(found: tags.Found, status: str, gaps: list[Gap]) -> tags.Found:
    wanted = status.strip().lower()
    states = [
        (pair, next((pair[1].attributes[key] for key in STATES if key in pair[1].attributes), ""))
        for pair in found
    ]
    if unsaid := [pair for pair, state in states if not state]:
        why = f"AWS's list tells none of {_some(unsaid)}"
        gaps.append(Gap(what=f"the status of {len(unsaid)} of {len(found)}", why=why))
    return [pair for pair, state in states if wanted in state.lower()]


def _some(found: tags.Found) -> str:
    names = [one.name for _, one in found]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def here(account: Account, what: str) -> tuple[Service, ...]:
    """The rows that a text names, of what this place is asked about."""
    return tuple(row for row in chosen(what) if account.home or row.client not in ANYWHERE)


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


def unnamed(what: str) -> str:
    """A text without what names services in it."""
    text = " ".join(what.lower().split())
    for row in catalogue():
        text = _named(row).sub(" ", text)
    return text


def _named(row: Service) -> re.Pattern[str]:
    """What names a row in a text, by itself: its id, its kind, and what people call it, in any number."""
    names = sorted({row.id, row.group, *row.words} - {""}, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?:e?s)?(?![\w-])")


def _every_name() -> set[str]:
    return {name for row in catalogue() for name in (row.id, row.group, *row.words) if name}


def _holds(one: Resource, part: str) -> bool:
    wanted = part.lower()
    return any(wanted in text.lower() for text in (one.name, one.id, *one.attributes.values()))


TOOLSET = Toolset(name="estate", actions=(aws_query,))
