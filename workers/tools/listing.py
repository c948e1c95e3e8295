"""Reading a row of AWS's services: its parents, its list, what describes each item, as resources."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import quote

import jmespath

from workers.domain.telemetry import Resource
from workers.tools.aws import Aws
from workers.tools.rows import Listing, Service

MOST_DESCRIBED = 50
"""Items that are described one call each; the rest of a list is left out, and said so."""
MOST_SEARCHED = 5000
"""Items of a list in which somebody's things are looked for."""
SINCE = timedelta(hours=3)
UNREAD = "-"
"""The `tags` of a row whose tags cannot be read."""


def resources(aws: Aws, row: Service, limit: int = 1000) -> list[Resource]:
    """What a row lists, at most so many."""
    return [resource(aws.region, row, item) for item in _items(aws, row, limit)][:limit]


def called(aws: Aws, row: Service, names: Collection[str]) -> list[Resource]:
    """Those of a row's things that have one of these names or ids; no other is described."""

    def meant(item: Any) -> bool:
        """Whether a list's item is one of them; where it has to be described, it is a name or an ARN."""
        if row.detail:
            return item in names or _tail(str(item)) in names
        one = resource(aws.region, row, item)
        return one.name in names or one.id in names

    listed = aws.pages(row.client, row.list.call, row.list.items, limit=MOST_SEARCHED, **row.list.with_)
    wanted = [item for item in listed if meant(item)]
    found = _detailed(aws, row, {}, wanted) if row.detail else wanted
    return [resource(aws.region, row, item) for item in found]


def _items(aws: Aws, row: Service, limit: int) -> Iterator[Any]:
    now = datetime.now(UTC)
    times = {"now": now, "since": now - SINCE}
    for parent in _parents(aws, row):
        values = times | parent
        found = aws.pages(row.client, row.list.call, row.list.items, limit=limit, **_filled(row.list, values))
        yield from _detailed(aws, row, values, found) if row.detail else found


def items(of: Listing, answer: Any) -> list[Any]:
    """The items in a call's answer."""
    return list(jmespath.search(of.items, answer) or ())


def _parents(aws: Aws, row: Service) -> list[dict[str, Any]]:
    if row.each is None:
        return [{}]
    found = aws.pages(row.client, row.each.call, row.each.items, **row.each.with_)
    return [{row.each.as_: item} for item in found]


def _detailed(aws: Aws, row: Service, values: dict[str, Any], names: list[Any]) -> list[Any]:
    detail = row.detail
    if detail is None:
        return names
    if detail.single:
        asked = [values | {"item": name} for name in names[:MOST_DESCRIBED]]
    else:
        starts = range(0, len(names), detail.batch)
        asked = [values | {"batch": names[start : start + detail.batch]} for start in starts]

    def ask(one: dict[str, Any]) -> list[Any]:
        return aws.pages(row.client, detail.call, detail.items, **_filled(detail, one))

    answers = aws.each(ask, asked) if detail.single else map(ask, asked)
    return [item for answer in answers for item in answer]


def _filled(listing: Listing, values: Mapping[str, Any]) -> dict[str, Any]:
    """The call's arguments with `$name` replaced."""
    return {
        key: values[value[1:]] if isinstance(value, str) and value.startswith("$") else value
        for key, value in listing.with_.items()
    }


def resource(region: str, row: Service, item: Any) -> Resource:
    """An item of a row in our words."""

    def shown(path: str, key: str) -> str:
        value = jmespath.search(path, item)
        text = "" if value is None else str(value)
        text = text.rpartition(row.cut[key])[2] if key in row.cut else text
        return _tail(text) if key in row.tail else text

    name, id_ = shown(row.name, "name"), shown(row.identifier, "identifier")
    attributes = {key: text for key, path in row.show.items() if (text := shown(path, key))}
    place = {"cluster": "", **attributes, "region": region, "name": name, "id": id_}
    path = row.console.format_map({key: quote(text, safe="") for key, text in place.items()})
    return Resource(
        name=name,
        kind=row.kind,
        id=id_,
        system=f"aws:{row.id}",
        attributes=attributes,
        tags=tags(jmespath.search(row.tags, item)) if row.tags not in ("", UNREAD) else {},
        link=f"https://console.aws.amazon.com/{path}" if path else "",
    )


def tags(found: Any) -> dict[str, str]:
    """A thing's tags, in whichever of its three shapes AWS gives them: a map, or pairs in either spelling."""
    if isinstance(found, dict):
        return {str(key): str(value) for key, value in cast(dict[Any, Any], found).items()}
    pairs = ((one.get("Key", one.get("key")), one.get("Value", one.get("value"))) for one in found or ())
    return {str(key): str(value or "") for key, value in pairs}


def _tail(text: str) -> str:
    """The last part of a path or an ARN."""
    return text.rsplit("/" if "/" in text or not text.startswith("arn:") else ":", 1)[-1]
