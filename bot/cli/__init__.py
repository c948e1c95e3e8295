"""The `runbook` command."""

import sys


def main() -> None:
    """Entry point of the `runbook` command. What it says about a mistake goes to stderr, with exit code 1."""
    from bot.cli.logs import guard, hushed

    guard()
    from bot.cli.app import app
    from workers.domain.errors import RunbookError

    try:
        app()
    except RunbookError as error:
        print(hushed(f"Runbook: {error}"), file=sys.stderr)
        if error.mend:
            print(hushed(error.mend), file=sys.stderr)
        sys.exit(1)
