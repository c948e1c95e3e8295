"""How much room a database has left: something fills it at a rate, and somebody may give it more."""

from dataclasses import dataclass

from workers.sandbox.estate.conditions import Conditions
from workers.sandbox.model.spec import Application

WRITES = 0.6
"""The share of statements that need more room, of a service that writes."""


@dataclass(frozen=True)
class Storage:
    """The storage of all databases."""

    application: Application
    conditions: Conditions

    def size(self, database: str) -> float:
        """Gigabytes that are allocated."""
        return self.application.databases[database].storage_gb + self.conditions.now.get(
            (database, "added"), 0.0
        )

    def free(self, database: str, at: float) -> float:
        """Gigabytes that are free."""
        spec = self.application.databases[database]
        left, since, rate, added = spec.storage_gb - spec.used_gb, at, 0.0, 0.0
        for turned in self.conditions.of(database, ("fills", "added")):
            if turned.at <= at:
                left, since = max(left - rate * max(turned.at - since, 0.0), 0.0), turned.at
                rate = turned.value if turned.figure == "fills" else rate
                left += turned.value - added if turned.figure == "added" else 0.0
                added = turned.value if turned.figure == "added" else added
        return max(left - rate * (at - since), 0.0)

    def holds(self, at: float) -> dict[tuple[str, str], float]:
        """What it means for the simulation: the room there is, and who is refused where there is none."""
        found: dict[tuple[str, str], float] = {}
        for name, spec in self.application.databases.items():
            found |= {(name, "free"): self.free(name, at), (name, "measured"): at}
            if not found[(name, "free")]:
                writers = {service for services in spec.tables.values() for service in services}
                found |= {(service, f"full {name}"): WRITES for service in writers}
        return found
