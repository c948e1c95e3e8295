"""Questions to a model: the prompts filled with what is known, as data that cannot pass for instructions.

Pure: the same investigation gives the same prompt, by which a journaled answer is found again.
"""

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from workers.agent import words
from workers.agent.answers import MOST_CLAIMS, MOST_SENTENCES, Account, Claims
from workers.agent.catalogue import Mode, modes
from workers.agent.proposals import asked
from workers.agent.sight import Sight
from workers.domain.conclusion import Conclusion
from workers.domain.evidence import Evidence
from workers.domain.telemetry import Change
from workers.llm import Message, Prompt
from workers.safety.redact import plain, redacted, scrubbed

LONGEST = 2000
"""Characters of one text that others wrote."""
Data = dict[str, Any]


def claims(sight: Sight, places: tuple[str, ...], limit: int, most: int) -> Prompt:
    """Which claims are worth testing that the rules do not think of; `limit` is in tokens."""
    return _prompt("hypothesise", Claims, MOST_CLAIMS, limit, most, lambda n: _known(sight, places, n))


def account(sight: Sight, said: Conclusion, limit: int, most: int) -> Prompt:
    """How what was found came about."""
    return _prompt("conclude", Account, MOST_SENTENCES, limit, most, lambda n: material(sight, said, n))


def told_back(prompt: Prompt, answer: str, problem: str) -> Prompt:
    """The same prompt after an answer that cannot be used."""
    said = Message(role="assistant", text=redacted(answer)[:LONGEST] or "(nothing)")
    # It names what others named: places, results, and whatever the model made up.
    wrong = fenced({"problem": problem[:LONGEST]})
    again = Message(role="user", text=filled("told_back", problem=wrong))
    return prompt.model_copy(update={"messages": (*prompt.messages, said, again)})


def material(sight: Sight, said: Conclusion, most: int = 100) -> Data:
    """All that an account may speak of."""
    return {
        "conclusion": [said.headline, said.summary],
        "causes": [_plain(c.service, c.mode, c.revision, c.statement) for c in said.causes],
        "path": [hop.finding for hop in said.path],
        "findings": _first(findings(sight, said), most, _finding),
    }


def findings(sight: Sight, said: Conclusion) -> list[Evidence]:
    """What an account may rest on."""
    wanted = {key for cause in said.causes for key in cause.evidence}
    return [e for e in sight.case.evidence if e.id in wanted and e.strength != "none"]


def filled(name: str, **given: object) -> str:
    """A prompt's text with its places filled."""
    return _template(name).substitute(given).rstrip()


def fenced(data: Data) -> str:
    """Data that stands by itself, as what it is."""
    return f"<data>\n{dumped(data)}\n</data>"


def dumped(data: Data) -> str:
    """The data as JSON of plain texts, and without a character that could end it early."""
    lines = json.dumps(scrubbed(data, plain), indent=1, ensure_ascii=False)
    return lines.replace("<", "\\u003c").replace(">", "\\u003e")


# -- what is known, the most telling first


def _known(sight: Sight, places: tuple[str, ...], most: int) -> Data:
    """What the statistics saw, each list cut to its first `most`."""
    case, facts = sight.case, sight.case.facts
    patterns = [p for name in places for p in sight.logs(name) or ()]
    patterns.sort(key=lambda p: (not p.novel, -p.growth))
    return {
        "report": case.incident.text[:LONGEST],
        "facts": facts.summary if facts else "",
        "people said": [f"{s.person.id}: {s.text}"[:LONGEST] for s in case.steering[-5:]],
        "places that may be claimed": _first([*places], most, lambda name: _place(name, sight)),
        "claims tested": [
            _plain(h.where, h.mode, h.trigger.id if h.trigger else "", h.status, h.reason)
            for h in case.tree.nodes
        ],
        "deviations": _first([s for name in places for s in sight.strained(name)], most, words.moved),
        "changes": _first([*reversed(sight.changes)], most, _change),
        "log patterns": _first(
            patterns, most, lambda p: f"{p.service} {p.level} {p.count} now, {p.before} before: {p.template}"
        ),
        "events": _first(
            [h for name in places for h in sight.happenings(name) or ()],
            most,
            lambda h: f"{h.at:%H:%M} {h.service} {h.kind}: {h.text}",
        ),
        "could not be seen": _first([*sight.gaps()], most, lambda gap: f"{gap.what}: {gap.why}"),
    }


def _place(name: str, sight: Sight) -> str:
    resource = sight.topology.find(name)
    needs = ", ".join(sight.topology.callees(name)) or "nothing known"
    return f"{name} ({resource.kind if resource else 'unknown'}) needs {needs}"


def _change(change: Change) -> str:
    differs = f"; differs in {', '.join(change.differences)}" if change.differences else ""
    return f"{change.id} {change.at:%H:%M} {change.kind} of {change.service}: {change.told}{differs}"


def _finding(evidence: Evidence) -> str:
    return f"{evidence.id} ({evidence.says}, {evidence.strength}, {evidence.source}): {evidence.finding}"


def _first(items: list[Any], most: int, said: Callable[[Any], str]) -> list[str]:
    """The first so many, and how many were left out."""
    left = len(items) - most
    shown = [said(item)[:LONGEST] for item in items[:most]]
    return [*shown, f"… and {left} more, left out for length"] if left > 0 else shown


def _plain(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


# -- prompts


def _prompt(
    verb: str,
    answer: type[Claims] | type[Account],
    count: int,
    limit: int,
    most: int,
    known: Callable[[int], Data],
) -> Prompt:
    """With as much of what is known as fits into `limit` tokens: lists are halved until it does."""
    template, shown = _template(verb), 128
    while True:
        text = template.substitute(most=count, data=dumped(known(shown)))
        prompt = Prompt(
            system=_system(),
            messages=(Message(role="user", text=text),),
            answer=answer.model_json_schema(),
            most=most,
        )
        if prompt.length <= limit or shown <= 1:
            return prompt
        shown //= 2


@cache
def _template(name: str) -> Template:
    return Template((files("workers.agent") / "prompts" / f"{name}.md").read_text(encoding="utf-8"))


@cache
def _system() -> str:
    rows = [_row(mode) for mode in modes().values() if mode.incident]
    return _template("system").substitute(modes="\n".join(rows))


def _row(mode: Mode) -> str:
    needs = f"; needs a {mode.trigger}" if mode.trigger else ""
    confirm, refute = ("; ".join(map(asked, looks)) for looks in (mode.confirm, mode.refute))
    title = mode.title[0].lower() + mode.title[1:]
    return (
        f"- {mode.id} ({', '.join(mode.kinds)}{needs}): {title}. Confirmed by {confirm}. Refuted by {refute}."
    )
