"""Records of the audit as text: which are wanted, a line for people, and lines of JSON for other machines."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

from bot.cli import telling
from workers.domain.errors import RunbookError
from workers.ledger.audit import Link

Body = dict[str, Any]

LONGEST = 200
"""Characters of what came of it; an export has all of them."""
KINDS = (int, (int, float), str, str, str)
AGAIN = "`runbook audit export` makes one; if this is one, it was damaged since."


@dataclass
class Wanted:
    """Which records to show; what is empty asks for nothing. `kind` is in small letters."""

    since: float
    investigation: str
    approval: str
    kind: str
    kinds: set[str] = field(default_factory=set[str])
    """The kinds that were come by."""
    about: int = 0
    """How many records were about what is asked for, of whatever kind and age."""
    _approvals: set[str] = field(default_factory=set[str])

    def fits(self, link: Link) -> bool:
        if not link.body:  # purged: a later record says so
            return False
        body = told(link)
        event = str(body.get("event", ""))
        self.kinds.add(event)
        about = self._about(body)
        self.about += about
        return about and link.at >= self.since and self.kind in ("", event.lower())

    def _about(self, body: Body) -> bool:
        if self.investigation and body.get("investigation") != self.investigation:
            return False
        return not self.approval or self._named(body)

    def _named(self, body: Body) -> bool:
        about = _about(body)
        # Only the record that asks has the hash, too; those that follow have the id.
        names = (about, str(_part(body, "approval").get("hash", "")))
        if any(name.startswith(self.approval) for name in names):
            self._approvals.add(about)
        return about in self._approvals


def newest(links: Iterable[Link], wanted: Wanted, limit: int) -> tuple[Link, ...]:
    """The last `limit` that fit; raises `RunbookError` where there is nothing that could."""
    kept = deque((link for link in links if wanted.fits(link)), limit)
    if not wanted.about and (name := wanted.investigation or wanted.approval):
        raise RunbookError(f"the audit has nothing about {name!r}", "Check the id.")
    if wanted.kind and wanted.kind not in map(str.lower, wanted.kinds):
        there = ", ".join(sorted(wanted.kinds)) or "none at all"
        raise RunbookError(f"the audit has no record of kind {wanted.kind!r}", f"There are: {there}.")
    return tuple(kept)


def told(link: Link) -> Body:
    """What a record says; nothing where somebody has made it say no JSON."""
    try:
        return _part({"body": json.loads(link.body)}, "body")
    except (ValueError, RecursionError):
        return {}


def line(link: Link) -> str:
    """One record for people."""
    body = told(link)
    parts = (
        f"{link.seq:>6}",
        _when(link.at),
        f"{telling.line(str(body.get('event', '?'))):<17}",
        f"{telling.line(_who(body)):<11}",
        telling.line(f"{body.get('investigation', '-')} {_about(body)[:12]}"),
        telling.line(_outcome(body))[:LONGEST],
    )
    return "  ".join(parts)


def _when(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "at no time"


def _who(body: Body) -> str:
    """The Slack id or name of whoever did it; Runbook itself where nobody is named."""
    vote, incident = _part(body, "vote"), _part(body, "incident")
    people = (_part(body, "person"), _part(vote, "person"), _part(incident, "requester"))
    return str(body.get("actor") or next((one["id"] for one in people if "id" in one), "Runbook"))


def _about(body: Body) -> str:
    """The id of the approval that a record is about; empty where it is about none."""
    return str(_part(body, "approval").get("id") or body.get("approval") or "")


def _part(body: Body, name: str) -> Body:
    """What stands under a name, where that has names in it again."""
    found = body.get(name)
    return cast("Body", found) if isinstance(found, dict) else {}


def _outcome(body: Body) -> str:
    try:
        return OUTCOMES.get(str(body.get("event")), _rest)(body)
    except (KeyError, TypeError):
        return _rest(body)  # a record that somebody made up


def _rest(body: Body) -> str:
    return json.dumps({name: value for name, value in body.items() if name != "event"}, ensure_ascii=False)


def _purged(body: Body) -> str:
    what = ", ".join(f"{count} {kind}" for kind, count in body["gone"].items())
    return f"purged: {what}" + (f"; records up to {body['to']}" if "to" in body else "")


def _call(call: Body) -> str:
    arguments = (f"{name}={value}" for name, value in sorted(call["arguments"].items()))
    return " ".join((call["name"], *arguments))


OUTCOMES: dict[str, Callable[[Body], str]] = {
    "IncidentReported": lambda body: body["incident"]["text"],
    "QueryAsked": lambda body: _call(body["query"]["call"]),
    "ApprovalRequested": lambda body: _call(body["approval"]["call"]),
    "ApprovalVoted": lambda body: body["vote"]["decision"],
    "ApprovalDecided": lambda body: f"{body['state']} {body['reason']}",
    "ApprovalExpired": lambda _: "expired",
    "ChangeIntended": lambda body: _call(body["call"]),
    "ChangeMade": lambda _: "made",
    "ChangeUnknown": lambda body: f"outcome unknown: {body['why']}",
    "Verified": lambda body: f"{'recovered' if body['recovered'] else 'not recovered'}: {body['finding']}",
    "RemedyWithheld": lambda body: f"not asked for: {_call(body['call'])}: {body['why']}",
    "RollbackAsked": lambda _: "the way back was asked for",
    "NameSettled": lambda body: f"{body['word']} is {body['name'] or 'none of what was asked'}",
    "NameForgotten": lambda body: f"what {body['word']} means was forgotten",
    "Stopped": lambda _: "stopped",
    "Failed": lambda body: f"{body['what']}: {body['why']}",
    "VoteRefused": lambda body: f"refused: {body['why']}",
    "ChangesStopped": lambda body: f"all changes stopped: {body['why']}",
    "ChangesAllowed": lambda _: "changes allowed again",
    "BreakGlassAsked": lambda body: f"wants break-glass: {body['why']}",
    "BreakGlassOpened": lambda body: f"break-glass, asked for by {body['asked_by']}, until {body['until']}",
    "BreakGlassEnded": lambda _: "break-glass ended",
    "BreakGlassUsed": lambda body: f"break-glass used: {body['over']}",
    "RosterChanged": lambda body: f"{body['source']} is now {', '.join(body['members']) or 'nobody'}",
    "ModelAsked": lambda body: f"{body['model']} of {body['served']} was asked to {body['verb']}",
    "Purged": _purged,
    "IdentityTold": lambda body: f"{body['process']} is {body['arn']}",
}
"""What came of it, by kind; whatever else there is is shown as it stands."""


# -- for other machines


def write(links: Iterable[Link], out: TextIO) -> tuple[int, str]:
    """A line of JSON for each record; returns how many there were, and the hash of the last."""
    records, head = 0, ""
    for link in links:
        out.write(json.dumps(link._asdict()) + "\n")
        records, head = records + 1, link.hash
    return records, head


def write_file(links: Iterable[Link], path: Path) -> tuple[int, str]:
    """The same into a file, which is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="ascii") as out:
            written = write(links, out)
        part.replace(path)
    except OSError as error:
        raise RunbookError(
            f"{path} cannot be written: {error.strerror}", "Choose another place with --to."
        ) from error
    return written


def read(path: Path) -> Iterator[Link]:
    """The records of an export; raises `RunbookError` for a file or a line that is none."""
    try:
        with path.open("rb") as lines:
            for number, one in enumerate(lines, 1):
                yield _link(one, f"line {number} of {path}")
    except OSError as error:
        raise RunbookError(f"{path} cannot be read: {error.strerror}", AGAIN) from error


def _link(text: bytes, where: str) -> Link:
    try:
        link = Link(**json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise RunbookError(f"{where} is no record of an audit", AGAIN) from error
    if not all(map(isinstance, link, KINDS)):
        raise RunbookError(f"{where} is no record of an audit", AGAIN)
    return link
