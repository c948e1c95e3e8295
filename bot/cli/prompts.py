"""What was sent to a model, as lines for people; with the texts, made again from the journal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.cli import telling
from bot.cli.looking import settings_to_look
from workers import wiring
from workers.agent.sent import Making, Sent, again, prompts
from workers.domain.event import Event
from workers.llm import Message, Prompt

CHANGED = "(cannot be made again: the settings, the tools or Runbook itself have changed since)"


def making(config: Path | None) -> Making:
    """What prompts are made with here and now."""
    return wiring.making(settings_to_look(config, None, None))


def lines(journal: Sequence[Event], making: Making | None) -> Iterator[str]:
    """A line for each prompt, and its text where there is something to make it with."""
    found = tuple(prompts(journal))
    if not found:
        yield "Nothing was sent to a model."
    for number, one in enumerate(found, 1):
        yield _line(number, one)
        if making is not None:
            prompt = again(journal, one, making)
            yield from _text(prompt) if prompt is not None else (CHANGED,)


def _line(number: int, one: Sent) -> str:
    asked, answer = one.asked, one.answer
    cost = f"at most {asked.tokens:,} tokens read, no answer came"
    if answer is not None:
        price = f"${answer.dollars:.4f}" if answer.dollars is not None else "price not known"
        cost = f"{answer.usage.tokens:,} tokens, {price}"
    to = telling.line(f"{asked.model} of {asked.served}")
    return f"{number:>3}  {asked.at:%Y-%m-%d %H:%M:%S}  {to}  {asked.verb}  {cost}  {asked.key}"


def _text(prompt: Prompt) -> Iterator[str]:
    yield from _block("system", prompt.system)
    if prompt.tools:
        yield from _block("tools", ", ".join(tool.name for tool in prompt.tools))
    for message in prompt.messages:
        yield from _block(message.role, "\n".join(_said(message)))


def _block(name: str, text: str) -> Iterator[str]:
    yield f"     --- {name}"
    yield from (f"     {line}" for line in telling.plain(text).split("\n"))


def _said(message: Message) -> Iterator[str]:
    yield from (thought.text for thought in message.thoughts if thought.text)
    yield from (told.text for told in message.told)
    if message.text:
        yield message.text
    yield from (f"asks {use.name} {use.arguments}" for use in message.uses)
