"""`runbook audit`: who asked, decided and changed what; whether that record is whole; a copy for others."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.leaving import at_once
from bot.cli.options import Config, ledger_of

if TYPE_CHECKING:
    from workers.ledger.audit import Check, Link

app = typer.Typer(help="Look at the audit, check it, copy it.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--file", help="An export to read instead of the ledger.")]

LIMIT = 50


@app.command()
def show(
    since: Annotated[str, typer.Option(help="From when: 2026-03-01T14:05Z, 14:05 or 2h.")] = "",
    investigation: Annotated[str, typer.Option(help="About this investigation.")] = "",
    approval: Annotated[str, typer.Option(help="About this one: its id, or what its card shows.")] = "",
    kind: Annotated[str, typer.Option(help="Of this kind, such as ApprovalVoted.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = LIMIT,
    file: File = None,
    config: Config = None,
) -> None:
    """Print a line for each record: its number, when, what kind, who, on what, and what came of it."""
    from bot.cli.records import Wanted, line, newest
    from bot.cli.times import moment

    after = moment(since, datetime.now(UTC)).timestamp() if since else 0.0
    with at_once():
        found = newest(_links(file, config), Wanted(after, investigation, approval, kind.lower()), limit)
        print("\n".join(map(line, found)) or "No record fits.")


@app.command()
def verify(
    head: Annotated[
        list[str] | None, typer.Option(help="One that a card or the audit channel shows: is it in there?")
    ] = None,
    file: File = None,
    config: Config = None,
) -> None:
    """Say whether a record was changed, removed or put in.

    Exit code 1 names the first bad one.
    """
    from workers.ledger.audit import check

    heads = tuple(map(_head, head or ()))
    found = check(_links(file, config), heads)
    if found.bad is not None:
        print(f"Record {found.bad} is bad: {found.why}. Up to there {found.records} are whole.")
    for seen in found.missing:
        print(f"No record has the head {seen}: the end of the chain was cut off, or written anew.")
    if found.bad is not None or found.missing:
        raise typer.Exit(1)
    print(_whole(found))
    if not heads:
        print("Whether its end was cut off, only a head seen elsewhere tells: --head, from a card in Slack.")


@app.command()
def sent(
    investigation: Annotated[str, typer.Argument(help="Its id, as its card shows it.")],
    full: Annotated[bool, typer.Option("--full", help="Print each text as it left.")] = False,
    config: Config = None,
) -> None:
    """List what was sent to a model in an investigation: when, to which, for what, tokens, price, hash."""
    from bot.cli.prompts import lines, making

    journal = ledger_of(config).told(investigation)
    with at_once():
        print("\n".join(lines(journal, making(config) if full else None)))


@app.command()
def export(
    to: Annotated[Path | None, typer.Option(help="A file; standard output if absent.")] = None,
    config: Config = None,
) -> None:
    """Copy every record, a line of JSON each, for `runbook audit verify --file` anywhere."""
    from bot.cli.records import write, write_file

    with at_once():
        links = _links(None, config)
        records, head = write(links, sys.stdout) if to is None else write_file(links, to)
        print(f"{records} records. Head: {head or 'none yet'}", file=sys.stderr)


def _links(file: Path | None, config: Config) -> "Iterator[Link]":
    from bot.cli.records import read

    return read(file) if file is not None else ledger_of(config).audit_trail()


def _whole(found: "Check") -> str:
    head = f"Head: {found.head or 'none yet'}"
    if found.purged is None:
        return f"{found.records} records, whole. {head}"
    to, by, at = found.purged
    when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
    gone = f"Records 1–{to} were purged by {by} on {when}; their hashes hold."
    return f"{gone} {to + 1}–{found.records} are whole. {head}"


def _head(text: str) -> str:
    from workers.domain.errors import RunbookError

    shown = text.strip("`… ").lower()
    if not re.fullmatch(r"[0-9a-f]{16,64}", shown):
        raise RunbookError(f"{text!r} is no head", "A head is 16 to 64 of 0-9 and a-f, as cards show it.")
    return shown
