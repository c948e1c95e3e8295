"""What a diff changes, net of what it only moves: settings with their values, words, lines that went or came.

The text is what others wrote. It is cut to size, split into words and compared, and never anything else.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

LONGEST, WIDEST = 40_000, 400
"""Characters of a diff, and of one of its lines, that are read."""

_KEY = r"[\"'`]?(?P<key>[A-Za-z_][\w.-]*)[\"'`]?"
_NUMBER = r"[-+]?\d[\d_]*(?:\.\d+)?"
_SCALED = rf"{_NUMBER}(?:\s*\*\s*[\w.]+)+|{_NUMBER}\s*<<\s*\d+|{_NUMBER}\s*[A-Za-z%]*"
_VALUE = rf"(?P<value>\"[^\"]*\"|'[^']*'|{_SCALED}|[A-Za-z/][\w./:@-]*(?![\w(\[{{<./:@-]))"
_SETTING = re.compile(rf"{_KEY}\s*(?::=|=>|=(?!=)|:(?!:)|==(?=\d))\s*{_VALUE}")
_NAMED = re.compile(rf"(?P<key>[A-Za-z_]\w*)\((?:[^()]*,)?\s*(?P<value>{_SCALED}|true|false)\s*\)")
_MODULE = re.compile(r"(?P<key>[\w.@-]+(?:/[\w.@-]+)+)\s+(?P<value>v\d+\.\d+[\w.+-]*)")
_PINNED = re.compile(
    r"[\"']?(?P<key>[A-Za-z][\w.@/-]+)[\"']?\s*(?:==|:\s*[\"'][\^~]?|=\s*[\"'][\^~]?)(?P<value>\d+\.\d+\.\d[\w.+-]*)"
)
_LITERAL = re.compile(r"\"([^\"\n]{1,80})\"|'([^'\n]{1,80})'")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_QUANTITY = re.compile(r"\d[\d.]*(?:[A-Za-z%]{1,3}\b)?")
_NAMES = re.compile(r"[A-Za-z_]{2,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What only watches: it is seen in telemetry and breaks nothing. How much is logged is another matter.
_WATCHES = re.compile(
    r"(?i)\b(?:log|logger|slog|logging|console|zap|glog|logrus|sentry)\.(?!set)\w+\(|\bf?print(?:f|ln)?\(|"
    r"\b\w*(?:gauge|counter|histogram)\w*\s*(?:\(|:?=|\.)|\.(?:withlabelvalues|setattributes?|with_?labels)\("
)
_DEFINES = re.compile(r"\s*(?:export |async |public |private |static )*(?:func|def|function|fn|sub|class)\b")
_COMMENT = re.compile(r"^\s*(?://|#(?!\[)|/\*|\*|--\s|;|<!--)")

_SECONDS = {
    **dict.fromkeys(("nanosecond", "ns"), 1e-9),
    **dict.fromkeys(("microsecond", "us"), 1e-6),
    **dict.fromkeys(("millisecond", "ms", "millis"), 1e-3),
    **dict.fromkeys(("second", "s", "sec"), 1.0),
    **dict.fromkeys(("minute", "m", "min"), 60.0),
    **dict.fromkeys(("hour", "h"), 3600.0),
    **dict.fromkeys(("day", "d"), 86400.0),
}
_BYTES = {
    **dict.fromkeys(("k", "kb", "ki", "kib"), 1024.0),
    **dict.fromkeys(("mb", "mi", "mib"), 1024.0**2),
    **dict.fromkeys(("g", "gb", "gi", "gib"), 1024.0**3),
}
_MEASURED = re.compile(rf"({_NUMBER})\s*(?:\*\s*)?([\w.%]*)$")

_SWITCH = frozenset(("true", "false", "True", "False", "on", "off", "yes", "no"))

Way = Literal["up", "down", "changed", "added", "removed"]


@dataclass(frozen=True)
class Setting:
    """A named value before and after, as written; empty where there was none. `kind` is what it measures."""

    key: str
    before: str
    after: str

    @property
    def way(self) -> Way:
        if not self.before or not self.after:
            return "removed" if self.before else "added"
        was, now = amount(self.before), amount(self.after)
        if was is None or now is None or was[1] != now[1]:
            return "changed"
        return "up" if now[0] > was[0] else "down"

    @property
    def moved(self) -> float:
        """How far it moved, from 0 to 1: a quantity by its ratio (half or twice is 1), all else wholly."""
        was, now = amount(self.before), amount(self.after)
        if was is None or now is None or was[1] != now[1]:
            return 1.0
        low, high = sorted((abs(was[0]), abs(now[0])))
        return 1.0 if low == 0 or was[0] * now[0] < 0 else min(1.0, math.log2(high / low))

    @property
    def risk(self) -> float:
        """How risky it is: wholly for a written value, less for a name, half for one side only."""
        plain = all(not value or amount(value) or value in _SWITCH for value in (self.before, self.after))
        return self.moved * (1.0 if plain else 0.7) * (1.0 if self.before and self.after else 0.5)

    @property
    def kind(self) -> str:
        known = amount(self.after or self.before)
        return known[1] if known else "text"

    def __str__(self) -> str:
        return f"{self.key} {self.before or '(none)'} → {self.after or '(none)'}"


@dataclass(frozen=True)
class Diff:
    """`gone` and `new` are texts and values of one side only; `words` are those of all that changed.

    `shifted` are the words that one side has more often than the other; `taken_out` where all that went away
    stands in a function which is new.
    """

    settings: tuple[Setting, ...] = ()
    bumps: tuple[Setting, ...] = ()
    gone: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    shifted: frozenset[str] = frozenset()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    taken_out: bool = False


@lru_cache(maxsize=512)
def read(diff: str, *, written: bool = False) -> Diff:
    """What a diff changes. Lines that are only moved, comments, and what only watches change nothing.

    `written` where values need no quotes to be meant as they stand, as in configuration.
    """
    removed, added = _lines(diff, "-"), _lines(diff, "+")
    was, now = Counter(map(_plain, removed)), Counter(map(_plain, added))
    gone_lines = tuple(line for line in removed if was[_plain(line)] > now[_plain(line)])
    new_lines = tuple(line for line in added if now[_plain(line)] > was[_plain(line)])
    names_before, names_after = words(gone_lines), words(new_lines)
    bumps = tuple(_altered(_versions(gone_lines), _versions(new_lines)))
    named = _altered(_settings(gone_lines), _settings(new_lines))
    altered = () if bumps else (*named, *_edited(gone_lines, new_lines))
    settings = tuple(one for one in dict.fromkeys(altered) if not _kept(one, gone_lines, new_lines))
    texts = [s for s in settings if s.kind == "text" and written]
    before = literals(gone_lines) | {s.before for s in texts if s.before}
    after = literals(new_lines) | {s.after for s in texts if s.after}
    often = _often(gone_lines), _often(new_lines)
    keys = words(s.key for s in settings if s.way != "removed" or s.kind != "text")
    return Diff(
        settings=settings,
        bumps=bumps,
        gone=before - after,
        new=after - before,
        words=(names_before ^ names_after) | keys,
        shifted=frozenset((often[0] - often[1]) + (often[1] - often[0])) | keys,
        removed=gone_lines,
        added=new_lines,
        taken_out=not any(s.before and s.after for s in settings) and _taken_out(gone_lines, new_lines),
    )


def words(texts: Iterable[str]) -> frozenset[str]:
    """The words of names in any style, small and in the singular: `maxConns` and `max_conns` are the same."""
    found = (word.lower() for text in texts for word in _WORD.findall(text))
    return frozenset(singular(word) for word in found if len(word) > 1 and not word.isdigit())


def _taken_out(removed: tuple[str, ...], added: tuple[str, ...]) -> bool:
    defined = any(_DEFINES.match(line) for line in added)
    return bool(removed) and defined and words(removed) <= words(added)


def _often(lines: Iterable[str]) -> Counter[str]:
    """How often each word stands there."""
    return Counter(singular(word.lower()) for line in lines for word in _WORD.findall(line))


def singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def literals(lines: Iterable[str]) -> frozenset[str]:
    """What stands in quotes."""
    return frozenset(a or b for line in lines for a, b in _LITERAL.findall(line))


def names(lines: Iterable[str]) -> frozenset[str]:
    """The identifiers, whole."""
    return frozenset(name for line in lines for name in _NAME.findall(line))


def amount(value: str) -> tuple[float, str] | None:
    """A written quantity with what it measures (`seconds`, `bytes`, `number`); `None` for other values."""
    shifted = re.fullmatch(r"(\d+)\s*<<\s*(\d{1,2})", value.strip())
    if shifted is not None:
        return float(int(shifted[1]) << int(shifted[2])), "number"
    *factors, last = value.strip().strip("\"'").replace("_", "").split("*")
    plain = [part for part in factors if re.fullmatch(rf"\s*{_NUMBER}\s*", part)]
    found = _MEASURED.match(last.strip()) or (_MEASURED.match(f"1{last.strip()}") if factors else None)
    if found is None or len(plain) < len(factors):
        return None
    number = math.prod(float(part) for part in plain) * float(found[1])
    unit = found[2].rpartition(".")[2].lower()
    if not unit or unit == "%":
        return number, "number"
    plural = unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit
    if plural in _SECONDS or unit in _SECONDS:
        return number * _SECONDS.get(plural, _SECONDS.get(unit, 1.0)), "seconds"
    return (number * _BYTES[unit], "bytes") if unit in _BYTES else None


def _lines(diff: str, sign: str) -> list[str]:
    lines = diff[:LONGEST].splitlines()
    found = (line[1 : WIDEST + 1] for line in lines if line.startswith(sign) and line[:3] != sign * 3)
    return [line for line in found if line.strip() and not _COMMENT.match(line) and not _WATCHES.search(line)]


def _edited(removed: Iterable[str], added: Iterable[str]) -> Iterable[Setting]:
    """Numbers that differ in lines which are the same but for them, by the name before each."""
    shapes = {_QUANTITY.sub("#", _plain(line)): line for line in added}
    for line in removed:
        other = shapes.get(_QUANTITY.sub("#", _plain(line)), "")
        for old, new in zip(_QUANTITY.finditer(line), _QUANTITY.finditer(other), strict=False):
            names = _NAMES.findall(line[: old.start()])
            if old[0] != new[0] and names:
                yield Setting(names[-1], old[0], new[0])


def _kept(one: Setting, removed: Iterable[str], added: Iterable[str]) -> bool:
    """Whether a value that only one side gives this name stands on the other side, too."""
    if one.before and one.after:
        return False
    value = re.escape(one.before or one.after)
    return any(re.search(rf"(?<![\w.]){value}(?!\w)", line) for line in (removed if one.after else added))


def _plain(line: str) -> str:
    return re.sub(r"\s+", "", line).rstrip(",;")


def _settings(lines: Iterable[str]) -> dict[str, list[str]]:
    return _pairs(lines, (_SETTING, _NAMED))


def _versions(lines: Iterable[str]) -> dict[str, list[str]]:
    return _pairs(lines, (_MODULE, _PINNED))


def _pairs(lines: Iterable[str], patterns: tuple[re.Pattern[str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        for pattern in patterns:
            for match in pattern.finditer(line):
                key = match["key"].rpartition(".")[2] or match["key"]
                found.setdefault(key, []).append(match["value"].strip().strip("\"'"))
    return found


def _altered(before: dict[str, list[str]], after: dict[str, list[str]]) -> Iterable[Setting]:
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key, []), after.get(key, [])
        for old, new in zip(was, now, strict=False):
            if re.sub(r"\s", "", old) != re.sub(r"\s", "", new):
                yield Setting(key, old, new)
        shared = min(len(was), len(now))
        yield from (Setting(key, old, "") for old in was[shared:])
        yield from (Setting(key, "", new) for new in now[shared:])
