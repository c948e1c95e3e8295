"""`runbook halt` and `runbook resume`: the same as in Slack, for when Slack is away."""

import getpass
from typing import Annotated

import typer

from bot.cli.options import Config, ledger_of


def halt(
    why: Annotated[str, typer.Argument(help="What people are told.")] = "", config: Config = None
) -> None:
    """Stop all changes at once, whatever has been approved."""
    ledger_of(config).stop_changes(_who(), why)
    print("All changes are stopped. `runbook resume` allows them again.")


def resume(config: Config = None) -> None:
    """Allow changes again; each still waits for its approval."""
    ledger = ledger_of(config)
    if ledger.stopped() is None:
        print("Changes are not stopped.")
        return
    ledger.allow_changes(_who())
    print("Changes are made again, each after its approval.")


def _who() -> str:
    return f"{getpass.getuser()} on this host"
