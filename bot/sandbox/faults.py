"""Faults on demand: what goes wrong with the next calls or deliveries, because somebody asked for it."""

from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.errors import PageError

# What a fault does to a call, and which settings it knows.
KINDS = {
    "ratelimited": "HTTP 429 with Retry-After",
    "500": "HTTP 500, 502, 503 … (status), nothing happened",
    "slow": "answered after some seconds",
    "timeout_after_effect": "it happens, but the connection is cut before the answer",
    "timeout": "nothing happens, and the connection is cut after some seconds",
    "error": "refused with a code of Slack's",
    "duplicate": "the next events are delivered twice",
    "event_limit": "the app has had its 30,000 events of this hour",
    "refresh": "the connections are asked to reconnect",
    "disconnect": "the connections are closed without announcement",
    "cut": "the connections are gone, as when a cable is pulled",
}
DELIVERY = {"duplicate", "refresh", "disconnect", "cut"}


@dataclass
class Fault:
    """One planned fault: for `method` (`*` for any), for the next `times` calls after `skip` good ones."""

    kind: str
    method: str = "*"
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    retry_after: int = 1
    status: int = 500
    error: str = "internal_error"


class Faults:
    """The plan."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def plan(self, wish: dict[str, Any]) -> Fault:
        """Take in a fault as the page's endpoint gets it."""
        known: dict[str, Any] = {key: wish[key] for key in Fault.__dataclass_fields__ if key in wish}
        known["kind"] = str(known.get("kind"))
        if known["kind"] not in KINDS:
            raise PageError("no_such_fault", f"Faults are: {', '.join(KINDS)}.")
        fault = Fault(**known)
        self._planned.append(fault)
        return fault

    def clear(self) -> None:
        """Let everything go well again."""
        self._planned.clear()

    def take(self, method: str) -> Fault | None:
        """The fault this call meets, if any; it is used up by that."""
        return self._next(lambda f: f.kind not in DELIVERY and f.method in (method, "*"))

    def duplicates(self) -> bool:
        """Whether this event is to be delivered twice."""
        return self._next(lambda f: f.kind == "duplicate") is not None

    def shown(self) -> list[dict[str, Any]]:
        """What is still planned."""
        return [asdict(fault) for fault in self._planned]

    def _next(self, fits: Any) -> Fault | None:
        for fault in self._planned:
            if not fits(fault):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._planned.remove(fault)
            return fault
        return None
