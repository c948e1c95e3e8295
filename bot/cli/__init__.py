"""The `runbook` command."""


def main() -> None:
    """Entry point of the `runbook` command."""
