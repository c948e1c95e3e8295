"""Who may ask, about what, and how often: from the settings; looked up again whenever it counts."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from workers.domain.approver import ON_CALL
from workers.domain.incident import Incident
from workers.domain.telemetry import Resource
from workers.domain.value import Value
from workers.settings import Settings

Members = Callable[[str], frozenset[str] | None]
"""The people in a user group or on call; `None` where that is not known now."""


class Area(Value):
    """Things by their names, which may hold `*`. Each list narrows the others; an empty one does not."""

    services: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    def holds(self, resource: Resource) -> bool:
        wanted = (
            (self.services, resource.name),
            (self.clusters, resource.attributes.get("cluster", "")),
            (self.accounts, resource.account),
        )
        return all(not names or any(fnmatchcase(own, one) for one in names) for names, own in wanted)


class Scope(Value):
    """What an investigation may be about: anything that one of its areas holds."""

    areas: tuple[Area, ...] = ()

    def holds(self, resource: Resource) -> bool:
        return any(area.holds(resource) for area in self.areas)


class Grant(Value):
    """Somebody may ask about an area. Nobody named means everybody, no channel named means everywhere.

    `groups` are user groups and the rota, whose people stand in the ledger.
    """

    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    alerts: bool = False
    area: Area = Area()

    def covers(self, person: str, channel: str, members: Members) -> bool:
        """Whether it is for `person` here; an alert is nobody's."""
        if self.channels and channel not in self.channels:
            return False
        everybody = not (self.people or self.groups)
        if not person:
            return self.alerts or bool(self.channels) or everybody
        return (
            everybody
            or person in self.people
            or any(person in (members(group) or ()) for group in self.groups)
        )


class Access(Value):
    """The rules of this install for questions. Without `grants`, every full member may ask about everything.

    `per_person` and `per_channel` are questions an hour, `per_day` those of everybody together.
    """

    guests: bool = False
    shared_channels: bool = False
    grants: tuple[Grant, ...] = ()
    per_person: int = 30
    per_channel: int = 60
    per_day: int = 1000

    @property
    def sources(self) -> frozenset[str]:
        """The user groups and rotas whose people have to be known."""
        return frozenset(group for grant in self.grants for group in grant.groups)

    def scope(self, incident: Incident, members: Members) -> Scope | None:
        """What this may be about, as the rules are now; `None` is everything, no area is nothing."""
        # Whoever sits at the terminal holds the credentials themselves.
        if not self.grants or incident.source == "terminal":
            return None
        person = incident.requester.id if incident.requester else ""
        return self.of(person, incident.thread.channel, members)

    def of(self, person: str, channel: str, members: Members) -> Scope | None:
        """What a person may ask about in a channel; an alert is asked by nobody (`""`)."""
        if not self.grants:
            return None
        return Scope(areas=tuple(g.area for g in self.grants if g.covers(person, channel, members)))


def _grouped(names: tuple[str, ...]) -> frozenset[str]:
    """Those that stand for several people: user groups, and the rota."""
    return frozenset(name for name in names if name.startswith("S") or name == ON_CALL)


def access(settings: Settings) -> Access:
    """The rules that the settings state."""
    stated = settings.access
    grants = tuple(
        Grant(
            people=frozenset(name for name in one.people if name not in _grouped(one.people)),
            groups=_grouped(one.people),
            channels=frozenset(one.channels),
            alerts=one.alerts,
            area=Area(services=one.services, clusters=one.clusters, accounts=one.accounts),
        )
        for one in stated.scopes
    )
    return Access(
        guests=stated.guests,
        shared_channels=stated.shared_channels,
        grants=grants,
        per_person=stated.per_person,
        per_channel=stated.per_channel,
        per_day=stated.per_day,
    )
