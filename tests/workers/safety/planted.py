"""Secrets that are no secrets, in all the ways in which a log, a file or a message carries them.

All values are made when they are asked for, so that no scanner takes this file for a leak.
"""

import base64
import json
import random
import re
import string
import textwrap
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, unquote

Make = Callable[[random.Random], str]

LETTERS = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
DIGITS = string.digits
HEX = "0123456789abcdef"
BASE64 = LETTERS + "+/"
WORDS = ("correct", "horse", "battery", "staple", "Winter", "monkey", "dragon", "sunshine")
SEEN = 8
"""So many characters of a secret in a row are a leak."""


class Secret(NamedTuple):
    """What stands in a text, and the parts of it that nobody may read."""

    text: str
    parts: tuple[str, ...]


class Kind(NamedTuple):
    """What it is called where it stands, and how one is made."""

    key: str
    make: Callable[[random.Random], Secret]


def some(length: int, of: str = LETTERS) -> Make:
    return lambda chance: "".join(chance.choice(of) for _ in range(length))


def issued(*parts: str | Make) -> Kind:
    """A secret that is known by its looks alone: it stands under a name that says nothing."""
    return Kind("value", built(*parts))


def named(key: str, *parts: str | Make) -> Kind:
    return Kind(key, built(*parts))


def built(*parts: str | Make) -> Callable[[random.Random], Secret]:
    """Texts are for everybody, what is thrown is secret."""

    def make(chance: random.Random) -> Secret:
        thrown = [part if isinstance(part, str) else part(chance) for part in parts]
        own = (said for said, part in zip(thrown, parts, strict=True) if not isinstance(part, str))
        return Secret("".join(thrown), tuple(line for said in own for line in said.split("\n")))

    return make


def password(chance: random.Random) -> str:
    """As people choose them: words with a number and a mark, or letters at random."""
    if chance.random() < 0.5:
        return "".join(chance.sample(WORDS, 2)) + str(chance.randint(10, 9999)) + chance.choice("!#*_-.")
    return some(chance.randint(8, 24), LETTERS + "!#*_-.~^")(chance)


def body(lines: int) -> Make:
    return lambda chance: "\n".join(some(64, BASE64)(chance) for _ in range(lines))


def pem(kind: str, lines: int = 6) -> tuple[str | Make, ...]:
    return f"-----BEGIN {kind}PRIV" + "ATE KEY-----\n", body(lines), f"\n-----END {kind}PRIV" + "ATE KEY-----"


def encoded(make: Make) -> Make:
    return lambda chance: base64.b64encode(make(chance).encode()).decode()


OURS: dict[str, Kind] = {
    "AWS access key id": issued("AK", "IA", some(16, UPPER)),
    "AWS session key id": issued("AS", "IA", some(16, UPPER)),
    "AWS secret access key": named("AWS_SECRET_ACCESS_KEY", some(40, BASE64)),
    "AWS session token": named("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2Vj", some(300, BASE64), "=="),
    "GitHub token": issued("gh", "p_", some(36)),
    "GitHub fine-grained token": issued("github", "_pat_", some(22), "_", some(59)),
    "GitHub app token": issued("gh", "s_", some(36)),
    "GitLab token": issued("gl", "pat-", some(20)),
    "Slack bot token": issued("xo", "xb-", some(12, DIGITS), "-", some(13, DIGITS), "-", some(24)),
    "Slack app token": issued("xa", "pp-1-A0", some(9, UPPER), "-", some(13, DIGITS), "-", some(64, HEX)),
    "Slack webhook": issued(
        "https://hooks.slack.com/serv", "ices/T0", some(8, UPPER), "/B0", some(8, UPPER), "/", some(24)
    ),
    "Stripe key": issued("s", "k_live_", some(24)),
    "Google API key": issued("AI", "za", some(35)),
    "RSA key": issued(*pem("RSA ", 12)),
    "EC key": issued(*pem("EC ", 3)),
    "OpenSSH key": issued(*pem("OPENSSH ", 8)),
    "JSON web token": issued("ey", "JhbGciOiJIUzI1NiJ9.ey", "J", some(90), ".", some(43)),
    "basic": named("Authorization", "Basic ", encoded(lambda chance: f"app:{password(chance)}")),
    "bearer": named("Authorization", "Bearer ", some(40)),
    "URL with a password": named("DATABASE_URL", "postgres://app:", some(20), "@shop-db.internal:5432/shop"),
    "password": named("DB_PASSWORD", password),
    "API key": named("api_key", some(32, HEX)),
    "client secret": named("clientSecret", some(40, LETTERS + "_-~.")),
    "cookie": named("Cookie", "theme=dark; sessionid=", some(32)),
    "docker config": Kind("value", lambda chance: docker(chance)),
}


def docker(chance: random.Random) -> Secret:
    secret = encoded(lambda chance: f"robot:{password(chance)}")(chance)
    return Secret(json.dumps({"auths": {"registry.example.com": {"auth": secret}}}), (secret,))


# -- how they are carried


def _plain(key: str, text: str) -> str:
    return f"2026-03-04T12:00:00Z WARN [pool-3] retrying with {key}={text} after 4.1 s"


def _split(key: str, text: str) -> str:
    """Wrapped where the line was full, in the middle of the secret."""
    whole = f"{key}={text}"
    cut = len(key) + 1 + len(text) * 3 // 5
    return f"12:00:01 INFO started with\n{whole[:cut]}\n{whole[cut:]}\n12:00:02 INFO ready"


def _base64(key: str, text: str) -> str:
    return f"user-data is {base64.b64encode(f'{key}={text}'.encode()).decode()}"


def _manifest(key: str, text: str) -> str:
    told = base64.b64encode(text.encode()).decode()
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  {key}: {told}\ntype: Opaque\n"


def _dumped(key: str, text: str, times: int) -> str:
    for _ in range(times - 1):
        key, text = "message", json.dumps({key: text})
    return json.dumps({"level": "error", key: text, "port": 5432})


def _yaml(key: str, text: str) -> str:
    """A block where it has lines."""
    if "\n" in text:
        return f"shop:\n  {key}: |\n{textwrap.indent(text, '    ')}\n  port: 5432\n"
    return f"shop:\n  {key}: {text}\n  port: 5432\n"


def _camel(key: str) -> str:
    first, *rest = re.split(r"[_-]", key.lower())
    return first + "".join(word.capitalize() for word in rest)


CARRIERS: dict[str, Callable[[str, str], str]] = {
    "in a line": _plain,
    "begins a line": lambda k, v: f"{k}={v} was refused by the upstream",
    "ends a line": lambda k, v: f"12:00:01 ERROR refused: {k}={v}",
    "in JSON": lambda k, v: _dumped(k, v, 1),
    "in JSON in JSON": lambda k, v: _dumped(k, v, 2),
    "in JSON in JSON in JSON": lambda k, v: _dumped(k, v, 3),
    "in YAML": _yaml,
    "as name and value": lambda k, v: json.dumps([{"name": "PORT", "value": "1"}, {"name": k, "value": v}]),
    "in a query": lambda k, v: f"GET /v1/items?page=2&{k}={quote(v, safe='')}&size=10 HTTP/1.1 401",
    "in an escaped query": lambda k, v: f"redirect to /in?next={quote(f'/x?{k}={v}&a=1', safe='')} done",
    "in a header": lambda k, v: f"> Host: example.com\n> {k.replace('_', '-').title()}: {v}\n> Accept: */*",
    "exported": lambda k, v: f"+ export {k}='{v}' PORT=5432",
    "in quotes": lambda k, v: f'config {{ {k} = "{v}" port = 5432 }}',
    "over two lines": _split,
    "in base64": _base64,
    "in a Kubernetes secret": _manifest,
    "in colours": lambda k, v: f"\x1b[36m{k}\x1b[0m=\x1b[33m{v}\x1b[0m \x1b[2m4 ms\x1b[0m",
    "in a stack trace": lambda k, v: (
        f'Traceback (most recent call last):\n  File "/app/db.py", line 41, in dial\n    dial({k}="{v}")\n'
        f"ValueError: bad {k}: {v}\n"
    ),
    "in a template": lambda k, v: f"<time> ERROR worker <n> refused {k}={v} of <ip> <hex>",
    "in capitals": lambda k, v: f"12:00:01 WARN {k.upper()}: {v}",
    "in camel case": lambda k, v: f"12:00:01 WARN {{{_camel(k)}={v}, port=5432}}",
    "in a code block": lambda k, v: f"Use this:\n```\n{k}: {v}\n```\nand restart.",
    "in a Slack message": lambda k, v: f"<@U0ALICE> *try* `{k}={v}` &amp; see <https://example.com|this>",
    "in a Python mapping": lambda k, v: f"settings={ {k: v, 'port': 5432}!r}",
    "in XML": lambda k, v: f"<server><id>shop</id><{k}>{v}</{k}></server>",
}  # fmt: skip


def planted(name: str, kind: Kind, carrier: str) -> tuple[str, Secret]:
    """A text with a secret of this kind, the same each time."""
    secret = kind.make(random.Random(f"{name}/{carrier}"))
    return CARRIERS[carrier](kind.key, secret.text), secret


# -- what can still be read


def leaked(secret: Secret, said: str) -> bool:
    """Whether eight characters in a row of the secret can be read, however what is said is read."""
    readings = _readings(said)
    return any(
        part[i : i + SEEN] in reading
        for part in secret.parts
        if part
        for i in range(max(1, len(part) - SEEN + 1))
        for reading in readings
    )


def _readings(said: str) -> list[str]:
    """As it stands; without line breaks, colours and escapes; and what is base64 in it, decoded."""
    bare = re.sub(r"\x1b\[[\d;]*m|\s+", "", re.sub(r"\\+n", "", said))
    runs = {run for read in (said, unquote(said), bare) for run in _RUNS.findall(read)}
    decoded = (_decoded(run[skipped:]) for run in runs for skipped in range(4))
    return [said, bare, unquote(said), re.sub(r"\\+", "", said), *decoded]


_RUNS = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")


def _decoded(run: str) -> str:
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(run[: len(run) // 4 * 4]).decode("utf-8", "replace")
