"""One command per process: what the Procfile and `runbook up` run."""

from bot.cli.options import Config, settings_for


def bot(config: Config = None) -> None:
    """Listen to Slack."""
    settings = settings_for("bot", config)
    from bot.app import run

    run(settings)


def worker(config: Config = None) -> None:
    """Run investigations."""
    settings = settings_for("worker", config)
    from workers.jobs import run

    run(settings, queue="investigate")


def quick(config: Config = None) -> None:
    """Answer questions and post what is waiting."""
    settings = settings_for("quick", config)
    from workers.jobs import run

    run(settings, queue="quick")


def executor(config: Config = None) -> None:
    """Make approved changes; the only process that can."""
    settings = settings_for("executor", config)
    from workers.executor import run

    run(settings)


def clock(config: Config = None) -> None:
    """Expire approvals, put lost work back."""
    settings = settings_for("clock", config)
    from workers.clock import run

    run(settings)


def migrate(config: Config = None) -> None:
    """Bring the ledger's tables up to date."""
    settings = settings_for("migrate", config)
    from workers.ledger import migrate

    migrate(settings.ledger_url)
    print("The ledger is up to date.")
