"""Whatever others have written, and however much of it: Slack takes every post, and it can be read.

The judge is the local Slack, which knows every limit of Block Kit and measures as Slack was seen to.
"""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st

from bot.sandbox.blocks import judge
from bot.sandbox.clock import Clock
from bot.sandbox.files import Files
from bot.sandbox.ids import Ids
from tests.workers.safety.planted import OURS, leaked, planted
from tests.workers.thread.saying import TOKENS, posts_of, sent, texts
from workers.domain.post import Post
from workers.thread.fit import (
    BLOCKS,
    TOTAL,
    Part,
    button,
    confirmation,
    context,
    fields,
    fit,
    header,
    preformatted,
    said_plainly,
    section,
    weight,
)

FILES = Files(Clock(), Ids(Clock()))
NAUGHTY = (
    "a",
    " ",
    "\n",
    "\t \r\n",
    "word ",
    "&",
    "<",
    ">",
    "&amp;",
    "&lt;!channel&gt;",
    "<!channel>",
    "<!here|here> ",
    "<!everyone>",
    "<!subteam^S0TEAM>",
    "<@U0BEN>",
    "<#C0GENERAL|general>",
    "<https://evil.example.com|Approve>",
    "https://evil.example.com/?q=1&r=2 ",
    "*bold* _italic_ ~struck~ `code` ",
    "```\n",
    "> quoted\n",
    ":white_check_mark: Approved ",
    "# Heading\n\n| a | b |\n|---|---|\n",
    "<script>alert(1)</script>",
    "{{7*7}} ${jndi:ldap://x} %s %n ",
    "'; DROP TABLE approvals; --",
    "\\\\\\",
    "\x00\x01\x1b[31m",
    "\u200b",
    "\u202etxet desrever\u202c",
    "\u2066\u2069\ufeff",
    "\u2800",
    "\u3164",
    "\U000e0041\U000e0042",
    "👩\u200d👩\u200d👧\u200d👦",
    "🏳\ufe0f\u200d🌈",
    "z\u0310\u0300\u0301\u0302a\u0317",
    "ﷺ",
    "田中さんにあげて下さい",
    "عربي ",
    "ß\u0131İ",
    "\ufffd\uffff",
    "‱" * 3,
)
SIZES = (0, 1, 74, 75, 76, 149, 150, 151, 400, 1900, 2899, 2900, 3001, 4001, 12_001, 50_000, 200_000)


def long(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


written = st.builds(
    long,
    st.one_of(st.sampled_from(NAUGHTY), st.text(min_size=1, max_size=30)),
    st.sampled_from(SIZES),
)


def visible(text: str) -> bool:
    """Whether there is a letter, digit or sign to be seen."""
    return any(unicodedata.category(c)[0] in "LNPS" for c in text)


def accepted(post: Post) -> None:
    judge.message(sent(post), None, FILES)
    assert len(post.blocks) <= 50
    assert len(post.text.encode()) <= 4000
    assert visible(post.text)
    assert any(visible(text) for text in texts(sent(post)))


@given(written)
@example("&" * 200_000)
@example("<" * 200_000)
@example("\U0001f525" * 200_000)
@example("")
@how(max_examples=40)
def test_slack_takes_every_post_whatever_is_in_it(text: str) -> None:
    for post in posts_of(text):
        accepted(post)


@pytest.mark.parametrize("piece", NAUGHTY)
def test_slack_takes_every_post_full_of_what_is_naughty(piece: str) -> None:
    for post in posts_of(long(piece, 500)):
        accepted(post)


@given(written)
@example("<!channel>")
@example("<!channel> <@U0EVE> <https://evil.example.com|x>")
@how(max_examples=40)
def test_no_data_makes_a_mention_or_a_link(text: str) -> None:
    ours = re.compile(
        r"<@[UW][A-Z0-9]+>|<!date\^\d+\^\{time\}\|[\d :-]+UTC>|<https://[xw]\.example\.com/[^<>|]*\|[^<>|]*>"
    )

    for post in posts_of(text):
        assert TOKENS.findall(post.text) == []
        for said in texts(sent(post), "mrkdwn"):
            assert not [token for token in TOKENS.findall(said) if not ours.fullmatch(token)], said


def test_addresses_inside_data_are_left_as_text() -> None:
    block = section("see https://evil.example.com and #general")

    assert block["text"] == {
        "type": "mrkdwn",
        "text": "see https://evil.example.com and #general",
        "verbatim": True,
    }
    assert fields([("a", "b")])["fields"] == [{"type": "mrkdwn", "text": "*a*\nb", "verbatim": True}]
    assert context("a")["elements"] == [{"type": "mrkdwn", "text": "a", "verbatim": True}]


BUILDERS = {
    "header": lambda text: header(text),
    "section": lambda text: section(text, "id"),
    "fields": lambda text: fields([(text, text)] * 12),
    "context": lambda text: context(*[text] * 12),
    "preformatted": lambda text: preformatted(text),
    "buttons": lambda text: {
        "type": "actions",
        "elements": [
            button(
                "a",
                text or "b",
                text,
                style="primary",
                confirm=confirmation(text or "t", text or "x", "Yes"),
                spoken=text,
            )
        ],
    },
}


@pytest.mark.parametrize("kind", BUILDERS)
@given(st.text(alphabet=st.sampled_from("a <&>\n*"), min_size=1, max_size=40), st.sampled_from(SIZES[1:]))
@how(max_examples=40)
def test_block_keeps_to_its_own_limits(kind: str, piece: str, size: int) -> None:
    block = BUILDERS[kind](long(piece, size))

    # The whole is `fit`'s business.
    assert judge._judge([block], "message", "/blocks", FILES).found == []


def part(length: int, rank: int, name: str = "x") -> Part:
    return Part(blocks=(section(name * length),), rank=rank)


def test_least_important_part_goes_first_and_the_order_stays() -> None:
    parts = [part(2500, 0, "a"), part(2500, 3, "b"), part(2500, 1, "c"), part(2500, 2, "d")]

    kept = fit(parts)

    assert [text[0] for text in texts(kept)] == ["a", "c", "d"]


def test_later_of_two_equals_goes_first() -> None:
    kept = fit([part(2500, 1, "a"), part(2500, 1, "b"), part(2500, 1, "c"), part(2500, 1, "d")])

    assert [text[0] for text in texts(kept)] == ["a", "b", "c"]


def test_what_must_be_said_is_never_dropped_for_what_may_be() -> None:
    kept = fit([part(2800, 0, "a"), part(2800, 9, "b"), part(2800, 0, "c"), part(2800, 0, "d")])

    assert [text[0] for text in texts(kept)] == ["a", "c", "d"]


def test_too_much_that_must_be_said_is_cut_from_the_end() -> None:
    kept = fit([part(2800, 0, name) for name in "abcdef"])

    assert [text[0] for text in texts(kept)] == ["a", "b", "c"]
    assert sum(map(weight, kept)) <= TOTAL


def test_there_are_never_more_blocks_than_slack_takes() -> None:
    assert len(fit([part(1, 0)] * 60)) == BLOCKS
    assert len(fit([part(1, 1)] * 60)) == BLOCKS


def test_what_fits_is_left_alone() -> None:
    parts = [part(100, n) for n in range(10)]

    assert fit(parts) == tuple(block for p in parts for block in p.blocks)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u2800\u3164", "\n\n"])
def test_what_shows_nothing_is_replaced_by_something(text: str) -> None:
    assert said_plainly(text) == "Runbook"
    assert texts(header(text)) == ["Runbook"]
    assert texts(preformatted(text)) == ["–"]


def test_header_that_begins_with_a_sign_keeps_its_words() -> None:
    assert texts(header("< 5 % of requests succeed " + "and so on " * 30))[0].startswith("< 5 % of requests")
    assert texts(header("R&D " + "and so on " * 30))[0].startswith("R&D and so on")


@pytest.mark.parametrize("carrier", ["in a line", "in JSON in JSON", "over two lines", "in base64"])
@pytest.mark.parametrize("kind", ["password", "GitHub token", "JSON web token"])
def test_no_secret_leaves_in_any_post(kind: str, carrier: str) -> None:
    text, secret = planted(kind, OURS[kind], carrier)

    for post in posts_of(text):
        assert not leaked(secret, post.text)
        assert not [shown for shown in texts(sent(post)) if leaked(secret, shown)]
