"""The question which of several things a word of the report means, with a button for each."""

from workers.domain.investigation import Investigation
from workers.domain.naming import Candidate
from workers.domain.post import Block, Post
from workers.thread.fit import Part, actions, button, context, fit, said_plainly, section
from workers.thread.mrkdwn import code, person, said

NONE = "none"
"""What stands in the place of a number for "none of these"."""
NEITHER = "none of what I asked"


def which(case: Investigation, word: str) -> Post:
    """The question, or its answer once somebody gave it."""
    asked, settled = case.unclear[word], case.names.get(word)
    key = f"which:{word}"[:80]
    if settled is not None:
        means = code(settled.name) if settled.name else NEITHER
        told = section(f"*{said(word)}* is {means}, says {person(settled.person.id)}.")
        kept = (context("I remember it, and do not ask again."),) if settled.name else ()
        return Post(
            key=key,
            text=said_plainly(f"{word.capitalize()} is {settled.name or NEITHER}."),
            blocks=(told, *kept),
        )
    lines = "\n".join(f"• {code(one.name)} {_about(one)}" for one in asked.candidates)
    title = f"*Which one is {said(word)}?* I go on with {code(asked.taken)} until somebody says."
    parts = [
        Part(blocks=(section(f"{title}\n{lines}", "which"),)),
        Part(blocks=(actions("meant", *_buttons(case, word, asked.candidates)),)),
    ]
    names = ", ".join(one.name for one in asked.candidates)
    text = f"Which one is {word}: {names}? I go on with {asked.taken}."
    return Post(key=key, text=said_plainly(text), blocks=fit(parts), urgent=True)


def _about(one: Candidate) -> str:
    return said(" ".join(filter(None, (one.kind, f"in {one.place}" if one.place else ""))))


def _buttons(case: Investigation, word: str, candidates: tuple[Candidate, ...]) -> list[Block]:
    value = f"{case.id} {word}"
    each = [
        button(f"meant-{number}", one.name, value, spoken=f"{word} is {one.name}")
        for number, one in enumerate(candidates)
    ]
    return [*each, button(f"meant-{NONE}", "None of these", value, spoken=f"{word} is none of these")]
