"""Named places at which a process can be made to die, to see that nothing is lost and nothing done twice.

`RUNBOOK_CRASH_AT=taken runbook executor` dies there as by `kill -9`, with the job and the worker it is in;
`taken:2` when it comes there for the second time. Without the variable nothing happens anywhere.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NoReturn

from workers.domain.errors import SettingsError

VARIABLE = "RUNBOOK_CRASH_AT"

POINTS: dict[str, str] = {
    # The bot
    "accepted": "A request is on record and not yet on the queue.",
    "queued": "A request is on the queue and Slack has no acknowledgement.",
    "wrote-ApprovalDecided": "The deciding vote is on record; nobody has told the executor.",
    "decided": "The executor has been told of a decision and Slack has no acknowledgement.",
    # A worker
    "claimed": "A worker has taken an investigation and not begun with it.",
    "wrote-QueryAnswered": "An answer is in the journal; others are on their way.",
    "wrote-FactsGathered": "The facts are in the journal; no claim has been made.",
    "wrote-Concluded": "The conclusion is in the journal; its posts wait in the outbox.",
    "wrote-RemedyProposed": "A remedy is in the journal; nobody has been asked to approve it.",
    "wrote-ApprovalRequested": "An approval has been asked for; its card waits in the outbox.",
    "worked": "Everything is in the journal; the worker still holds the investigation.",
    # Whoever delivers
    "delivering": "Posts are held by a process that has sent none of them.",
    "sending": "A post counts as tried; Slack has not been called.",
    "sent": "Slack has a post; the outbox does not know its timestamp.",
    "synced": "The documents of one source are in the index; what is gone has not been removed.",
    # The executor
    "taken": "An executor has taken an approval and not looked at it.",
    "wrote-ChangeIntended": "The intent is on record; the call has not left.",
    "made": "The cloud has taken the call; the record does not know it.",
    "wrote-ChangeMade": "The change is on record; nobody has looked whether it helped.",
    "wrote-ChangeUnknown": "Nobody knows yet whether a call had its effect; it has not been read.",
    "wrote-Verified": "What the change did is on record; the executor still holds the approval.",
    # The clock
    "found": "An investigation that nobody holds was found and not yet queued.",
    "requeued": "An investigation is back on the queue, and the record does not say so.",
    "found-change": "An approved change that nobody makes was found and not yet queued.",
    "wrote-ApprovalExpired": "An approval has expired; no worker has been told.",
}
"""Every point, and what is and is not so when a process dies there."""


@dataclass
class _Trap:
    """Where this process is to die. Alone in being changeable: set once, where a process starts."""

    point: str = ""
    nth: int = 1
    process: int = 0
    passes: "count[int]" = field(default_factory=lambda: count(1))


_trap = _Trap()


def arm(environ: Mapping[str, str]) -> None:
    """Read the variable, where a process starts. Raises `SettingsError` for what is no point."""
    said = environ.get(VARIABLE, "")
    if not said:
        return
    point, _, nth = said.partition(":")
    if point not in POINTS or not (nth or "1").isdigit() or int(nth or 1) < 1:
        known = "\n".join(f"  {name:<24} {meaning}" for name, meaning in POINTS.items())
        raise SettingsError(
            f"{VARIABLE} is {said!r}, which is no crash point.", f"Write NAME or NAME:N. Known are:\n{known}"
        )
    _trap.point, _trap.nth, _trap.process = point, int(nth or 1), os.getpid()


def here(point: str) -> None:
    """Die if this is the point, and the time."""
    if point == _trap.point and next(_trap.passes) == _trap.nth:
        _die()


def _die() -> NoReturn:
    # The worker first: its job, where it is one that has come here, could not take it along afterwards.
    os.kill(_trap.process, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit(-signal.SIGKILL)  # the kernel lets nobody come this far
