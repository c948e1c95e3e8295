"""`runbook doctor`: what Runbook may see in AWS, which permission is missing, and how much of it is dark."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.investigate import Json, Profile, Region, aside
from bot.cli.leaving import at_once
from bot.cli.options import Config

if TYPE_CHECKING:
    from workers.domain.call import Gap
    from workers.domain.telemetry import Resource
    from workers.tools.inventory import Inventory

Policy = Annotated[
    Literal["worker", "executor"] | None,
    typer.Option("--policy", help="Print the least IAM policy of this process instead."),
]
MOST_DARK = 5
"""Names that are listed of what is not measured, logged or joined to anything."""


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
        from workers.tools import estate
        from workers.tools.inventory import Account

        settings = settings_to_look(config, profile, region)
        aws = reading(settings)
        account = Account(aws)
        aside(f"Reading {aws.region} as {aws.who()}: everything once, which takes a while.")
        inventory = account.inventory()
        answer = estate.aws_query.run(account, "everything")
        listed = answer.data.resources if answer.data.kind == "resources" else ()
        if as_json:
            print(json.dumps(_plain(inventory, listed, answer.gaps)))
        else:
            print("\n".join(_told(inventory, listed, answer.gaps)))
        raise typer.Exit(2 if inventory.gaps else 0)


def _plain(
    inventory: "Inventory", listed: "tuple[Resource, ...]", gaps: "tuple[Gap, ...]"
) -> dict[str, object]:
    return {
        "listed": dict(_counted(listed)),
        "coverage": {what: [len(seen), len(seen) + len(dark)] for what, seen, dark in _coverage(inventory)},
        "needed": [gap.model_dump() for gap in inventory.gaps],
        "useful": [gap.model_dump() for gap in gaps],
    }


def _told(inventory: "Inventory", listed: "tuple[Resource, ...]", gaps: "tuple[Gap, ...]") -> Iterator[str]:
    from bot.cli.telling import line

    counts = ", ".join(f"{count} {system}" for system, count in _counted(listed))
    yield line(f"Listed: {counts or 'nothing'}.")
    for what, seen, dark in _coverage(inventory):
        yield line(f"{what}: {len(seen)} of {len(seen) + len(dark)}{_dark(dark)}")
    for title, found in (
        ("An investigation cannot read:", inventory.gaps),
        ("Whoever asks what there is does not see:", gaps),
    ):
        if found:
            yield title
            yield from (line(f"• {gap.what}: {gap.permission or gap.why}") for gap in found)
    if not inventory.gaps:
        yield "Everything that an investigation reads can be read."


def _counted(listed: "tuple[Resource, ...]") -> list[tuple[str, int]]:
    systems = [one.system.removeprefix("aws:") for one in listed]
    return [(system, systems.count(system)) for system in dict.fromkeys(systems)]


def _coverage(inventory: "Inventory") -> Iterator[tuple[str, list[str], list[str]]]:
    """Of what runs: what is measured, what logs, and what is joined to anything; and what is not."""
    topology = inventory.topology
    own = [one for one in topology.resources if one.kind not in ("external", "unknown")]
    joined = {name for edge in topology.edges for name in (edge.caller, edge.callee)}
    logging = [one for one in own if one.kind in ("service", "function", "database")]
    yield "With metrics", *_split(own, lambda one: bool(inventory.metrics.get(one.name)))
    yield "With logs", *_split(logging, lambda one: bool(one.attributes.get("log_group")))
    yield "With dependencies", *_split(own, lambda one: one.name in joined)


def _split(all_: "list[Resource]", holds: Callable[["Resource"], bool]) -> tuple[list[str], list[str]]:
    return [one.name for one in all_ if holds(one)], [one.name for one in all_ if not holds(one)]


def _dark(dark: list[str]) -> str:
    more = f" and {len(dark) - MOST_DARK} more" if len(dark) > MOST_DARK else ""
    return f"; dark: {', '.join(dark[:MOST_DARK])}{more}" if dark else ""
