"""What knowledge is made of: documents, the pieces they are cut into, and pieces that were found.

Everybody who reads or cites knowledge imports this module; it is cheap to import.
"""

from datetime import UTC, date, datetime, time
from typing import Literal

from pydantic import AwareDatetime

from workers.domain import telemetry
from workers.domain.value import Value

Kind = Literal[
    "runbook", "postmortem", "architecture", "ownership", "known_issue", "environment", "playbook", "faq"
]
How = Literal["vector", "keyword", "identifier"]

STALE_DAYS = 90
SEPARATOR = " › "


class Cover(Value):
    """Everything known about a document except its text.

    `id` is stable within `source` (a relative path, a page id); `hash` changes when anything in the
    document does. No `services` means that the document speaks about all of them.
    """

    id: str
    source: str
    title: str
    kind: Kind = "runbook"
    services: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    severity: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    last_validated: date | None = None
    updated_at: AwareDatetime
    path: str = ""
    url: str = ""
    hash: str

    @property
    def link(self) -> str:
        return self.url or self.path

    def age_days(self, now: datetime) -> int:
        """Whole days since a person last said it was right or, where nobody did, since it was written."""
        if self.last_validated is None:
            since = self.updated_at
        else:
            since = datetime.combine(self.last_validated, time(), UTC)
        return max((now - since).days, 0)

    def stale(self, now: datetime) -> bool:
        return self.age_days(now) > STALE_DAYS


class Document(Cover):
    """A document as its source holds it; `text` is Markdown without frontmatter. It is data, never orders."""

    text: str

    @property
    def cover(self) -> Cover:
        return Cover.model_validate(self.model_dump(exclude={"text"}))


class Chunk(Value):
    """A piece of a document: what is embedded, found and cited. `path` is its headings under the title."""

    cover: Cover
    path: tuple[str, ...]
    position: int
    text: str

    @property
    def document(self) -> str:
        return self.cover.id

    @property
    def section(self) -> str:
        return SEPARATOR.join(self.path)

    @property
    def place(self) -> str:
        """`Checkout latency › Roll back`: the title and the headings above the text."""
        return SEPARATOR.join((self.cover.title, *self.path))

    @property
    def embedded(self) -> str:
        """What the model reads: a step means little without the headings it stands under.

        The first piece stands for the document, so it carries the tags.
        """
        tags = f"\n{', '.join(self.cover.tags)}" if self.position == 0 and self.cover.tags else ""
        return f"{self.place}\n{self.text}{tags}"


class Passage(Value):
    """A chunk that bears on a question: everything a citation says, its age included.

    `score` is absolute (0 to 1), so passages of different questions compare.
    """

    chunk: Chunk
    score: float
    found: How
    age_days: int

    @property
    def document(self) -> str:
        return self.chunk.document

    @property
    def title(self) -> str:
        return self.chunk.cover.title

    @property
    def section(self) -> str:
        return self.chunk.section

    @property
    def text(self) -> str:
        return self.chunk.text

    @property
    def link(self) -> str:
        return self.chunk.cover.link

    @property
    def kind(self) -> Kind:
        return self.chunk.cover.kind

    @property
    def services(self) -> tuple[str, ...]:
        return self.chunk.cover.services

    @property
    def stale(self) -> bool:
        return self.age_days > STALE_DAYS

    @property
    def cited(self) -> telemetry.Passage:
        """As tools hand it on and conclusions cite it."""
        return telemetry.Passage(
            document=self.document,
            title=self.title,
            section=self.section,
            text=self.text,
            link=self.link,
            kind=self.kind,
            services=self.services,
            age_days=self.age_days,
            score=self.score,
        )
