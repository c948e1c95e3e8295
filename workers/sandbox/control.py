"""The control API, which no AWS has: pick a case, read its truth, see what callers did."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from workers.sandbox.alert import Alarming, alert, alerting, pulse
from workers.sandbox.front.cloud import Cloud
from workers.sandbox.front.wire import Answer
from workers.sandbox.model.spec import application, application_names
from workers.sandbox.scenario.case import Wish, fault_table
from workers.sandbox.scenario.generate import Unplayable
from workers.sandbox.scenario.hints import hint

PREFIX = "/_cloud/"


class Control:
    """Answers the paths under /_cloud/."""

    def __init__(self, cloud: Cloud) -> None:
        """Works on this cloud."""
        self.cloud = cloud
        self._alarm: Alarming | None = None
        self._hints = 0
        self._routes: dict[tuple[str, str], Callable[[bytes], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "faults"): lambda _: [fault.model_dump() for fault in fault_table() if fault.fits],
            ("GET", "applications"): lambda _: [self._application(name) for name in application_names()],
            ("POST", "case"): self._play,
            ("POST", "advance"): self._advance,
            ("GET", "truth"): self._truth,
            ("GET", "writes"): lambda _: self.cloud.journal.writes,
            ("GET", "calls"): lambda _: dict(self.cloud.journal.calls),
            ("GET", "pulse"): self._pulse,
            ("POST", "hint"): self._hint,
        }

    def handle(self, method: str, path: str, body: bytes) -> Answer:
        """The answer to a control request."""
        name = path.removeprefix(PREFIX).strip("/")
        route = self._routes.get((method, name))
        if route is None:
            return _json(
                404, {"error": f"there is no {method} {path}", "paths": sorted(n for _, n in self._routes)}
            )
        try:
            return _json(200, route(body))
        except (ValidationError, ValueError, KeyError, Unplayable) as error:
            return _json(400, {"error": str(error)})

    def _health(self, _: bytes) -> dict[str, Any]:
        case = self.cloud.playing.case.name if self.cloud.playing else None
        return {"status": "ok", "case": case, "now": self.cloud.now()}

    def _advance(self, body: bytes) -> dict[str, float]:
        """Move the cloud's clock, so that a test need not wait."""
        seconds = float(json.loads(body or b"{}")["seconds"])
        if not 0 <= seconds <= 86400:
            raise ValueError("seconds must be between 0 and 86400")
        self.cloud.advance(seconds)
        if self.cloud.playing is not None:
            self.cloud.playing.world.catch_up(self.cloud.now())
        return {"now": self.cloud.now()}

    def _application(self, name: str) -> dict[str, Any]:
        spec = application(name)
        parts = {
            kind: list(getattr(spec, kind))
            for kind in ("services", "databases", "caches", "queues", "externals")
        }
        faults = [fault.id for fault in fault_table() if name in fault.fits]
        return {"name": name, "title": spec.title, "entry": spec.traffic.entry, **parts, "faults": faults}

    def _play(self, body: bytes) -> dict[str, Any]:
        wish = Wish.model_validate(json.loads(body or b"{}"))
        playing = self.cloud.play(wish)
        self._alarm, self._hints = alerting(playing), 0
        return {"case": playing.case.name, "alert": alert(playing, self._alarm) if self._alarm else None}

    def _pulse(self, _: bytes) -> dict[str, Any]:
        playing = self.cloud.playing
        if playing is None:
            raise ValueError("no case is being played")
        self._alarm = self._alarm or alerting(playing)
        return pulse(playing, self._alarm, self.cloud.now())

    def _hint(self, _: bytes) -> dict[str, str]:
        """What somebody who is sure of it, and wrong, would say; something else each time."""
        if self.cloud.playing is None:
            raise ValueError("no case is being played")
        self._hints += 1
        return hint(self.cloud.playing.case, self._hints)

    def _truth(self, _: bytes) -> dict[str, Any]:
        if self.cloud.playing is None:
            raise ValueError("no case is being played")
        case = self.cloud.playing.case
        found = [{"service": t.service, "mode": t.mode, "revision": t.revision} for t in case.truths]
        first = found[0] if found else {"service": None, "mode": None, "revision": None}
        return {"case": case.name, "onset": case.beginning.onset, **first, "truths": found}


def _json(status: int, value: Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
