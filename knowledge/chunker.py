"""Documents to chunks along Markdown's own structure: sections stay together, headings are carried along."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.document import Chunk, Document

WORDS = 180
# Tables and code are kept whole up to here; a longer one is cut between rows or lines and its head repeated.
WHOLE = 600
HEADING_CHARS = 120

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"[*`]")


class _Block(NamedTuple):
    kind: str
    text: str
    items: tuple[str, ...] = ()
    level: int = 0  # of a heading


def chunks(document: Document) -> tuple[Chunk, ...]:
    """The pieces of `document` in its order, none empty, each of at most about `WORDS` words.

    Symptoms named in the frontmatter become the first piece. HTML comments are left out: who reads
    the page does not see them.
    """
    pieces: list[tuple[tuple[str, ...], str]] = []
    if document.symptoms:
        pieces.append((("Symptoms",), "\n".join(f"- {symptom}" for symptom in document.symptoms)))
    for path, blocks in _sections(document.text):
        under = path[1:] if path[:1] == (document.title,) else path
        pieces += [(under, text) for text in _pack(blocks)]
    cover = document.cover
    return tuple(
        Chunk(cover=cover, path=path, position=position, text=text)
        for position, (path, text) in enumerate(pieces)
    )


def weight(text: str) -> int:
    """Words, where ten characters without a space count as one: not every script puts spaces."""
    return max(len(text.split()), len(text) // 10)


def _sections(text: str) -> Iterator[tuple[tuple[str, ...], list[_Block]]]:
    path: dict[int, str] = {}
    blocks: list[_Block] = []
    for block in _blocks(text):
        if not block.level:
            blocks.append(block)
            continue
        if blocks:
            yield tuple(path.values()), blocks
        above = {level: title for level, title in path.items() if level < block.level}
        path, blocks = above | {block.level: block.text}, []
    if blocks:
        yield tuple(path.values()), blocks


def _blocks(text: str) -> Iterator[_Block]:
    """Top-level blocks with their own source text: citations quote what the author wrote."""
    parser = MarkdownIt("commonmark").enable("table")
    # Blocks only: inline markup is quoted as it stands and costs most of the time.
    parser.core.ruler.enableOnly(["normalize", "block"])
    lines = text.split("\n")
    tokens = parser.parse(text)
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.type == "hr":
            continue
        if token.type == "heading_open":
            title = _MARKUP.sub("", _LINK.sub(r"\1", tokens[index + 1].content)).strip()[:HEADING_CHARS]
            yield _Block("heading", title or "…", level=int(token.tag[1]))
            continue
        written = "\n".join(lines[slice(*token.map)]).strip("\n")
        if token.type not in ("fence", "code_block"):
            written = _COMMENT.sub("", written)
        if written.strip():
            yield _Block(token.type, written.rstrip(), _items(tokens, index, lines))


def _items(tokens: Sequence[Token], index: int, lines: Sequence[str]) -> tuple[str, ...]:
    """The items of the list that opens at `index`, each with its bullet."""
    if tokens[index].type not in ("bullet_list_open", "ordered_list_open"):
        return ()
    starts: list[int] = []
    for token in tokens[index + 1 :]:
        if token.level == 0:
            break
        if token.type == "list_item_open" and token.level == 1 and token.map:
            starts.append(token.map[0])
    end = tokens[index].map or [0, len(lines)]
    return tuple(_COMMENT.sub("", "\n".join(lines[a:b]).rstrip()) for a, b in pairwise([*starts, end[1]]))


def _pack(blocks: Sequence[_Block]) -> Iterator[str]:
    """Join neighbours while they fit."""
    pieces = (piece for block in blocks for piece in _cut(block))
    return _join(pieces, "\n\n")


def _cut(block: _Block) -> Iterator[str]:
    """The block's text in pieces that fit, cut where its kind allows it."""
    limit = WHOLE if block.kind in ("fence", "code_block", "table_open") else WORDS
    if weight(block.text) <= limit:
        yield block.text
    elif block.kind == "table_open":
        yield from _rows(block.text, head=2, foot=0)
    elif block.kind == "fence":
        yield from _rows(block.text, head=1, foot=1)
    elif block.items:
        yield from _join((part for item in block.items for part in _prose(item)), "\n")
    else:
        yield from _join(_prose(block.text), " ")


def _rows(text: str, *, head: int, foot: int) -> Iterator[str]:
    lines = text.split("\n")
    first, last = lines[:head], lines[len(lines) - foot :]
    rows = (part for line in lines[head : len(lines) - foot] for part in _short(line))
    for body in _join(rows, "\n"):
        yield "\n".join([*first, body, *last])


def _prose(text: str) -> Iterator[str]:
    if weight(text) <= WORDS:
        yield text
        return
    for sentence in _SENTENCE.split(text):
        yield from _short(sentence)


def _short(text: str) -> Iterator[str]:
    """A line that no rule can cut is cut between words, and a word without end between characters."""
    if weight(text) <= WORDS:
        yield text
        return
    words = (word[at : at + WORDS] for word in text.split() for at in range(0, len(word), WORDS))
    yield from _join(words, " ")


def _join(pieces: Iterator[str], separator: str) -> Iterator[str]:
    """Neighbouring pieces joined up to `WORDS`."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        if held and size + weight(piece) > WORDS:
            yield separator.join(held)
            held, size = [], 0
        if piece.strip():
            held.append(piece)
            size += weight(piece)
    if held:
        yield separator.join(held)
