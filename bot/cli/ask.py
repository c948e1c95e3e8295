"""`runbook ask` and `runbook chat`: questions about what runs, answered in the terminal, read only."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.investigate import Json, Profile, Region, aside
from bot.cli.leaving import at_once
from bot.cli.options import Config

if TYPE_CHECKING:
    from bot.cli.looking import Eyes
    from workers.domain.event import Event
    from workers.domain.investigation import Investigation
    from workers.domain.question import Question

EXAMPLES = "what changed in the last hour?, which alarms are firing?, is checkout ok?, who calls shop-db?"
WELCOME = "Ask about what runs; Ctrl-D ends it. For example: what changed in the last hour?"
NONE_READ = "I read no question in that"
NO_MODEL = "A question like that takes a model to answer, and none is configured"


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

        asked = question.read(text, sure=True)
        if asked is None:
            raise RunbookError(NONE_READ, _ways(text))
        # A mistake has been said by now, before a second of imports.
        from bot.cli.looking import eyes

        look = eyes(config, profile, region, aside)
        if asked.topic == "open" and not look.settings.llm.active:
            raise RunbookError(NO_MODEL, _ways(text))
        case = _answered(look, text, asked)
        reply = case.reply
        assert reply is not None, "a question ends in an answer"
        print(json.dumps(reply.model_dump(mode="json")) if as_json else _told(case))
        raise typer.Exit(2 if reply.gaps else 0)


def chat(profile: Profile = None, region: Region = None, config: Config = None) -> None:
    """Answer one question after the other, each with what was said before in mind. Reads AWS only.

    Ends with the input (Ctrl-D) or on Ctrl-C.
    """
    with at_once():
        from bot.cli.looking import eyes
        from workers.domain import question

        look = eyes(config, profile, region, aside)
        before: list[Investigation] = []
        for text in _typed():
            asked = question.read(text, sure=True)
            if asked is None or (asked.topic == "open" and not look.settings.llm.active):
                print(f"{NONE_READ if asked is None else NO_MODEL}. {_ways(text)}", flush=True)
                continue
            before.append(_answered(look, text, asked, tuple(before), _step))
            print(_told(before[-1]), flush=True)


def _typed() -> Iterator[str]:
    """What is typed, line by line, until there is no more."""
    person = sys.stdin.isatty()
    if person:
        with suppress(ImportError):  # not every Python has it; with it the line can be edited
            import_module("readline")
        print(WELCOME)
    while True:
        try:
            text = input("> " if person else "").strip()
        except EOFError:
            return
        if text:
            yield text


def _answered(
    look: "Eyes",
    text: str,
    asked: "Question",
    before: "tuple[Investigation, ...]" = (),
    seen: "Callable[[Event], None] | None" = None,
) -> "Investigation":
    """The question answered as a worker does it; `seen` is shown each step."""
    from bot.cli import looking
    from workers import wiring

    first = looking.reported(text, wiring.now())
    incident = first.incident.model_copy(update={"question": asked})
    first = first.model_copy(update={"incident": incident})
    budget, mind = wiring.budget(look.settings), wiring.reasoner(look.settings)
    case = None
    for event in looking.run(look.settings, first, look.gate, budget, mind, before):
        case = looking.fold(case, event)
        if seen:
            seen(event)
    assert case is not None, "a journal has a beginning"
    return case


def _step(event: "Event") -> None:
    """What is being done, beside the answer."""
    from bot.cli.telling import line

    if event.type == "QueryAsked":
        service = event.query.call.arguments.get("service", "")
        aside(line(f"… {event.query.call.name} {service}"))


def _ways(text: str) -> str:
    return f'Ask, for example: {EXAMPLES} What is wrong goes to: runbook investigate "{text[:60]}"'


def _told(case: "Investigation") -> str:
    from bot.cli.telling import line
    from workers.thread.live import mind

    reply = case.reply
    assert reply is not None, "a question ends in an answer"
    lines = [line(reply.text), *(f"• {line(one)}" for one in reply.lines)]
    if reply.gaps:
        lines += ["What I could not see", *(f"• {line(gap)}" for gap in reply.gaps)]
    if case.model:
        read = f"Read from {', '.join(reply.sources)} · " if reply.sources else ""
        lines.append(line(f"{read}{mind(case)}"))
    return "\n".join(lines)
