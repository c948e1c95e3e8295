"""`runbook purge`: take out what has been kept long enough, as the clock does each day, or more than that."""

import getpass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import Config, ledger_of, settings_for

if TYPE_CHECKING:
    from workers.ledger.purge import Due, Gone

NAMES = {
    "journals": "investigations",
    "steps": "steps of these",
    "posts": "messages",
    "requests": "names of requests",
    "audit": "audit records, of which the hashes stay",
    "copies": "copies for people",
}


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    before: Annotated[str, typer.Option(help="Everything older than this day: 2026-03-01.")] = "",
    investigation: Annotated[str, typer.Option(help="This one only.")] = "",
    audit: Annotated[bool, typer.Option("--audit", help="With --before: what the audit says, too.")] = False,
    config: Config = None,
) -> None:
    """Take out what is older than `retention` says; what goes on stays, and the audit says what went."""
    now = datetime.now(UTC)
    wanted = _wanted(config, now, before, investigation, audit)
    gone = ledger_of(config).purge(wanted, f"{getpass.getuser()} on this host", now, dry=dry_run)
    print("\n".join(_lines(gone, dry_run)))


def _wanted(config: Config, now: datetime, before: str, investigation: str, audit: bool) -> "Due":
    from workers.clock import due
    from workers.domain.errors import RunbookError
    from workers.ledger.purge import Due

    wanted = due(settings_for("health", config).retention, now)
    if audit and not before:
        raise RunbookError("--audit says what goes with --before", "Name a day: --before 2026-03-01.")
    if investigation and before:
        raise RunbookError("--investigation goes whole", "Leave --before out.")
    if investigation:
        at = now.timestamp()
        return Due(journals=at, posts=at, requests=at, audit=0, copies=0, investigation=investigation)
    if not before:
        return wanted
    at = _midnight(before).timestamp()
    kinds = ("journals", "posts", "requests", "copies", *(("audit",) if audit else ()))
    older = dict.fromkeys(kinds, at)
    return wanted.model_copy(update=older)


def _midnight(day: str) -> datetime:
    from workers.domain.errors import RunbookError

    try:
        at = date.fromisoformat(day)
    except ValueError:
        raise RunbookError(f"{day!r} is no day", "Write 2026-03-01.") from None
    return datetime(at.year, at.month, at.day, tzinfo=UTC)


def _lines(gone: "Gone", dry: bool) -> list[str]:
    counts = {**gone.counts, **({"copies": gone.copies} if gone.copies else {})}
    told = [f"{count:>8,}  {NAMES[kind]}" for kind, count in counts.items()]
    if gone.kept:
        told.append(f"{gone.kept:>8,}  investigations stay: somebody still works, decides or is told there")
    if not counts:
        return ["Nothing is old enough to go.", *told]
    return ["Would go:" if dry else "Purged, and put on record in the audit:", *told]
