"""`runbook ask`: a question about what runs, answered in the terminal, read only."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.investigate import Json, Profile, Region, aside
from bot.cli.leaving import at_once
from bot.cli.options import Config

if TYPE_CHECKING:
    from workers.domain.event import Answered

EXAMPLES = "what changed in the last hour?, which alarms are firing?, is checkout ok?, who calls shop-db?"


def ask(
    text: Annotated[str, typer.Argument(help='"what changed in the last hour?"')],
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Answer a question about what runs, from this terminal. Reads AWS and changes nothing.

    Exit code 0: answered. 2: not all that it takes could be read. 1: no question, or nothing to look with.
    """
    with at_once():
        from workers.domain import question
        from workers.domain.errors import RunbookError

        asked = question.read(text)
        if asked is None:
            raise RunbookError(
                "I read no question in that",
                f'Ask, for example: {EXAMPLES} What is wrong goes to: runbook investigate "{text[:60]}"',
            )
        # A mistake has been said by now, before a second of imports.
        from bot.cli import looking
        from workers import wiring

        look = looking.eyes(config, profile, region, aside)
        first = looking.reported(text, wiring.now())
        incident = first.incident.model_copy(update={"question": asked})
        first = first.model_copy(update={"incident": incident})
        budget, mind = wiring.budget(look.settings), wiring.reasoner(look.settings)
        case = None
        for event in looking.run(look.settings, first, look.gate, budget, mind):
            case = looking.fold(case, event)
        reply = case.reply if case else None
        assert reply is not None, "a question ends in an answer"
        print(json.dumps(reply.model_dump(mode="json")) if as_json else _told(reply))
        raise typer.Exit(2 if reply.gaps else 0)


def _told(reply: "Answered") -> str:
    from bot.cli.telling import line

    lines = [line(reply.text), *(f"• {line(one)}" for one in reply.lines)]
    if reply.gaps:
        lines += ["What I could not see", *(f"• {line(gap)}" for gap in reply.gaps)]
    return "\n".join(lines)
