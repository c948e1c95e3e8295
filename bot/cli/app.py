"""The commands of `runbook`, one file per group. What a command needs is imported when it runs."""

import typer

from bot.cli import (
    ask,
    audit,
    backtest,
    config,
    demo,
    doctor,
    evaluate,
    halting,
    health,
    investigate,
    naming,
    processes,
    purging,
    up,
)
from bot.cli.leaving import Reading

app = typer.Typer(
    name="runbook",
    help="The AI site-reliability engineer that lives in Slack.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # half of the time that --help takes
    pretty_exceptions_enable=False,
)

app.command()(up.up)
app.command()(demo.demo)
app.command(cls=Reading)(investigate.investigate)
app.command(cls=Reading)(ask.ask)
app.command(cls=Reading)(ask.chat)
app.command(cls=Reading)(backtest.backtest)
app.command(cls=Reading)(doctor.doctor)
for command in (processes.bot, processes.worker, processes.quick, processes.executor, processes.clock):
    app.command()(command)
app.command()(processes.migrate)
app.command()(health.health)
app.command()(halting.halt)
app.command()(halting.resume)
app.command()(purging.purge)
app.add_typer(audit.app, name="audit")
app.add_typer(config.app, name="config")
app.add_typer(naming.app, name="names")
app.add_typer(evaluate.app, name="eval")
