"""The block on top of a document is anybody's text."""

import time
import tracemalloc
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.frontmatter import MAX_CHARS, split
from workers.domain.errors import BadDocument


def page(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "# Title", "Text."])


def test_fields_are_read_and_the_body_follows() -> None:
    front, body = split(
        "a.md",
        page(
            "title: Checkout latency",
            "type: Post-mortem",
            "services: [Checkout, payments]",
            "symptoms:",
            "  - slow",
            "severity: high",
            "tags: db, pool",
            "owner: team-a",
            "lastValidated: 2026-08-01",
            "url: https://wiki.example/x",
        ),
    )

    assert (front.title, front.kind, front.owner, front.severity) == (
        "Checkout latency",
        "postmortem",
        "team-a",
        "high",
    )
    assert front.services == ("checkout", "payments")
    assert front.symptoms == ("slow",)
    assert front.tags == ("db", "pool")
    assert front.last_validated == date(2026, 8, 1)
    assert front.url == "https://wiki.example/x"
    assert body == "# Title\nText."


def test_a_page_without_frontmatter_is_all_body() -> None:
    front, body = split("a.md", "# Title\n\n---\nText.")

    assert front.title == ""
    assert body == "# Title\n\n---\nText."


def test_a_teams_own_fields_are_left_alone() -> None:
    front, _ = split("a.md", page("owner: a", "reviewers: {first: b}", "draft: no"))

    assert front.owner == "a"


def test_values_stay_text() -> None:
    front, _ = split("a.md", page("owner: no", "severity: 1", "title: 2026-01-01"))

    assert (front.owner, front.severity, front.title) == ("no", "1", "2026-01-01")


def test_a_symptom_with_a_colon_is_a_sentence() -> None:
    front, _ = split(
        "a.md", page("symptoms:", "  - FATAL: too many clients", "  - EMFILE: too many open files")
    )

    assert front.symptoms == ("FATAL: too many clients", "EMFILE: too many open files")


def test_a_title_is_one_line() -> None:
    front, _ = split("a.md", page("title: |", "  Slow", "  checkout", "owner: '  team  a '"))

    assert (front.title, front.owner) == ("Slow checkout", "team a")


def test_an_empty_field_is_no_field() -> None:
    front, _ = split("a.md", page("owner:", "last_validated:", "services:"))

    assert (front.owner, front.last_validated, front.services) == ("", None, ())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["title: 'open"], "not YAML: line"),
        (["- a", "- b"], "not a mapping"),
        (["type: novel"], "`type`"),
        (["last_validated: last spring"], "`last_validated`"),
        (["services: {a: b}"], "`services`"),
        (["url: javascript:alert(1)"], "`url`"),
        (["url: https://x.example/<!channel>"], "`url`"),
        (["a: &a [x]", "b: *a"], "alias"),
        (["title: !!python/object/apply:os.system [id]"], "`title`"),
        ([f"tags: [{', '.join(f't{n}' for n in range(65))}]"], "`tags`"),
        (["owner: " + "x" * 201], "`owner`"),
        (["? [a, b]", ": c"], "not YAML"),
    ],
)
def test_a_slip_is_said_by_name(lines: list[str], said: str) -> None:
    with pytest.raises(BadDocument, match=r"^team/a\.md: its frontmatter ") as caught:
        split("team/a.md", page(*lines))

    assert said in str(caught.value)
    assert caught.value.mend


def test_frontmatter_without_an_end_is_refused() -> None:
    with pytest.raises(BadDocument, match="no end"):
        split("a.md", "---\ntitle: x\n# Title\n")


@pytest.mark.parametrize(
    "raw",
    [
        "a: " + "[" * 20_000,
        "a: " + "{b: " * 20_000,
        "- " * 20_000 + "x",
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a,*a,*a,*a]\n" for n in range(9)),
        "\n".join(f"k{n}: v" for n in range(30_000)),
        "owner: " + ":".join(["59"] * 60_000),
        "owner: " + "9" * 200_000,
        "? " * 10_000,
        'owner: "' + "\\x41" * 60_000,
        "owner: |\n" + " x\n" * 80_000,
        "services: [" + "!t x, " * 9_000 + "]",
        "&" * 50_000,
        "x" * (MAX_CHARS + 1),
    ],
    ids=range(13),
)
def test_what_would_grow_is_refused_quickly(raw: str) -> None:
    tracemalloc.start()
    started = time.monotonic()
    try:
        with pytest.raises(BadDocument):
            split("a.md", f"---\n{raw}\n---\nText.")
    finally:
        grown = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert time.monotonic() - started < 20  # what grows takes for ever, not a little longer
    assert grown < 50 * 2**20


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadDocument):
        split("a.md", f"---\n{text}\n---\nbody")


@given(st.text(alphabet="abc:-[]{}*&!|>'\"#%@`?, \n\t0", max_size=120))
def test_any_yaml_like_text_is_read_or_refused(text: str) -> None:
    with suppress(BadDocument):
        split("a.md", f"---\n{text}\n---\nbody")
