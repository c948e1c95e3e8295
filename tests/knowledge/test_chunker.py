"""Documents to pieces, along their own structure."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.chunker import WHOLE, WORDS, chunks, weight
from knowledge.document import Document


def document(text: str, title: str = "Checkout latency", **fields: object) -> Document:
    return Document.model_validate(
        {
            "id": "a.md",
            "source": "s",
            "title": title,
            "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
            "hash": "h",
            "text": text,
        }
        | fields
    )


def test_pieces_know_the_headings_above_them() -> None:
    pieces = chunks(
        document("# Checkout latency\nIntro.\n## Confirm\nLook.\n### Logs\nRead.\n## Roll back\nDo it.\n")
    )

    assert [piece.section for piece in pieces] == ["", "Confirm", "Confirm › Logs", "Roll back"]
    assert pieces[2].place == "Checkout latency › Confirm › Logs"
    assert pieces[2].embedded == "Checkout latency › Confirm › Logs\nRead."
    assert [piece.position for piece in pieces] == [0, 1, 2, 3]


def test_another_first_heading_than_the_title_is_kept() -> None:
    [piece] = chunks(document("# Slow\n\nText.", title="Checkout latency"))

    assert piece.place == "Checkout latency › Slow"


def test_underlined_headings_and_markup_in_headings_are_understood() -> None:
    pieces = chunks(
        document("Confirm `now`\n---\nText.\n\n## See [the *wiki*](https://x.example) ##\nMore.\n")
    )

    assert [piece.section for piece in pieces] == ["Confirm now", "See the wiki"]


def test_a_heading_inside_code_is_none() -> None:
    [piece] = chunks(document("```sh\n# comment\nls\n```\n"))

    assert piece.text == "```sh\n# comment\nls\n```"


def test_symptoms_come_first_and_the_first_piece_carries_the_tags() -> None:
    pieces = chunks(document("Text.", symptoms=("slow pages", "errors"), tags=("db", "pool")))

    assert pieces[0].section == "Symptoms"
    assert pieces[0].text == "- slow pages\n- errors"
    assert pieces[0].embedded.endswith("\ndb, pool")
    assert "pool" not in pieces[1].embedded


def test_small_sections_are_not_merged_into_others() -> None:
    pieces = chunks(document("## A\nOne.\n## B\nTwo.\n## Empty\n## C\nThree.\n"))

    assert [piece.section for piece in pieces] == ["A", "B", "C"]


def test_tables_and_code_stay_whole() -> None:
    table = "\n".join(["| a | b |", "|---|---|", *(f"| row{n} | some more words here |" for n in range(60))])
    code = "\n".join(["```", *(f"line {n} of the script" for n in range(70)), "```"])

    pieces = chunks(document(f"Before.\n\n{table}\n\nBetween.\n\n{code}\n\nAfter.\n"))

    assert weight(table) > WORDS
    assert [piece.text for piece in pieces] == ["Before.", table, "Between.", code, "After."]


def test_a_huge_table_is_cut_between_rows_under_its_own_head() -> None:
    head = "| name | value |\n|---|---|"
    rows = [f"| row{n} | some more words here |" for n in range(300)]

    pieces = chunks(document("\n".join([head, *rows])))

    assert len(pieces) > 5
    assert all(piece.text.startswith(head) for piece in pieces)
    assert [row for piece in pieces for row in piece.text.split("\n")[2:]] == rows


def test_huge_code_stays_code() -> None:
    lines = [f"echo {n} some more words here" for n in range(300)]

    pieces = chunks(document("\n".join(["```sh", *lines, "```"])))

    assert all(piece.text.startswith("```sh\n") and piece.text.endswith("\n```") for piece in pieces)
    assert [line for piece in pieces for line in piece.text.split("\n")[1:-1]] == lines


def test_a_long_list_is_cut_between_its_items() -> None:
    items = [f"{n}. do this and then that and look what happens\n    - carefully" for n in range(1, 60)]

    pieces = chunks(document("\n".join(items)))

    assert len(pieces) > 1
    assert "\n".join(piece.text for piece in pieces) == "\n".join(items)


def test_long_prose_is_cut_between_sentences() -> None:
    sentences = [f"Sentence number {n} says something of no use to anybody." for n in range(80)]

    pieces = chunks(document(" ".join(sentences)))

    assert all(weight(piece.text) <= WORDS for piece in pieces)
    assert all(piece.text.endswith(".") for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == " ".join(sentences)


def test_what_no_reader_sees_is_left_out() -> None:
    pieces = chunks(
        document(
            "Text <!-- approve\nall --> here.\n\n<!-- secret -->\n\n- item <!-- x -->\n\n`<!-- code -->`"
        )
    )

    assert pieces[0].text.startswith("Text  here.\n\n- item")
    assert not any(word in piece.text for piece in pieces for word in ("approve", "secret"))


def test_html_is_text() -> None:
    pieces = chunks(document("## A\n\n<details>\nMore\n</details>\n\n<hr>\n\n## B\n\n<h1>x</h1>\n"))

    assert [(piece.section, piece.text) for piece in pieces] == [
        ("A", "<details>\nMore\n</details>\n\n<hr>"),
        ("B", "<h1>x</h1>"),
    ]


def test_comments_in_code_are_code() -> None:
    [piece] = chunks(document("```html\n<!-- keep -->\n```"))

    assert "<!-- keep -->" in piece.text


def test_headings_alone_give_nothing() -> None:
    assert chunks(document("# A\n## B\n\n---\n\n[ref]: https://x.example\n")) == ()


words = st.text(alphabet="abcdefgh .#-*`|>\n0123456789_[]()!\\<\t", max_size=400)


@settings(max_examples=300, deadline=None)
@given(words)
def test_no_piece_is_empty_or_too_long(text: str) -> None:
    for piece in chunks(document(text)):
        assert piece.text.strip()
        assert weight(piece.text) <= WHOLE + 10


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="abcdefg", min_size=1, max_size=300), min_size=1, max_size=900))
def test_no_word_of_prose_is_lost(said: list[str]) -> None:
    text = " ".join(said)

    pieces = chunks(document(text))

    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(said)


@pytest.mark.parametrize(
    "text",
    [
        ">" * 50_000,
        "- " * 50_000,
        "[" * 100_000,
        "`" * 100_000,
        "#" * 100_000,
        "|" * 100_000 + "\n" + "|-" * 50_000,
        "x" * 2_000_000,
        "x " * 1_000_000,
        "a\n" * 100_000,
        "# h\n" * 20_000,
        "* a\n" * 20_000,
        "| a |\n|---|\n" + "| b |\n" * 20_000,
        "<!--" * 100_000,
        "[a]: b\n" * 10_000,
        "\t" * 100_000 + "x",
        "1. " * 30_000,
    ],
    ids=range(16),
)
def test_hostile_markdown_ends_soon(text: str) -> None:
    # Of its own work: what else this machine does is not the chunker's.
    started = time.thread_time()

    chunks(document(text))

    assert time.thread_time() - started < 5.0
