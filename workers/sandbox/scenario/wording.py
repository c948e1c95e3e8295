"""A call as CloudTrail writes it."""

from dataclasses import dataclass, field
from typing import Any

Resources = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wording:
    """A call's name and source, what was asked and answered, and what it touched."""

    event: str
    source: str
    request: dict[str, Any]
    response: dict[str, Any] = field(default_factory=dict)
    resources: Resources = ()

    @property
    def details(self) -> dict[str, Any]:
        """All but the name and the source, as a record takes it."""
        return {"request": self.request, "response": self.response, "resources": self.resources}
