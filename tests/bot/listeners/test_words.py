"""What a message says, wherever its author put it: text, attachments, blocks, or all of them."""

from typing import Any

import pytest

from bot.words import flattened, readable, without_mention

Block = dict[str, Any]


def section(text: str, **more: Any) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}, "action_id": "ack"}
MENU = {"type": "static_select", "placeholder": {"type": "plain_text", "text": "Pick"}, "action_id": "m"}
MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"text": "checkout is slow"}, "checkout is slow"),
    "nothing": ({}, ""),
    "no word": ({"text": " : ", "attachments": [{"fallback": "—"}]}, ""),
    "one attachment": (
        {"text": "", "attachments": [{"title": "ALARM", "text": "above 40"}]},
        "ALARM\nabove 40",
    ),
    "several attachments": (
        {
            "attachments": [
                {"pretext": "2 alarms", "title": "ALARM: a"},
                {
                    "title": "ALARM: b",
                    "fields": [{"title": "Region", "value": "us-east-1"}, {"value": "prod"}],
                },
                {"title": "ALARM: a"},
            ]
        },
        "2 alarms\nALARM: a\nALARM: b\nRegion: us-east-1\nprod",
    ),
    "fallback only": ({"text": "", "attachments": [{"fallback": "ALARM: checkout"}]}, "ALARM: checkout"),
    "fallback beside the rest": (
        {"attachments": [{"fallback": "[no preview available]", "blocks": [section("ALARM: checkout")]}]},
        "ALARM: checkout",
    ),
    "blocks only": (
        {
            "text": "",
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": "ALARM: checkout"}},
                {"type": "divider"},
                section("5xx above 40", fields=[{"type": "mrkdwn", "text": "*Region* us-east-1"}]),
                {"type": "context", "elements": [{"type": "mrkdwn", "text": "since 12:04"}]},
                {"type": "image", "alt_text": "graph", "title": {"type": "plain_text", "text": "5xx"}},
            ],
        },
        "ALARM: checkout\n5xx above 40\n*Region* us-east-1\nsince 12:04\n5xx",
    ),
    "buttons and menus": (
        {"blocks": [section("ALARM", accessory=MENU), {"type": "actions", "elements": [BUTTON, MENU]}]},
        "ALARM",
    ),
    "rich text only": (
        {
            "blocks": [
                rich(
                    {"type": "text", "text": "ALARM: "},
                    {"type": "text", "text": "checkout", "style": {"bold": True}},
                    {"type": "text", "text": " p95 > 2 s & rising, see "},
                    {"type": "link", "url": "https://x.example/<a>", "text": "the <graph>"},
                    {"type": "emoji", "name": "fire"},
                )
            ]
        },
        "ALARM: checkout p95 > 2 s & rising, see the <graph>",
    ),
    "rich text beside its text": (
        {"text": "it is *slow*", "blocks": [rich({"text": "it is slow"})]},
        "it is *slow*",
    ),
    "blocks beside text": ({"text": "ALARM", "blocks": [section("5xx above 40")]}, "ALARM\n5xx above 40"),
    "table": (
        {
            "blocks": [
                {
                    "type": "table",
                    "rows": [[{"type": "raw_text", "text": "cpu"}, {"type": "raw_text", "text": "97"}]],
                }
            ]
        },
        "cpu\n97",
    ),
    "markup": (
        {
            "text": "<https://x.example|ALARM> in <#C1|shop> for <@U1|ben>, "
            "<!here> &amp; <https://y.example> &lt;5&gt;"
        },
        "ALARM in #shop for @ben, @here & https://y.example <5>",
    ),
    "nulls": (
        {"text": None, "blocks": None, "attachments": [{"title": None, "fields": None, "text": "x"}]},
        "x",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_message_is_read_as_people_see_it(name: str) -> None:
    message, said = MESSAGES[name]

    assert flattened(message) == said


def test_endless_message_is_cut() -> None:
    assert len(flattened({"attachments": [{"text": f"line {n} " * 200} for n in range(100)]})) == 4000


@pytest.mark.parametrize(
    "text", ["<@UBOT> all is slow", "all is slow <@UBOT|runbook>", "<@UBOT><@UBOT> all is slow"]
)
def test_mention_of_the_bot_is_no_part_of_what_is_said(text: str) -> None:
    assert without_mention(text, "UBOT") == "all is slow"
    assert flattened({"text": text}, "UBOT") == "all is slow"


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("<@U1>", "@U1"),
        ("<#C1>", "#C1"),
        ("<!subteam^S1|@oncall>", "@oncall"),
        ("<!date^1700000000^{time}|12:04>", "12:04"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("a < b > c", "a < b > c"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_markup_is_shown_as_people_see_it(markup: str, seen: str) -> None:
    assert readable(markup) == seen
