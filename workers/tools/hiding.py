"""What looks like a secret is hidden where tools answer: before it is cut, masked, shown or thought about.

Rules of our own, because entropy cannot tell a secret from a hash or a request id. Each pattern runs in
linear time: what it reads was written by others.
"""

import re

HIDDEN = "[hidden]"

# Tokens that their issuers made to be recognised by how they begin.
_ISSUED = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bxox[a-z](?:\.xox[a-z])?-[\w-]{8,}|\bxapp-[\w-]{8,}|hooks\.slack\.com/(?:services|workflows)/[\w/-]+"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bgl(?:pat|rt|dt|ptt|soat|cbt)-[\w-]{16,}"
    r"|\bsk-[\w-]{16,}|\b[prs]k_(?:live|test)_\w{16,}|\bwhsec_\w{16,}"
    r"|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,}"
    r"|\bnpm_\w{30,}|\bpypi-[\w-]{30,}|\bhf_\w{30,}|\bdop_v1_\w{40,}|\bshp(?:at|ca|pa|ss)_\w{30,}"
    r"|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bhv[sb]\.[\w-]{20,}|\bgl(?:sa|c)_[\w=]{20,}|\bNRAK-\w{20,}"
    r"|\bdapi[0-9a-f]{32}\b|\bSK[0-9a-f]{32}\b|\b\d{8,10}:AA[\w-]{30,}|\bATATT3[\w=-]{20,}"
    r"|\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?s:.*?)(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_HEADERS = re.compile(
    r"(?i:\b(bearer|basic|token)\s+)(?![Aa]uth)(?=[^\s\"']{0,200}[A-Z0-9=+/])[\w.~+/=-]{12,}"
    r"|(?i:\b((?:set-)?cookie\\?[\"']?\s{0,3}[:=]\s{0,3}))[^\r\n]+"
)
_USERINFO = re.compile(r"(\b[A-Za-z][\w+.-]{0,30}://)(?:([^\s:/@\"']{0,200}):[^\s/\"']+|[\w-]{20,})@")

_PASSWORD = r"pass(?:word|wd|phrase)[\w-]{0,40}|\bpwd"
_KEY = (
    r"(?:secret(?!smanager)|token(?!s\b|iz)|credential(?!s?\s)|signature"
    r"|(?:api|private|access|account|shared|signing|encryption|auth)[_-]?key(?!s?\s*id))\w{0,40}|\bsig"
)
_QUOTE = r"\\{0,3}[\"']"
_VALUE = rf"(?:{_QUOTE}(?:[^\"'\\]|\\(?![\"']))+(?:{_QUOTE})?|[^\s,;&\"'<>)}}\]]+)"
_NAMED = re.compile(
    # An ARN names a secret and does not tell it; `auth-token:42` is a revision.
    r"(?i)(?P<arn>\barn:aws[\w-]*:[^\s\"'=&]+)"
    rf"|(?P<name>(?:{_PASSWORD})(?:{_QUOTE})?\s{{0,3}}(?:=>|[=:])\s{{0,3}}"
    rf"|(?:{_KEY})(?:(?:{_QUOTE})?\s{{0,3}}=>?\s{{0,3}}|{_QUOTE}\s{{0,3}}:\s{{0,3}}"
    # After a bare colon words are prose: "unexpected token: end of input".
    rf"|\s{{0,3}}:(?!\d{{1,5}}(?![\w.-]))\s{{0,3}}(?=[^\s,;]{{0,99}}\d|[\"']|[^\s,;]{{16}}))"
    rf"|(?<!\S)--[\w-]{{0,20}}(?:{_PASSWORD}|secret|token|api-?key)\s){_VALUE}"
)
_SECRETIVE = re.compile(rf"(?i)(?:{_PASSWORD}|{_KEY})$")


def redacted(text: str) -> str:
    """The text without anything that looks like a secret; what says which secret it was stays."""
    # Half a character, as cut JSON leaves it, can be stored nowhere.
    text = _ISSUED.sub(HIDDEN, text.encode("utf-8", "replace").decode())
    text = _HEADERS.sub(lambda m: f"{m[1]} {HIDDEN}" if m[1] else f"{m[2]}{HIDDEN}", text)
    text = _USERINFO.sub(lambda m: f"{m[1]}{m[2] or ''}:{HIDDEN}@", text)
    return _NAMED.sub(lambda m: m["arn"] or f"{m['name']}{HIDDEN}", text)


def secretive(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    return _SECRETIVE.search(name) is not None
