"""Names that machines gave: who asks for EMFILE or HikariPool wants the page that says it."""

import re
from collections.abc import Collection, Hashable, Iterable, Sequence

_TOKEN = re.compile(r"\w+(?:[.:@-]\w+)*")
_CODE = re.compile(r"`([^`\s]{3,120})`")
_WORD = re.compile(r"[a-z]+")
# EMFILE · HikariPool, OOMKilled · ORA-00060 · E1205, x509 · DB_POOL_SIZE · api.cardpay.example
_SHAPE = re.compile(
    r"[A-Z]{5,}|\w*[a-z][A-Z]\w*|\w*[A-Z]{2}[a-z]\w*|[A-Za-z]+(?:-\w+)*-\d{2,}|(?=\w{4})[A-Za-z]+\d\w*"
    r"|[^\W_]+(?:_[^\W_]+)+|[A-Za-z][\w-]+(?:[.:][\w-]{2,})+"
)


class Identifiers:
    """Which texts hold which identifiers. `documents[i]` is the document of `texts[i]`.

    An identifier that many documents hold (CPU, a cluster's name) tells nothing, and one that is
    also written as an ordinary word (UPDATE) is none.
    """

    def __init__(self, texts: Sequence[str], documents: Sequence[Hashable]) -> None:
        ordinary = {token for text in texts for token in _TOKEN.findall(text) if _WORD.fullmatch(token)}
        rows: dict[str, set[int]] = {}
        for row, text in enumerate(texts):
            for name in named(text) - ordinary:
                rows.setdefault(name, set()).add(row)
        most = max(3, len(set(documents)) // 20)
        self._rows = {
            name: held for name, held in rows.items() if len({documents[row] for row in held}) <= most
        }

    def holders(self, query: str) -> frozenset[int]:
        """The texts that hold an identifier of `query`, however it is capitalised there."""
        return frozenset(row for name in _spoken(query) for row in self._rows.get(name, ()))


def named(text: str) -> frozenset[str]:
    """The identifiers of a document's text in lower case: by their shape, or set as code by its author."""
    shaped = (token for token in _tokens(text) if _SHAPE.fullmatch(token))
    code = (span for span in _CODE.findall(text) if not _WORD.fullmatch(span))
    return frozenset(name.casefold() for name in (*shaped, *code))


def _spoken(query: str) -> Collection[str]:
    return {token.casefold() for token in _tokens(query)}


def _tokens(text: str) -> Iterable[str]:
    """Each token whole, and what stands before a colon in it (`shop-db:5432`, `checkout:42`)."""
    for token in _TOKEN.findall(text):
        yield token
        if ":" in token:
            yield from token.split(":")
