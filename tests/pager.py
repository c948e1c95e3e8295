"""A local PagerDuty and OpsGenie over HTTP, as strict as their published documents, with faults on demand.

Imports nothing of ours. It knows who is on call where (`on_call`), and keeps every request it has taken.
"""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "local-pager-key"
ACCEPT = "application/vnd.pagerduty+json;version=2"
ON_CALLS = {
    "time_zone",
    "limit",
    "offset",
    "total",
    "include[]",
    "user_ids[]",
    "escalation_policy_ids[]",
    "schedule_ids[]",
    "since",
    "until",
    "earliest",
}
SCHEDULE = re.compile(r"/v2/schedules/([^/]+)/on-calls")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Query = dict[str, list[str]]


class Wrong(Exception):
    """What the API refuses, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Shift:
    """Somebody is on call: in a schedule, which is on a level of a policy."""

    mail: str
    schedule: str = "PSCHED1"
    policy: str = "PPOLICY"
    level: int = 1


@dataclass
class Pager:
    """Its address, who is on call, and what was asked. `fault` is a status that everything gets."""

    url: str
    on_call: list[Shift] = field(default_factory=list[Shift])
    rotas: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """OpsGenie's schedules, by name or id, with who is on call in each."""
    fault: int = 0
    moved: str = ""
    """Where everybody is sent instead."""
    odd: bool = False
    """Users are not told whole, though that is asked for."""
    asked: list[str] = field(default_factory=list[str])

    def forget(self) -> None:
        self.on_call, self.rotas, self.fault, self.odd, self.asked = [], {}, 0, False, []
        self.moved = ""

    def answer(self, path: str, query: Query, headers: dict[str, str]) -> dict[str, Any]:
        if path == "/oncalls":
            return self._pagerduty(query, headers)
        if schedule := SCHEDULE.fullmatch(path):
            return self._opsgenie(unquote(schedule[1]), query, headers)
        raise Wrong(404, "Not Found")

    def _pagerduty(self, query: Query, headers: dict[str, str]) -> dict[str, Any]:
        if headers.get("authorization") != f"Token token={KEY}":
            raise Wrong(401, "Access Denied")
        if headers.get("accept") != ACCEPT or headers.get("content-type") != "application/json":
            raise Wrong(400, "Accept and Content-Type are required")
        if strange := set(query) - ON_CALLS:
            raise Wrong(400, f"Invalid Input Provided: {strange}")
        if set(query.get("include[]", [])) - {"escalation_policies", "users", "schedules"}:
            raise Wrong(400, "Invalid Input Provided: include[]")
        limit, offset = _number(query, "limit", 25), _number(query, "offset", 0)
        if not 1 <= limit <= 100:
            raise Wrong(400, "Invalid Input Provided: limit")
        found = [
            one
            for one in self.on_call
            if one.schedule in query.get("schedule_ids[]", [one.schedule])
            and one.policy in query.get("escalation_policy_ids[]", [one.policy])
        ]
        whole = "users" in query.get("include[]", []) and not self.odd
        return {
            "oncalls": [_shift(one, whole=whole) for one in found[offset : offset + limit]],
            "limit": limit,
            "offset": offset,
            "more": offset + limit < len(found),
            "total": None,
        }

    def _opsgenie(self, name: str, query: Query, headers: dict[str, str]) -> dict[str, Any]:
        if headers.get("authorization") != f"GenieKey {KEY}":
            raise Wrong(401, "Could not authenticate")
        if set(query) - {"scheduleIdentifierType", "flat", "date"}:
            raise Wrong(422, "Request body is not processable")
        (kind,) = query.get("scheduleIdentifierType", ["id"])
        if kind not in ("id", "name"):
            raise Wrong(422, "Request body is not processable")
        if name not in self.rotas or (kind == "id") != bool(ID.fullmatch(name)):
            raise Wrong(404, f"No schedule exists with {kind} [{name}]")
        people = self.rotas[name]
        flat = query.get("flat", ["false"]) == ["true"]
        parent = {"id": "d875e654-9b4e-4219-a803-0c26936d18de", "name": name, "enabled": True}
        participants = [{"id": "u", "name": mail, "type": "user"} for mail in people]
        told = {"onCallRecipients": people} if flat else {"onCallParticipants": participants}
        return {"data": {"_parent": parent, **told}, "took": 0.1, "requestId": "9ae63dd7"}


def _number(query: Query, name: str, default: int) -> int:
    try:
        return int(query.get(name, [str(default)])[0])
    except ValueError:
        raise Wrong(400, f"Invalid Input Provided: {name}") from None


def _shift(one: Shift, *, whole: bool) -> dict[str, Any]:
    user = {"id": "PUSER", "summary": one.mail.split("@")[0]}
    user |= {"type": "user", "email": one.mail} if whole else {"type": "user_reference"}
    return {
        "user": user,
        "schedule": {"id": one.schedule, "type": "schedule_reference"},
        "escalation_policy": {"id": one.policy, "type": "escalation_policy_reference"},
        "escalation_level": one.level,
        "start": "2026-11-26T08:00:00Z",
        "end": "2026-11-27T08:00:00Z",
    }


@contextmanager
def pager() -> Generator[Pager]:
    """A pager on a port of its own until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Say nothing."""

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            one.asked.append(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                if one.fault:
                    raise Wrong(one.fault, "Out of order")
                status, body = 200, one.answer(place.path, parse_qs(place.query), headers)
            except Wrong as wrong:
                status = wrong.status
                message = {"message": str(wrong), "code": 2001, "errors": [str(wrong)]}
                body = (
                    message | {"took": 0.0, "requestId": "x"} if "/v2/" in self.path else {"error": message}
                )
            said = json.dumps(body).encode()
            self.send_response(302 if one.moved else status)
            if one.moved:
                self.send_header("Location", one.moved + self.path)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        one = Pager(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield one
        finally:
            server.shutdown()
