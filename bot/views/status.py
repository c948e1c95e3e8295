"""What Runbook is working on, and whether its parts are alive."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.views import Said
from workers.domain.investigation import Phase
from workers.domain.value import Value
from workers.thread.fit import Part, context, fit, said_plainly, section
from workers.thread.mrkdwn import moment, said

PHASES: dict[Phase, str] = {
    "investigating": "Investigating",
    "concluded": "Concluded, going on",
    "waiting": "Waiting for approval",
    "changing": "Making the approved change",
}
WAITS = "Waiting for a free worker"
LIFE = {True: "answers", False: "does not answer", None: "cannot be asked"}


class Running(Value):
    """One investigation that goes on. `url` is its thread's, empty while there is none."""

    subject: str
    phase: str
    since: datetime
    url: str


def status(
    parts: Mapping[str, bool | None],
    running: Sequence[Running] | None,
    kept: int,
    stopped: str = "",
    lifted: str = "",
) -> Said:
    """`parts` by name; `running` is absent when the ledger could not be asked.

    `kept` counts investigations that are not the asker's to see, or too many to show; `stopped` says by whom
    and why all changes are stopped, `lifted` by whom and until when limits are, where they are.
    """
    title = _title(running, kept)
    shown = [Part(blocks=(section(_line(one)),), rank=1) for one in running or ()]
    more = f"and {kept} more, in channels that only their members see or too many to show" if kept else ""
    told = f"{stopped[:1].upper()}{stopped[1:]}. `/runbook resume` allows them again."
    alive = context(" · ".join(f"{name} {LIFE[well]}" for name, well in parts.items()))
    blocks = fit(
        [
            Part(blocks=(section(f"*{title}*", "title"),)),
            *([Part(blocks=(context(told),))] if stopped else []),
            *([Part(blocks=(context(lifted),))] if lifted else []),
            *shown,
            *([Part(blocks=(context(more),), rank=2)] if more else []),
            Part(blocks=(alive,)),
        ]
    )
    return Said(text=said_plainly(f"{title}. {_health(parts)}"), blocks=blocks)


def _title(running: Sequence[Running] | None, kept: int) -> str:
    if running is None:
        return "What is running cannot be said while the ledger does not answer"
    count = len(running) + kept
    if not count:
        return "No investigation is running"
    return "1 investigation is running" if count == 1 else f"{count} investigations are running"


def _line(one: Running) -> str:
    thread = f"  ·  <{one.url}|Open the thread>" if one.url else ""
    return f"*{said(one.subject)}*\n{one.phase}  ·  since {moment(one.since)}{thread}"


def _health(parts: Mapping[str, bool | None]) -> str:
    silent = [name for name, well in parts.items() if not well]
    return f"No sign of life from: {', '.join(silent)}." if silent else "All my parts answer."
