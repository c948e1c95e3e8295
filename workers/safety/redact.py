"""Secrets never reach a model, a message or a log: what looks like one is replaced where tools answer."""

import re
from collections.abc import Sequence
from typing import Any, cast

from workers.domain.call import ToolData

HIDDEN = "[hidden]"

# Each keeps what tells a reader which secret it was, and drops its value.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), HIDDEN),
    (re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}"), HIDDEN),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"), HIDDEN),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.S),
        HIDDEN,
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"(?i)([\"']?\b[\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|private[_-]?key)[\w-]*[\"']?"
            r"\s*[=:]\s*)(?:\"[^\"]+\"|'[^']+'|[^\s,;}&\"']+)"
        ),
        rf"\1{HIDDEN}",
    ),
)


def redacted(text: str) -> str:
    """The text without anything that looks like a secret."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def clean(data: ToolData) -> ToolData:
    """A tool's answer with every string in it redacted; numbers are left alone."""
    if data.kind == "series":
        return data
    return type(data).model_validate(_walk(data.model_dump()))


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        return {key: _walk(item) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        return [_walk(item) for item in items]
    return value
