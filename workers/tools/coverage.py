"""How much of what there is can be looked at: its metrics, its logs, who changed it, who needs it."""

from collections.abc import Callable, Iterable

from workers.domain.call import Gap
from workers.domain.telemetry import Resource
from workers.domain.value import Value
from workers.tools import metrics
from workers.tools.guarded import guarded
from workers.tools.inventory import Account, Inventory
from workers.tools.rows import Service, catalogue

LOGGING = ("service", "function", "database")
"""Kinds of what writes lines."""


class Share(Value):
    """Of some things those that can be looked at, and those that are dark, by name."""

    what: str
    seen: tuple[str, ...]
    dark: tuple[str, ...]


def shares(inventory: Inventory, listed: Iterable[Resource], recorded: bool) -> tuple[Share, ...]:
    """The shares of what an investigation looks at and of whatever else was listed.

    A thing of which AWS measures nothing (a subnet) does not count among those to be measured, and so on;
    `recorded` is whether CloudTrail's record can be read.
    """
    rows = {f"aws:{row.id}": row for row in catalogue()}
    own = [one for one in inventory.topology.resources if one.kind not in ("external", "unknown")]
    known = {(one.system, one.name) for one in own}
    every = [*own, *(one for one in listed if (one.system, one.name) not in known)]
    joined = {name for edge in inventory.topology.edges for name in (edge.caller, edge.callee)}

    def measured(one: Resource) -> bool:
        row = rows.get(one.system)
        return bool(inventory.metrics.get(one.name) or (row and metrics.measured(row, one, "here")))

    def measurable(one: Resource) -> bool:
        return one in own or _has(rows.get(one.system), lambda row: bool(row.signals or row.own))

    def changeable(one: Resource) -> bool:
        return _has(rows.get(one.system), lambda row: bool(row.changed_by))

    logging = [one for one in own if one.kind in LOGGING]
    return (
        _share("With metrics", filter(measurable, every), measured),
        _share("With logs", logging, lambda one: bool(one.attributes.get("log_group"))),
        _share("With changes", every, lambda one: recorded and changeable(one)),
        _share("With dependencies", own, lambda one: one.name in joined),
    )


def unrecorded(account: Account) -> tuple[Gap, ...]:
    """Why CloudTrail's record cannot be read; nothing where it can."""
    gaps: list[Gap] = []
    guarded("who changed what", lambda: [account.aws.call("cloudtrail", "lookup_events", MaxResults=1)], gaps)
    return tuple(gaps)


def _has(row: Service | None, holds: Callable[[Service], bool]) -> bool:
    return row is not None and holds(row)


def _share(what: str, some: Iterable[Resource], holds: Callable[[Resource], bool]) -> Share:
    of = list(some)
    seen = tuple(one.name for one in of if holds(one))
    return Share(what=what, seen=seen, dark=tuple(one.name for one in of if not holds(one)))
