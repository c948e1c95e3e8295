"""The table of defences fits the tree: each line is there once, each test exists, the page shows it."""

import re

import pytest

from tests.defences import ROOT, Defence, defences, table


@pytest.mark.parametrize("one", defences(), ids=lambda one: f"{one.threat} {one.promise}")
def test_defence_is_where_the_table_says(one: Defence) -> None:
    file, _, name = one.test.partition("::")

    assert (ROOT / one.file).read_text(encoding="utf-8").count(one.line) == 1
    assert re.search(rf"^def {re.escape(name)}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_documentation_shows_the_table() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

    shown = page.partition("<!-- defences -->\n\n")[2].partition("\n\n<!-- /defences -->")[0]
    assert shown == "\n".join(table()), "python -m tests.defences --table prints what it has to be"
