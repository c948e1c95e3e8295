"""The runbooks of the example applications are such as we ask people to write."""

from datetime import UTC, datetime

import pytest

from knowledge.chunker import chunks
from knowledge.document import Document
from knowledge.sources.filesystem import Filesystem
from tests.knowledge.quality import EXAMPLES

WRITTEN = datetime(2026, 11, 20, tzinfo=UTC)


def examples(application: str) -> list[Document]:
    found = list(Filesystem(EXAMPLES / application).read())
    bad = [str(one) for one in found if not isinstance(one, Document)]
    assert bad == []
    return [one for one in found if isinstance(one, Document)]


LEAST = {"shop": 8, "booking": 6, "claims": 5, "parcels": 6}


@pytest.mark.parametrize(("application", "least"), LEAST.items())
def test_every_example_is_complete(application: str, least: int) -> None:
    documents = examples(application)

    assert len(documents) >= least
    assert all(document.owner and document.last_validated for document in documents)
    runbooks = [document for document in documents if document.kind == "runbook"]
    assert all(document.services and document.symptoms for document in runbooks)
    sections = {document.id: {piece.section for piece in chunks(document)} for document in runbooks}
    assert [name for name, found in sections.items() if "Escalate" not in found | {"Afterwards"}] == [
        "notifications-late.md"
    ] or all("Escalate" in found or "Afterwards" in found for found in sections.values())


def test_one_is_stale_one_is_a_post_mortem_and_one_shows_the_architecture() -> None:
    documents = examples("shop") + examples("booking")

    assert [document.id for document in documents if document.stale(WRITTEN)] == ["inventory-memory.md"]
    kinds = {document.kind for document in documents}
    assert {"runbook", "postmortem", "architecture", "playbook", "known_issue"} <= kinds
