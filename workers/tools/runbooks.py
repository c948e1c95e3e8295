"""What people have written down: runbooks and other documents that bear on a question."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field

from knowledge.document import Passage as Found
from workers.domain.call import PassageData
from workers.domain.risk import Risk
from workers.tools.action import Answer, Toolset, action


class Search(Protocol):
    """Finds passages; `knowledge.retriever.Retriever` is one."""

    def search(
        self, text: str, services: frozenset[str] = frozenset(), limit: int = 5, *, now: datetime
    ) -> tuple[Found, ...]: ...


class Library:
    """A search with a clock, so that ages are those of now."""

    def __init__(self, search: Search, now: Callable[[], datetime]) -> None:
        self.search = search
        self.now = now


@action(risk=Risk.READ, answers="passages")
def runbook_search(
    library: Library, text: str, services: tuple[str, ...] = (), limit: Annotated[int, Field(ge=1, le=10)] = 3
) -> Answer:
    """Passages of runbooks, post-mortems and known issues about a problem, best first, with their age."""
    found = library.search.search(text, frozenset(services), limit, now=library.now())
    return Answer(
        data=PassageData(passages=tuple(passage.cited for passage in found)), source="runbooks", cost=1
    )


TOOLSET = Toolset(name="runbooks", actions=(runbook_search,))
