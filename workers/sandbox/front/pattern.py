"""CloudWatch Logs filter patterns: terms, quoted terms, ?any-of, -without, and comparisons on JSON lines."""

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from workers.sandbox.front.refusal import CloudError

Matcher = Callable[[str], bool]

_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|%(.+?)%|(\S+))')
_CLAUSE = re.compile(r'\(?\s*(\$[\w.\[\]-]+)\s*(!=|>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*"|[^\s)&|]+)\s*\)?')
_ORDER = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}


def compiled(pattern: str) -> Matcher:
    """A test for messages; an empty pattern matches all."""
    pattern = pattern.strip()
    if not pattern:
        return lambda message: True
    if pattern.startswith("{"):
        return _json(pattern)
    if pattern.startswith("["):
        raise CloudError("InvalidParameterException", "Invalid filter pattern: space-delimited patterns.")
    return _terms(pattern)


def _terms(pattern: str) -> Matcher:
    needed, any_of, without, shapes = [], [], [], []
    for sign, quoted, shape, bare in _TERM.findall(pattern):
        if shape:
            shapes.append(re.compile(shape))
            continue
        term = quoted.replace('\\"', '"') if quoted else bare
        {"": needed, "?": any_of, "-": without}[sign].append(term)

    def matches(message: str) -> bool:
        return (
            all(term in message for term in needed)
            and (not any_of or any(term in message for term in any_of))
            and not any(term in message for term in without)
            and all(shape.search(message) for shape in shapes)
        )

    return matches


def _json(pattern: str) -> Matcher:
    inner = pattern.removeprefix("{").removesuffix("}").strip()
    # Both words bind clauses from the left; AWS wants brackets where they are mixed.
    groups = [[_clause(part) for part in either.split("&&")] for either in inner.split("||")]

    def matches(message: str) -> bool:
        if not message.startswith("{"):
            return False
        try:
            record = json.loads(message)
        except ValueError:
            return False
        return any(all(clause(record) for clause in clauses) for clauses in groups)

    return matches


def _clause(text: str) -> Callable[[Any], bool]:
    found = _CLAUSE.fullmatch(text.strip().strip("()").strip())
    if not found:
        raise CloudError("InvalidParameterException", f"Invalid filter pattern: {text.strip()}")
    path, sign, raw = found[1].removeprefix("$.").split("."), found[2], found[3]
    wanted = raw.strip('"')

    def holds(record: Any) -> bool:
        for key in path:
            if not isinstance(record, dict) or key not in record:
                return sign == "!="
            record = record[key]
        return _compare(record, sign, wanted)

    return holds


def _compare(value: Any, sign: str, wanted: str) -> bool:
    if sign in ("=", "!="):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            same = _number(wanted) == value
        else:
            text = (
                {True: "true", False: "false", None: "null"}.get(value, value)
                if not isinstance(value, str)
                else value
            )
            same = (
                re.fullmatch(".*".join(re.escape(part) for part in wanted.split("*")), str(text)) is not None
            )
        return same if sign == "=" else not same
    limit = _number(wanted)
    return isinstance(value, (int, float)) and limit is not None and _ORDER[sign](value, limit)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
