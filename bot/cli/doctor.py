"""`runbook doctor`: what Runbook may see in AWS, which permission is missing, and how much of it is dark."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.investigate import Json, Profile, Region, aside
from bot.cli.leaving import at_once
from bot.cli.options import Config

if TYPE_CHECKING:
    from workers.domain.call import Gap
    from workers.domain.telemetry import Resource
    from workers.tools.coverage import Share

Policy = Annotated[
    Literal["worker", "executor"] | None,
    typer.Option("--policy", help="Print the least IAM policy of this process instead."),
]
MOST_DARK = 5
"""Names that are listed of what is not measured, logged, on record or joined to anything."""


def doctor(
    profile: Profile = None,
    region: Region = None,
    policy: Policy = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Try every read that Runbook knows, and name the permissions that are missing. Changes nothing.

    Exit code 0: all that an investigation reads can be read. 2: something cannot. 1: nothing to look with.
    """
    with at_once():
        from workers.tools import permissions

        if policy is not None:
            print(json.dumps(permissions.policy(policy), indent=2))
            return
        from bot.cli.looking import reading, settings_to_look
        from workers.tools import coverage, estate

        settings = settings_to_look(config, profile, region)
        blind, told = False, dict[str, object]()
        for account in reading(settings).accounts:
            aside(f"Reading {account.name} as {account.aws.who()}: everything once, which takes a while.")
            inventory = account.inventory()
            answer = estate.aws_query.run(account, "everything")
            listed = answer.data.resources if answer.data.kind == "resources" else ()
            needed = (*inventory.gaps, *(unrecorded := coverage.unrecorded(account)))
            shares = coverage.shares(inventory, listed, recorded=not unrecorded)
            told[account.name] = _plain(listed, shares, needed, answer.gaps)
            blind = blind or bool(needed)
            if not as_json:
                print("\n".join(_told(listed, shares, needed, answer.gaps)))
        if as_json:
            print(json.dumps(told))
        raise typer.Exit(2 if blind else 0)


def _plain(
    listed: "Sequence[Resource]", shares: "Sequence[Share]", needed: "Sequence[Gap]", useful: "Sequence[Gap]"
) -> dict[str, object]:
    return {
        "listed": dict(_counted(listed)),
        "coverage": {one.what: [len(one.seen), len(one.seen) + len(one.dark)] for one in shares},
        "needed": [gap.model_dump() for gap in needed],
        "useful": [gap.model_dump() for gap in useful],
    }


def _told(
    listed: "Sequence[Resource]", shares: "Sequence[Share]", needed: "Sequence[Gap]", useful: "Sequence[Gap]"
) -> Iterator[str]:
    from bot.cli.telling import line

    counts = ", ".join(f"{count} {system}" for system, count in _counted(listed))
    yield line(f"Listed: {counts or 'nothing'}.")
    for one in shares:
        yield line(f"{one.what}: {len(one.seen)} of {len(one.seen) + len(one.dark)}{_dark(one.dark)}")
    for title, found in (
        ("An investigation cannot read:", needed),
        ("Whoever asks what there is does not see:", useful),
    ):
        if found:
            yield title
            yield from (line(f"• {gap.what}: {gap.permission or gap.why}") for gap in found)
    if not needed:
        yield "Everything that an investigation reads can be read."


def _counted(listed: "Sequence[Resource]") -> list[tuple[str, int]]:
    systems = [one.system.removeprefix("aws:") for one in listed]
    return [(system, systems.count(system)) for system in dict.fromkeys(systems)]


def _dark(dark: Sequence[str]) -> str:
    more = f" and {len(dark) - MOST_DARK} more" if len(dark) > MOST_DARK else ""
    return f"; dark: {', '.join(dark[:MOST_DARK])}{more}" if dark else ""
