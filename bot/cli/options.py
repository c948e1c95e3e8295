"""What commands share: the configuration file, and settings for a process."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.ledger import Ledger
    from workers.settings import Process, Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar="RUNBOOK_CONFIG", help="The configuration; .runbook/config.yaml if absent."
    ),
]


def ledger_of(config: Path | None) -> "Ledger":
    """The ledger that is there; raises `RunbookError` where there is none, and makes none."""
    from workers.domain.errors import RunbookError
    from workers.ledger import Ledger, Mirror, connect

    settings = settings_for("health", config)
    engine = connect(settings.ledger_url)
    place = engine.url.database or ""
    if engine.dialect.name == "sqlite" and not Path(place).exists():
        raise RunbookError(f"there is no ledger at {place}", "Check data_dir (RUNBOOK_DATA_DIR).")
    return Ledger(engine, Mirror(settings.data_dir))


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
