"""`runbook names`: what words mean, as people said in Slack; and having it forgotten."""

import getpass
from typing import Annotated

import typer

from bot.cli.options import Config, ledger_of

app = typer.Typer(help="What words of reports mean, as people said in Slack.", invoke_without_command=True)


@app.callback()
def names(context: typer.Context, config: Config = None) -> None:
    """Print what is remembered: the word, what it means, who said so, where and when."""
    from bot.cli import telling

    if context.invoked_subcommand:
        return
    found = ledger_of(config).names()
    for one in found:
        line = f"{one.word} {one.name} said by {one.person} in {one.channel} at {one.at:%Y-%m-%d %H:%M} UTC"
        print(telling.line(line))
    if not found:
        print("Nobody has said yet what a word means.")


@app.command()
def forget(word: Annotated[str, typer.Argument(help="The word.")], config: Config = None) -> None:
    """Forget what a word means: the next investigation asks again."""
    from bot.cli import telling

    count = ledger_of(config).forget(word.lower(), f"{getpass.getuser()} on this host")
    shown = telling.line(word)
    print(f"{shown} is forgotten." if count else f"Nothing is remembered of {shown}.")
