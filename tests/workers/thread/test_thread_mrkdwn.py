"""Slack's mrkdwn: data is shown as it is, and mentions, links and times of ours stay whole."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.safety.planted import CARRIERS, OURS, leaked, planted
from workers.thread.mrkdwn import clamp, code, escape, link, moment, person, plain, said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;"),
        ("<@U0BEN|Ben>", "&lt;@U0BEN|Ben&gt;"),
        ("<\u200b!here>", "&lt;!here&gt;"),
        ("\u202eevil", "evil"),
        ("checkout\U000e0041:42", "checkout:42"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("äöü 田中 🔥", "äöü 田中 🔥"),
        ("line\nline\tend", "line\nline\tend"),
    ],
)
def test_data_is_escaped_once_and_nothing_invisible_is_kept(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold*", "\u200b*bold\u200b*"),
        ("_a_ and ~b~", "\u200b_a\u200b_ and \u200b~b\u200b~"),
        ("pool_size=4 and a*b", "pool_size=4 and a*b"),
        ("`rm -rf`", "ˋrm -rfˋ"),
        ("```\nblock", "ˋˋˋ\nblock"),
    ],
)
def test_data_in_a_sentence_formats_nothing(text: str, shown: str) -> None:
    assert said(text) == shown


def test_code_cannot_be_left_from_inside() -> None:
    assert code("a` <!here> `b") == "`aˋ &lt;!here&gt; ˋb`"


@pytest.mark.parametrize(
    "url",
    [
        "http://plain.example.com",
        "//evil.example.com",
        "javascript:alert(1)",
        "https://x.example.com/|Approve",
        "https://x.example.com/>",
        "https://x.example.com/a b",
        "https://x.example.com/a\tb",
        "https://x.example.com/a\rb",
        "https://x.example.com/" + "a" * 1000,
        "",
    ],
)
def test_odd_address_is_no_link(url: str) -> None:
    assert link(url, "a <label>") == "a &lt;label&gt;"


def test_link_keeps_its_address_and_its_label_apart() -> None:
    assert (
        link("https://x.example.com/?a=1&b=2", "a|b <c>")
        == "<https://x.example.com/?a=1&amp;b=2|a¦b &lt;c&gt;>"
    )


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ("U0BEN", "<@U0BEN>"),
        ("W012", "<@W012>"),
        ("!channel", "!channel"),
        ("U0BEN>", "U0BEN&gt;"),
        ("U0BEN\n", "U0BEN\n"),
        ("", ""),
    ],
)
def test_only_an_id_becomes_a_mention(user: str, shown: str) -> None:
    assert person(user) == shown


@pytest.mark.parametrize(
    "zone", [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]
)
def test_time_says_utc_where_slack_cannot_say_the_readers(zone: timezone) -> None:
    at = datetime(2026, 3, 4, 12, 0, tzinfo=UTC).astimezone(zone)

    assert moment(at) == "<!date^1772625600^{time}|2026-03-04 12:00 UTC>"


TOKENS = (
    "<!date^1772625600^{time}|2026-03-04 12:00 UTC>",
    "<@U0BEN>",
    "<https://x.example.com/" + "a" * 500 + "|label>",
    "&amp;",
    "&lt;",
    "word",
    " ",
)


@given(st.lists(st.sampled_from(TOKENS), max_size=60), st.integers(20, 600))
def test_clamped_text_is_never_too_long(pieces: list[str], limit: int) -> None:
    assert len(clamp("".join(pieces), limit)) <= limit


@given(st.lists(st.sampled_from(TOKENS), min_size=20, max_size=60), st.integers(600, 700))
def test_clamp_tears_no_mention_link_time_or_entity(pieces: list[str], limit: int) -> None:
    rest = re.sub(r"<@U0BEN>|<!date[^<>]*>|<https[^<>]*>|&(amp|lt|gt);", "", clamp("".join(pieces), limit))

    assert "<" not in rest
    assert "&" not in rest


def test_text_that_fits_is_left_alone() -> None:
    assert clamp("as it is", 8) == "as it is"


def test_text_is_cut_between_words() -> None:
    assert clamp("checkout answers slowly since noon", 20) == "checkout answers…"


def test_a_very_long_word_is_cut_inside() -> None:
    assert clamp("x" * 50, 20) == "x" * 19 + "…"


@given(st.text(max_size=200))
def test_plain_text_has_nothing_invisible_left(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert not set(plain(text)) & set("\u200b\u200e\u202e\u2066\ufeff\u00ad\x00\x1b")


@pytest.mark.parametrize("kind", OURS)
def test_no_secret_is_said(kind: str) -> None:
    for carrier in CARRIERS:
        text, secret = planted(kind, OURS[kind], carrier)

        assert not leaked(secret, said(text)), carrier


def test_secret_that_was_kept_apart_by_what_draws_nothing_is_not_said() -> None:
    token = "a1B2" * 9

    assert plain(f"see gh\u200bp_{token}") == "see [hidden]"
    assert "a1B2a1B2" not in plain(f"\x1b[33mgh\u200bp_{token[:20]}\u2060{token[20:]}")


def test_link_with_a_secret_in_it_is_no_link() -> None:
    signed = "https://shop.s3.amazonaws.com/log?X-Amz-Signature=" + "0a1b2c3d" * 8

    assert link(signed, "the log") == "the log"
    assert link(signed.partition("?")[0], "the log") == "<https://shop.s3.amazonaws.com/log|the log>"


def test_long_text_is_read_for_secrets_in_a_moment() -> None:
    line = (
        "checkout p99 rose from 120 ms to 4.1 s after arn:aws:ecs:us-east-1:123456789012:task/shop/0f3c2b1a. "
    )

    started = time.process_time()
    for turn in range(10):
        plain((f"{turn} " + line * 40)[:4000])

    # About 0.5 ms each where this was written.
    assert time.process_time() - started < 0.1
