"""BM25 over a fixed set of texts: the half of search that vectors are bad at."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_K1 = 1.2
_B = 0.75

_WHOLE = re.compile(r"[^\W_]+(?:[._:/@-]+[^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STOP = frozenset(
    "a an and any are as at be been but by can did do does for from had has have how i if in "  # noqa: SIM905
    "into is it its me my no not of on or our should so some than that the their them then there these they "
    "this to up was we were what when where which who why will with would you your".split()
)


class Keywords:
    """BM25 over `texts`, answers in their order. Building reads every text; asking costs microseconds."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        lengths = np.array([max(sum(count.values()), 1) for count in counts], np.float64)
        norms = _K1 * (1 - _B + _B * lengths / lengths.mean()) if len(counts) else lengths
        postings: dict[str, list[tuple[int, int]]] = {}
        for index, count in enumerate(counts):
            for term, often in count.items():
                postings.setdefault(term, []).append((index, often))
        self._size = len(counts)
        self._weights: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        for term, found in postings.items():
            rows = np.array([index for index, _ in found], np.int64)
            often = np.array([times for _, times in found], np.float64)
            saturated = often / (often + norms[rows])
            self._weights[term] = rows, self._idf(len(found)) * saturated

    def scores(self, query: str) -> NDArray[np.float64]:
        """For every text its share (0 to 1) of the best BM25 any text could reach for `query`.

        A word that stands nowhere counts against every text: it was asked for and is not there.
        """
        scores = np.zeros(self._size)
        best = 0.0
        for term in dict.fromkeys(terms(query)):
            rows, weights = self._weights.get(term, (None, None))
            best += self._idf(0 if rows is None else len(rows))
            if rows is not None and weights is not None:
                scores[rows] += weights
        return scores / best if best else scores

    def _idf(self, holders: int) -> float:
        return math.log(1 + (self._size - holders + 0.5) / (holders + 0.5))


def terms(text: str) -> list[str]:
    """Words for BM25: lower case, no stop words, plurals cut; an identifier counts whole and in its parts."""
    found: list[str] = []
    for match in _WHOLE.finditer(text):
        whole = match[0]
        parts = [piece for word in _PART.findall(whole) for piece in _CAMEL.split(word)]
        found += [_singular(part.casefold()) for part in parts]
        if len(parts) > 1:
            found.append(whole.casefold())
    return [term for term in found if term not in _STOP]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
