"""Search is as good as we say, on the half of the questions that chose its numbers and on the other."""

from collections.abc import Sequence

import pytest

from knowledge.embedder import Embedder
from knowledge.store import Store
from tests.knowledge.quality import (
    CORPUS,
    EXAMPLES,
    HALVES,
    Answer,
    Remembering,
    ask,
    claims,
    questions,
    without_answer,
)


@pytest.fixture(scope="module")
def embed() -> Embedder:
    return Remembering()


def share(answers: Sequence[Answer], kind: str, half: str, places: int) -> float:
    of = [a for a in answers if a.question.kind == kind and a.question.half == half]
    assert len(of) >= 9
    return sum(answer.right_within(places) for answer in of) / len(of)


def test_questions_about_a_corpus_of_forty(store: Store, embed: Embedder) -> None:
    answers = ask(store, embed, CORPUS, questions())

    for half in HALVES:
        assert share(answers, "paraphrase", half, 1) >= 0.75
        assert share(answers, "paraphrase", half, 5) >= 0.80
        assert share(answers, "keyword", half, 1) >= 0.90
        assert share(answers, "identifier", half, 1) == 1.0
        assert share(answers, "hypothesis", half, 1) >= 0.90
    assert [a.question.text for a in answers if a.question.kind == "none" and a.passages] == []


def test_claims_about_the_example_applications(store: Store, embed: Embedder) -> None:
    answers = ask(store, embed, EXAMPLES, claims())

    for half in HALVES:
        assert share(answers, "claim", half, 1) >= 0.75
    # A rival may stand beside the right page, never alone.
    assert [a.question.text for a in answers if a.passages and not a.right_within(1)] == []


@pytest.mark.timeout(600)
def test_with_the_answer_deleted_nothing_is_cited_for_a_claim(store: Store, embed: Embedder) -> None:
    answers = without_answer(store, embed, EXAMPLES, claims())

    assert len(answers) == 30
    assert [(a.question.text, a.documents) for a in answers if a.passages] == []
