"""Bytes of a Markdown file to a `Document`; every source that holds Markdown reads it through here."""

import hashlib
import re
from datetime import datetime

from knowledge.document import Document
from knowledge.frontmatter import split
from knowledge.visible import visible
from workers.domain.errors import BadDocument

MAX_BYTES = 2 * 1024 * 1024

_HEADING = re.compile(r"\s*#[ \t]+(.+?)[ \t]*#*(?:\n|$)")


def document(raw: bytes, *, id: str, source: str, updated_at: datetime) -> Document:  # noqa: A002
    """The document called `id` in `source`. Raises `BadDocument` with its name, the reason and the mend."""
    text = visible(_decode(id, raw))
    front, body = split(id, text)
    if not body.strip():
        raise BadDocument(id, "it has no text", "Write it or delete it.")
    return Document(
        id=id,
        source=source,
        title=front.title or _title(id, body),
        kind=front.kind,
        services=front.services,
        symptoms=front.symptoms,
        severity=front.severity,
        tags=front.tags,
        owner=front.owner,
        last_validated=front.last_validated,
        updated_at=updated_at,
        path=id,
        url=front.url,
        # With the id, so that a moved file is another document and no two share a hash.
        hash=hashlib.sha256(id.encode() + b"\0" + raw).hexdigest(),
        text=body,
    )


def _decode(name: str, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise BadDocument(name, f"it is larger than {MAX_BYTES // 2**20} MiB", "Split it into smaller pages.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadDocument(name, "it is UTF-16 text", "Save it as UTF-8.")
    if b"\x00" in raw:
        raise BadDocument(name, "it is not text (it holds NUL bytes)", "Keep only Markdown here.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(name, f"it is not UTF-8 text (byte {error.start})", "Save it as UTF-8.") from error


def _title(name: str, body: str) -> str:
    """The heading that opens the page, else its file's name in words."""
    heading = _HEADING.match(body)
    if heading:
        return re.sub(r"[*`]", "", heading[1])[:200]
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[-_\s]+", " ", stem).strip().capitalize() or name
