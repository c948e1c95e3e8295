"""What commands share: the configuration file, and settings for a process."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.settings import Process, Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar="RUNBOOK_CONFIG", help="The configuration; .runbook/config.yaml if absent."
    ),
]


def settings_for(process: "Process", config: Path | None) -> "Settings":
    """The settings of a process; beside a running `runbook up`, with the addresses of its servers."""
    from bot.cli.stack import addresses
    from workers import crash
    from workers.settings import load

    crash.arm(os.environ)
    settings = load(config, os.environ, process)
    if settings.redis_url is not None:
        return settings
    return load(config, {**addresses(settings.run_path), **os.environ}, process)
