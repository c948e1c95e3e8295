"""Where a link may lead: to AWS's console and to hosts that the operator names, and nowhere else.

Asked where posts leave for Slack, whatever card made the link: an address may have come from a document
that anybody can write.
"""

import re
from collections.abc import Iterable
from typing import cast
from urllib.parse import urlsplit

from pydantic import JsonValue

from workers.domain.post import Block

OURS = ("console.aws.amazon.com", "*.console.aws.amazon.com")
"""Hosts of the links that tools make."""
# Mentions and dates are `<@U…>` and `<!date^…>`; whatever else stands between these is a link.
_LINK = re.compile(r"<(?![@!#])([^<>|]*)(?:\|([^<>]*))?>")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def allowed(url: str, hosts: Iterable[str]) -> bool:
    """Whether `url` is https to one of `hosts`; `*.example.com` is every host below that one."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.netloc == parts.hostname
    except ValueError:
        return False
    host = parts.netloc
    # Letters of other scripts look like these, and a slash turned round is one to a browser.
    if not plain or "\\" in url or not _HOST.fullmatch(host):
        return False
    return any(host == one or (one[:2] == "*." and host.endswith(one[1:])) for one in hosts)


def only_to(hosts: Iterable[str], blocks: Iterable[Block]) -> list[Block]:
    """The blocks with every link that leads elsewhere as the plain text that it had."""
    known = (*OURS, *hosts)
    return [cast(Block, _kept(block, known)) for block in blocks]


def _kept(value: JsonValue, hosts: tuple[str, ...]) -> JsonValue:
    if isinstance(value, dict):
        marked = value.get("type") == "mrkdwn"
        return {
            key: _text(item, hosts)
            if marked and key == "text" and isinstance(item, str)
            else _kept(item, hosts)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_kept(item, hosts) for item in value]
    return value


def _text(text: str, hosts: tuple[str, ...]) -> str:
    def link(found: re.Match[str]) -> str:
        url, label = found[1].replace("&amp;", "&"), found[2] or found[1]
        return found[0] if allowed(url, hosts) else label

    return _LINK.sub(link, text)
