"""Tags of what was listed: those that lists tell, and by ARN those that only the tagging API knows."""

import re
from collections.abc import Iterable
from typing import Any

from workers.domain.call import Gap
from workers.domain.errors import Refused
from workers.domain.telemetry import Resource
from workers.tools import listing
from workers.tools.aws import Aws
from workers.tools.guarded import guarded
from workers.tools.rows import Service

MOST = 5000
"""Things whose tags are looked up at once."""

# Of these the tags are kept in one region, whatever region one looks at.
EVERYWHERE = {"cloudfront": "us-east-1", "organizations": "us-east-1", "route53": "us-east-1"}

Found = list[tuple[Service, Resource]]


def wanted(tag: Iterable[str]) -> dict[str, str]:
    """`env=prod` as a key and a value, which is empty for any. Raises `Refused` for what is no tag."""
    pairs = [part.partition("=") for one in tag for part in re.split(r"[,\s]+", one) if part]
    if any(not key for key, _, _ in pairs):
        raise Refused(f"{' '.join(tag)[:80]!r} is no tag", "Write key=value, for example team=payments.")
    return {key.lower(): value.lower() for key, _, value in pairs}


def carries(one: Resource, tags: dict[str, str]) -> bool:
    """Whether a thing has all of these, whichever case they are written in."""
    own = {key.lower(): value.lower() for key, value in one.tags.items()}
    return all(key in own and value in ("", own[key]) for key, value in tags.items())


def read(aws: Aws, found: Found, gaps: list[Gap]) -> tuple[Found, frozenset[str]]:
    """The same with their tags, and the ids of those whose tags could not be read, of which gaps tell."""
    lookup = [pair for pair in found if pair[0].tags == "" and not _elsewhere(*pair, aws.region)]
    dark = [pair for pair in found if pair[0].tags == listing.UNREAD or _elsewhere(*pair, aws.region)]
    if dark:
        gaps.append(Gap(what=_what(dark), why=f"AWS does not tell them in {aws.region}"))
    known = guarded(_what(lookup), lambda: [_tagged(aws, gaps)], gaps) if lookup else []
    asked, tags = {one.id for _, one in lookup}, known[0] if known else {}
    told = [
        (row, one.model_copy(update={"tags": tags.get(_key(row, one), {})}) if one.id in asked else one)
        for row, one in found
    ]
    return told, frozenset(one.id for _, one in (*dark, *(() if known else lookup)))


def _tagged(aws: Aws, gaps: list[Gap]) -> dict[str, dict[str, str]]:
    """The tags of everything that has any, by service and the end of its ARN."""
    found: list[dict[str, Any]] = aws.pages(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        limit=MOST + 1,
        ResourcesPerPage=100,
    )
    if len(found) > MOST:
        gaps.append(Gap(what="tags", why=f"more than {MOST} things have some; the others were not read"))
    return {_short(one["ResourceARN"]): listing.tags(one.get("Tags")) for one in found}


def _key(row: Service, one: Resource) -> str:
    """The ARN of a thing as `_short` gives it."""
    if one.id.startswith("arn:"):
        return _short(one.id)
    return row.arn.format_map({**one.attributes, "name": one.name, "id": one.id}).replace("//", "/")


def _short(arn: str) -> str:
    """An ARN's service and what follows the account."""
    parts = arn.split(":", 5)
    return f"{parts[2]}:{parts[5].removesuffix(':*')}" if len(parts) == 6 else arn


def _elsewhere(row: Service, one: Resource, region: str) -> bool:
    """Whether a thing's tags are kept in another region than one looks at."""
    return (EVERYWHERE.get(row.client) or one.attributes.get("region") or region) != region


def _what(some: Found) -> str:
    return f"tags of {', '.join(dict.fromkeys(row.id for row, _ in some))}"
