"""Where a link in a post may lead, however its address is written."""

from typing import Any

import pytest

from tests.workers.thread.conftest import Room
from workers.thread.fit import context, section
from workers.thread.links import OURS, allowed, only_to
from workers.thread.mrkdwn import link, moment, person
from workers.wiring import now

WIKI = "https://wiki.example.com/runbooks/checkout"
CONSOLE = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups"
HOSTS = ("wiki.example.com", "*.runbooks.example.com", *OURS)


@pytest.mark.parametrize(
    "url",
    [WIKI, CONSOLE, "https://console.aws.amazon.com/ecs", "https://eu.runbooks.example.com/a?b=c&d=e#f"],
)
def test_host_of_the_list_is_allowed(url: str) -> None:
    assert allowed(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://wiki.example.com/",
        "//wiki.example.com/",
        "///wiki.example.com/",
        "https:wiki.example.com",
        "https:/wiki.example.com/",
        "https://wiki.example.com@evil.example/",
        "https://wiki.example.com:pass@evil.example/",
        "https://evil.example\\@wiki.example.com/",
        "https://evil.example\\.wiki.example.com/",
        "https://wiki.example.com\\@evil.example/",
        "https://wiki.example.com:8443/",
        "https://wiki.example.com.evil.example/",
        "https://evilwiki.example.com/",
        "https://runbooks.example.com/",
        "https://evilrunbooks.example.com/",
        "https://evil.example/?https://wiki.example.com/",
        "https://evil.example#wiki.example.com",
        "https://wiki.example.com%2eevil.example/",
        "https://wıki.example.com/",
        "https://wiki.exаmple.com/",
        "https://wiki。example.com/",
        "https://xn--wki-1za.example.com/",
        "https://WIKI.example.com/",
        "https://wiki.example.com./",
        "https://[::1]/",
        "https://[wiki.example.com/",
        "https://127.0.0.1/",
        "https://",
        "javascript:alert(1)//https://wiki.example.com/",
        "data:text/html;base64,PHNjcmlwdD4=",
        "slack://open?team=T0",
        "mailto:eve@evil.example",
        "",
    ],
)
def test_host_that_is_not_on_the_list_or_only_looks_like_one_is_refused(url: str) -> None:
    assert not allowed(url, HOSTS)


def test_link_that_leads_elsewhere_is_the_text_that_it_had() -> None:
    evil = link("https://evil.example/?q=c2VjcmV0&a=b", "The runbook")
    kept = link(f"{WIKI}?a=b&c=d", "The runbook")
    assert evil.startswith("<https://evil")
    said = section(f"{evil} and {kept} {person('U0BEN')} {moment(now())} a &lt; b")

    (shown,) = only_to(HOSTS, [said])

    block: Any = shown
    text = block["text"]["text"]
    assert "evil" not in text
    assert text.startswith(f"The runbook and <{WIKI}?a=b&amp;c=d|The runbook> <@U0BEN> <!date^")
    assert text.endswith("a &lt; b")


def test_no_post_links_elsewhere(room: Room) -> None:
    elsewhere = link("https://evil.example/?q=1", "The runbook")
    first = (section(elsewhere), context(link(CONSOLE, "logs"), elsewhere))
    room.say("See the runbook.", blocks=first)
    room.deliver()
    room.say("Look there.", blocks=(context(elsewhere),))
    room.until(lambda: room.texts() == ["Look there."])

    calls = [row for row in room.calls() if row["method"] in ("chat.postMessage", "chat.update")]

    assert len(calls) == 2
    assert "evil.example" not in str(calls)
    assert "|logs>" in str(calls[0])
    assert {str(row["args"]["parse"]) for row in calls} == {"none"}
