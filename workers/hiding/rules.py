"""What looks like a secret is hidden: where tools answer, where Slack is told, and where a log is written.

Rules of our own, because entropy cannot tell a secret from a hash or a request id. Each pattern runs in
linear time: what it reads was written by others.
"""

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workers.hiding.issued import ISSUED

HIDDEN = "[hidden]"

Span = tuple[int, int]


class Rule(NamedTuple):
    """A pattern with a name; what is hidden is its group `secret`, or all of it."""

    name: str
    words: tuple[str, ...]
    """In lower case; a text without any of them is not looked through."""
    pattern: re.Pattern[str]


def _rule(name: str, words: str, pattern: str) -> Rule:
    return Rule(name, tuple(words.split()), re.compile(pattern))


# -- what a field is called that holds a secret

_PASSWORD = r"pass(?:word|wd|phrase)[\w-]{0,40}|\bpwd"
# What is told about a secret is none: its name, its kind, how long it lives.
_ABOUT = r"(?![\w-]{0,20}(?:name|arn|type|count|length|expir\w*|ttl|url|uri|path|file|endpoint|version)\b)"
_KEY = (
    r"(?:secret(?!smanager)|token(?!s(?![A-Za-z])|iz)|credential(?!s?\s)"
    r"|(?:api|app(?:lication)?|private|access|account|auth|consumer|deploy|encryption|hmac|integration|jwt|license"
    r"|master|routing|shared|signing|webhook)[_-]?key(?!s?\s*id))"
    rf"{_ABOUT}\w{{0,40}}"
)
_HEADER = r"authorization|(?:set-)?cookie"
_WORDS = "pass pwd secret token credential key"

# What is hidden already is not hidden again, and a quote with its escape before it is none of the value.
_NEW = r"(?!\[hidden\]|\\{1,16}[\"'])"
# In quotes up to the same quote; else up to what ends a word, brackets inside it not counted.
_WORD = r"(?:[^\s,;&\"'<>)}\]]|[)}\]](?=\w))+"
_VALUE = rf"(?:\"(?P<double>{_NEW}[^\"\r\n]+)|'(?P<single>{_NEW}[^'\r\n]+)|(?P<secret>{_NEW}{_WORD}))"

# They are looked for in what is long enough, which is little.
_LONG = re.compile(r"[\w.~$%:+/=-]{14,}")
_ISSUED = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(pattern for _, pattern in ISSUED)})")

RULES: tuple[Rule, ...] = (
    _rule(
        "private key",
        "-----begin",
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"(?s:.*?)(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
    # What is sent along to say who asks.
    _rule(
        "scheme",
        "bearer basic token",
        r"(?i:\b(?:bearer|basic|token)(?:\s{1,3}|%20|\+))(?![Aa]uth)"
        r"(?=[^\s\"']{0,200}[A-Z0-9=+/])(?P<secret>[\w.~+/=-]{12,})",
    ),
    _rule(
        "authorization",
        "authorization",
        r"(?i:\bauthorization)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:[A-Za-z][\w-]{0,30}(?:\s{1,3}|%20|\+))?"
        r"(?:[a-z]{1,20}=)?[\"']?(?=[^\s\"']{0,200}[0-9=+/])"
        r"(?P<secret>(?!\S{0,60}\[hidden\])[^\s\"'<>,;]{8,})",
    ),
    _rule(
        "cookie",
        "cookie",
        rf"(?i)\b(?:set-)?cookie[\"']?\s{{0,3}}[:=]\s{{0,3}}"
        rf"(?:\"(?P<quoted>[^\"\r\n]+)|(?P<secret>{_NEW}[^\s\"][^\r\n]*))",
    ),
    _rule(
        "URL",
        "://",
        r"\b[A-Za-z][\w+.-]{0,30}://"
        rf"(?:(?P<user>[\w-]{{20,}}(?::[^\s/@\"']{{0,200}})?)|[^\s:/@\"']{{0,200}}:(?P<secret>{_NEW}[^\s/\"']+))@",
    ),
    _rule(".pgpass", ":", r":(?:\d{4,5}|\*):(?:[A-Za-z*][\w*-]{0,62}:){2}(?P<secret>[^\s:\"'<>&]{6,})"),
    # What is called a secret.
    _rule(
        "named",
        _WORDS,
        # An ARN names a secret and does not tell it; `auth-token:42` is a revision.
        r"(?i)\barn:aws[\w-]*:[^\s\"'=&]+(?P<none>)"
        rf"|(?:(?:{_PASSWORD})[\"']?\s{{0,3}}(?:=>|[=:])\s{{0,3}}"
        rf"|(?:{_KEY})(?:[\"']?\s{{0,3}}=>?\s{{0,3}}|[\"']\s{{0,3}}:\s{{0,3}}"
        # After a bare colon words are prose: "unexpected token: end of input", "token: see example.com/apps".
        rf"|\s{{0,3}}:(?!\d{{1,5}}(?![\w.-]))\s{{0,3}}(?=[^\s,;]{{0,99}}\d|[\"']|[^\s,;./]{{16}}))"
        rf"|(?<!\S)--[\w-]{{0,20}}(?:{_PASSWORD}|secret|token|api-?key)\s){_VALUE}",
    ),
    _rule(
        "name and value",
        "value",
        rf"(?i)\b(?:name|key)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?[\w.-]{{0,60}}?(?:{_PASSWORD}|{_KEY}|{_HEADER})[\"']?"
        rf"[\s,]{{1,40}}[\"']?\w{{0,20}}value[\"']?\s{{0,3}}[:=]\s{{0,3}}{_VALUE}",
    ),
    _rule(
        "element",
        "</",
        rf"(?i)<[\w:.-]{{0,60}}?(?:{_PASSWORD}|{_KEY}|{_HEADER})>(?P<secret>{_NEW}[^<>]{{1,4000}})</",
    ),
    _rule(
        "signature",
        "sig",
        rf"(?i)(?:signature|\bsig)[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?"
        rf"(?=\S{{0,200}}\d)(?P<secret>{_NEW}[^\s,;&\"'<>)}}\]]{{16,}})",
    ),
    _rule("registry", "auth", r"\"auth\"\s{0,3}:\s{0,3}\"(?P<secret>[A-Za-z0-9+/]{8,}={0,2})\""),
)
# A Secret of Kubernetes holds nothing else, whatever its fields are called.
_MANIFEST = re.compile(r"\bkind[\"']?:\s{0,3}[\"']?Secret\b")
_BASE64 = r"(?:[A-Za-z0-9+/]{4}){1,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
_FIELD = re.compile(
    rf"(?m)^[ \t]{{1,40}}[\w.-]{{1,253}}:[ \t]{{1,4}}(?P<secret>{_BASE64})[ \t]*$"
    rf"|\"[\w.-]{{1,253}}\"\s{{0,3}}:\s{{0,3}}\"(?P<quoted>{_BASE64})\""
)
_SECRETIVE = re.compile(rf"(?i)(?:{_PASSWORD}|{_KEY})$|^(?:{_HEADER})$")


def redacted(text: str) -> str:
    """The text without anything that looks like a secret; what says which secret it was stays."""
    # Half a character, as cut JSON leaves it, can be stored nowhere.
    text = text.encode("utf-8", "replace").decode()
    spans = [*_seen(text), *_unwrapped(text)]
    if not spans:
        return text
    parts, at = list[str](), 0
    for start, end in _merged(spans):
        parts += text[at:start], HIDDEN
        at = end
    return "".join(parts) + text[at:]


def secretive(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    return _SECRETIVE.search(name) is not None


def _seen(text: str) -> Iterator[Span]:
    yield from _found(text)
    yield from _encoded(text)


def _found(text: str) -> Iterator[Span]:
    for long in _LONG.finditer(text):
        yield from ((long.start() + a, long.start() + b) for a, b in _matches(_ISSUED, long[0]))
    low = text.lower()
    for rule in RULES:
        if any(word in low for word in rule.words):
            yield from _matches(rule.pattern, text)
    if "secret" in low and _MANIFEST.search(text):
        yield from _matches(_FIELD, text)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        group = match.lastgroup
        if group != "none":
            yield match.span(group or 0)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    start, end = -1, -1
    for begins, ends in sorted(spans):
        if begins <= end:
            end = max(end, ends)
            continue
        if start >= 0:
            yield start, end
        start, end = begins, ends
    yield start, end


# -- what is written so that it can stand inside something else

_ODD = r"[\w+/=.~!*#^-]"
# The rest of a secret that was wrapped: one line that is no word.
_REST = (
    rf"[ \t]{{0,8}}(?={_ODD}{{4,}}(?:[\"',;)]{{0,2}}[ \t\r]{{0,8}}(?:\\|\n|\Z)|[@,;&](?!\s)))"
    r"(?=[^\d\n]{0,200}\d|[^a-z\n]{0,200}[a-z][^A-Z\n]{0,200}[A-Z])"
)
# Each begins with a character of its own, which is what makes the search quick.
_WRAPPING = re.compile(
    r"\x1b\[[\d;]{0,20}[A-Za-z]"
    r"|\u200b|\u200c|\u200d|\u2060|\ufeff|\u00ad|\x00"
    rf"|\n{_REST}|\r\n{_REST}|\\\r?\n{_REST}|\\\\{{0,15}}n{_REST}"
    r"|\\\\{0,15}(?P<line>n)"
    r"|\\\\{0,15}u00(?P<point>[2-7][0-9a-fA-F])"
    r"|\\\\{0,15}(?P<quoted>[\"'/])"
    r"|%(?:25){0,3}(?P<percent>0[AaDd]|[2-7][0-9A-Fa-f])"
    r"|&(?P<entity>quot|#34|#39|amp|lt|gt);"
)
_ENTITIES = {"quot": '"', "#34": '"', "#39": "'", "amp": "&", "lt": "<", "gt": ">"}


def _unwrapped(text: str) -> Iterator[Span]:
    """What is found without escapes, colours and line breaks, where it stands in the text as it is."""
    plain, raw, parts, at, length = [0], [0], list[str](), 0, 0
    for match in _WRAPPING.finditer(text):
        for part, end in ((text[at : match.start()], match.start()), (_meant(match), match.end())):
            parts.append(part)
            length, at = length + len(part), end
            plain.append(length)
            raw.append(end)
    if not parts:
        return
    plain.append(length + len(text) - at)
    raw.append(len(text))
    for start, end in _seen("".join(parts) + text[at:]):
        first, last = bisect_right(plain, start) - 1, bisect_left(plain, end) - 1
        ends = raw[last + 1] if end == plain[last + 1] else raw[last] + end - plain[last]
        yield raw[first] + start - plain[first], ends


def _meant(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "line":
            return "\n"
        case "point" | "percent":
            return chr(int(match[match.lastgroup], 16))
        case "quoted":
            return match["quoted"]
        case "entity":
            return _ENTITIES[match["entity"]]
        case _:
            return ""


_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def _encoded(text: str) -> Iterator[Span]:
    """What is base64 of something with a secret in it."""
    for match in _RUN.finditer(text):
        run = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        run = run[:-1] if len(run) % 4 == 1 else run
        said = base64.b64decode(run + "=" * (-len(run) % 4))
        if said.isascii() and any(_found(said.decode())):
            yield match.span()
