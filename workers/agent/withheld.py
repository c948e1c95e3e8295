"""Services of which no model may be told: what speaks of them is taken out of what a model is shown.

Fail closed, three times: an investigation that concerns one goes on by the rules; of any other a model is
shown only what does not name one; and a prompt that names one all the same is not sent.
"""

import json
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, cast

from workers.domain.call import ToolResult
from workers.domain.errors import ModelFailed
from workers.domain.investigation import Investigation
from workers.llm import Message, Prompt

_WORD = re.compile(r"[\w.-]+")
_DATA = re.compile(r"<data>\n(.*?)\n</data>", re.DOTALL)


class Withheld:
    """The services that `patterns` name, as in `payments` and `shop-*`."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)

    def named(self, *texts: str) -> str:
        """The first of them that stands in these texts; empty where none does."""
        if not self._patterns:
            return ""
        words = (word for text in texts for word in _WORD.findall(text.lower()))
        return next((found for word in words if (found := self._matched(word))), "")

    def _matched(self, word: str) -> str:
        bare = word.strip(".-_")
        # A host is `payments.shop.internal`.
        names = (bare, *bare.split("."))
        return next((n for n in names for pattern in self._patterns if fnmatchcase(n, pattern)), "")

    def concerned(self, case: Investigation) -> str:
        """Which of them an investigation is about, by what was asked, noticed, suspected or said."""
        return self.named(*_about(case)) if self._patterns else ""

    def without(self, case: Investigation) -> Investigation:
        """The case with nothing in its results that names one of them."""
        if not self._patterns:
            return case
        # Of a question that failed, its reason would be told.
        failed = {key for key, one in case.results.items() if not one.ok}
        queries = {
            key: one
            for key, one in case.queries.items()
            if key not in failed or not self.named(one.model_dump_json())
        }
        results = {key: self._cut(one) for key, one in case.results.items() if key in queries}
        return case.model_copy(update={"queries": queries, "results": results})

    def _cut(self, result: ToolResult) -> ToolResult:
        data = result.data
        left = type(data).model_validate(self._left(data.model_dump())) if data is not None else None
        gaps = tuple(gap for gap in result.gaps if not self.named(gap.model_dump_json()))
        return result.model_copy(update={"data": left, "gaps": gaps})

    def _left(self, value: Any) -> Any:
        """Every entry of a list or mapping that names none of them, as far down as there are any."""
        if isinstance(value, dict):
            fields = cast(dict[str, Any], value)
            return {key: self._left(one) for key, one in fields.items() if not self._names(key, one)}
        if isinstance(value, list | tuple):
            items = cast(Iterable[Any], value)
            return [self._left(one) for one in items if not self.named(_told(one))]
        return value

    def _names(self, key: str, value: Any) -> bool:
        """Whether a field is to go; one that holds entries loses only those that name one."""
        inner = isinstance(value, dict | list | tuple)
        return bool(self.named(key) or (not inner and self.named(_told(value))))

    def guard(self, prompt: Prompt) -> None:
        """Raises `ModelFailed` where a prompt names one of them in what is no text of ours."""
        if self._patterns and (name := self.named(*(t for m in prompt.messages for t in _said(m)))):
            raise self.refusal(name)

    def refusal(self, name: str) -> ModelFailed:
        return ModelFailed(f"no model may be told of {name} (llm.never_for)")


def _about(case: Investigation) -> Iterator[str]:
    asked, facts = case.incident, case.facts
    yield from (asked.text, asked.service, asked.question.what if asked.question else "")
    if facts is not None:
        yield from (facts.service, facts.summary, *(one.service for one in facts.affected))
    yield from (f"{h.where} {h.statement} {h.reason}" for h in case.tree.nodes)
    yield from (one.text for one in case.steering)
    yield from (f"{one.asked} {' '.join(one.told)}" for one in case.recalled or ())


def _told(value: Any) -> str:
    """The texts of a value; the points of a series are none."""
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        value = {key: one for key, one in fields.items() if key not in ("values", "reference")}
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _said(message: Message) -> Iterator[str]:
    """What others and a model put into a message, and not the words of our prompts or the names of fields."""
    if message.role == "assistant":
        yield message.text
        yield from (thought.text for thought in message.thoughts)
    yield from (json.dumps(use.arguments, ensure_ascii=False) for use in message.uses)
    for text in (message.text, *(told.text for told in message.told)):
        for data in _DATA.findall(text):
            yield from _values(json.loads(data))


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in cast(dict[str, Any], value).values() for text in _values(item))
    elif isinstance(value, list):
        yield from (text for item in cast(list[Any], value) for text in _values(item))
