"""`runbook config`: what is configured, and what could be."""

import os

import typer

from bot.cli.options import Config

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@app.command()
def check(config: Config = None) -> None:
    """Read the configuration as `runbook up` would, and say every problem."""
    from workers.settings import DEFAULT_PATH, load, notices

    settings = load(config, os.environ, "up")
    source = config or DEFAULT_PATH
    print(f"{source if source.exists() else 'The environment'} is fine. Data: {settings.data_dir}")
    for notice in notices(settings):
        print(notice)


@app.command()
def reference() -> None:
    """Print every key with its type, default and meaning, as in docs/configuration.md."""
    print(document())


def document() -> str:
    """The reference in Markdown, one table a section."""
    from workers.settings.reference import markdown

    return markdown()
