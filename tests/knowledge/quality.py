"""How well search answers: labelled questions, asked of a real index with and without the answer in it.

`python -m tests.knowledge.quality` prints the figures; `test_quality.py` holds them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from knowledge.document import Passage
from knowledge.embedder import Embedder
from knowledge.retriever import Retriever
from knowledge.sources.filesystem import Filesystem
from knowledge.store import Store
from knowledge.sync import sync

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
EXAMPLES = HERE.parents[1] / "knowledge" / "examples"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HALVES = ("chose", "checked")


class Remembering(Embedder):
    """The same vectors; a text that comes again is not computed again."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, list[float]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, super().__call__(new), strict=True))
        return [self._known[text] for text in texts]


class Question(NamedTuple):
    kind: str
    half: str
    text: str
    services: frozenset[str]
    right: frozenset[str]


class Answer(NamedTuple):
    question: Question
    passages: tuple[Passage, ...]

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(passage.document for passage in self.passages)

    def right_within(self, places: int) -> bool:
        return not self.question.right.isdisjoint(self.documents[:places])

    @property
    def false(self) -> tuple[str, ...]:
        """What is cited and does not answer."""
        return tuple(document for document in self.documents if document not in self.question.right)


def questions() -> Iterator[Question]:
    """About the corpus, as people ask."""
    kinds = cast("dict[str, list[dict[str, Any]]]", yaml.safe_load((HERE / "queries.yaml").read_text()))
    for kind, asked in kinds.items():
        for place, one in enumerate(asked):
            services = frozenset(one.get("services", ()))
            yield Question(kind, HALVES[place % 2], one["text"], services, frozenset(one["right"]))


def claims() -> Iterator[Question]:
    """About the example applications, as the investigator asks."""
    spec = cast("dict[str, Any]", yaml.safe_load((HERE / "claims.yaml").read_text()))
    for place, one in enumerate(cast("list[dict[str, Any]]", spec["claims"])):
        services = frozenset({one["where"], one.get("symptom", one["where"])})
        kind = "claim" if one["right"] else "none"
        text = f"{one['where']} {spec['modes'][one['mode']]}"
        yield Question(kind, HALVES[place % 2], text, services, frozenset(one["right"]))


def ask(store: Store, embed: Embedder, folder: Path, asked: Iterator[Question]) -> list[Answer]:
    """Every question, asked of an index of `folder`."""
    sync(Filesystem(folder), store, embed)
    retriever = Retriever(store, embed)
    return [Answer(q, retriever.search(q.text, q.services, now=NOW)) for q in asked]


def without_answer(store: Store, embed: Embedder, folder: Path, asked: Iterator[Question]) -> list[Answer]:
    """Every question that has an answer, asked while the documents that answer it are deleted."""
    source = Filesystem(folder)
    sync(source, store, embed)
    retriever = Retriever(store, embed)
    answers: list[Answer] = []
    for question in asked:
        if question.right:
            store.remove(source.name, question.right)
            found = retriever.search(question.text, question.services, now=NOW)
            answers.append(Answer(question._replace(right=frozenset()), found))
            sync(source, store, embed)
    return answers


def figures(answers: list[Answer]) -> list[str]:
    """A line for each kind and half."""
    lines: list[str] = []
    for kind in dict.fromkeys(answer.question.kind for answer in answers):
        for half in HALVES:
            of = [a for a in answers if a.question.kind == kind and a.question.half == half]
            if kind == "none":
                text = f"false citations {sum(bool(a.false) for a in of)}"
            else:
                first, five = (sum(a.right_within(n) for a in of) for n in (1, 5))
                text = f"recall@1 {first}  recall@5 {five}  none at all {sum(not a.passages for a in of)}"
            lines.append(f"{kind:<11} {half:<8} of {len(of):>2}: {text}")
    return lines


def absent(answers: list[Answer]) -> list[str]:
    """How many questions still draw a citation though their answer is deleted."""
    scoped: list[Callable[[Answer], bool]] = [
        lambda a: bool(a.question.services),
        lambda a: not a.question.services,
    ]
    lines: list[str] = []
    for name, belongs in zip(("with services", "without"), scoped, strict=True):
        for half in HALVES:
            of = [a for a in answers if belongs(a) and a.question.half == half]
            cited = sum(bool(a.false) for a in of)
            lines.append(f"answer deleted, {name:<13} {half:<8} of {len(of):>2}: still cited {cited}")
    return lines


def main() -> None:
    from tests.knowledge.conftest import serving

    embed = Embedder()
    with serving() as url:
        for name, folder, asked in (("corpus", CORPUS, questions), ("examples", EXAMPLES, claims)):
            print(f"\n{name}")
            answers = ask(Store(url, f"quality-{name}"), embed, folder, asked())
            print("\n".join(figures(answers)))
            print("\n".join(absent(without_answer(Store(url, f"absent-{name}"), embed, folder, asked()))))


if __name__ == "__main__":
    main()
