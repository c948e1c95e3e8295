"""`runbook health`: whether the parts answer; for people and for container probes."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import Config, settings_for

if TYPE_CHECKING:
    from workers.settings import Settings

PROCESSES = ("executor", "worker", "quick", "clock", "bot")


def health(
    process: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(PROCESSES)}; all parts if absent.")
    ] = None,
    config: Config = None,
) -> None:
    """Say which parts answer.

    With a process, whether one of that name on this machine does. Exit code 1 if not.
    """
    if process is not None and process not in PROCESSES:
        raise typer.BadParameter(f"the processes are {', '.join(PROCESSES)}")
    settings = settings_for("health", config)
    parts = (
        _processes(settings, (process,))
        if process
        else {**_servers(settings), **_processes(settings, PROCESSES)}
    )
    for name, well in parts.items():
        print(f"{name:<9} {'answers' if well else 'does not answer'}")
    raise typer.Exit(0 if all(parts.values()) else 1)


def _servers(settings: "Settings") -> dict[str, bool]:
    from bot.cli import probes

    return {
        "redis": probes.answers_ping(settings.queue_url),
        "chroma": probes.answers_heartbeat(settings.index_url),
        "ledger": _opens(settings.ledger_url),
    }


def _processes(settings: "Settings", names: tuple[str, ...]) -> dict[str, bool]:
    from bot.cli import probes
    from workers.domain.errors import Unreachable

    if not probes.answers_ping(settings.queue_url):
        raise Unreachable("redis", f"no answer from {probes.plain(settings.queue_url)}", "Check redis_url.")
    wanted = [name for name in names if name != "executor" or settings.providers.aws.changes]
    return {name: bool(probes.beating(settings.queue_url, name)) for name in wanted}


def _opens(url: str) -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    from workers.ledger import connect

    try:
        connect(url).connect().close()
    except SQLAlchemyError:
        return False
    return True
