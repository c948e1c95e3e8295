"""`runbook halt` and `runbook resume`: the same as in Slack, for when Slack is away."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import Config, settings_for

if TYPE_CHECKING:
    from workers.ledger import Ledger


def halt(
    why: Annotated[str, typer.Argument(help="What people are told.")] = "", config: Config = None
) -> None:
    """Stop all changes at once, whatever has been approved."""
    _ledger(config).stop_changes(_who(), why)
    print("All changes are stopped. `runbook resume` allows them again.")


def resume(config: Config = None) -> None:
    """Allow changes again; each still waits for its approval."""
    ledger = _ledger(config)
    if ledger.stopped() is None:
        print("Changes are not stopped.")
        return
    ledger.allow_changes(_who())
    print("Changes are made again, each after its approval.")


def _who() -> str:
    return f"{getpass.getuser()} on this host"


def _ledger(config: Config) -> "Ledger":
    from workers.ledger import Ledger, Mirror, connect

    settings = settings_for("health", config)
    return Ledger(connect(settings.ledger_url), Mirror(settings.data_dir))
