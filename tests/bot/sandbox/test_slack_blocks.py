"""Every rule of Block Kit: the violation is sent, and Slack's own code and words come back."""

from typing import Any

import pytest

from tests.bot.sandbox.kit import Block, actions, button, mrkdwn, plain, rich, section, table, task
from tests.bot.sandbox.local_slack import LocalSlack

PICTURE = {"type": "image", "alt_text": "a chart"}
OPTION = {"text": plain("One"), "value": "1"}
CONFIRM = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
SELECT = {"type": "static_select", "action_id": "pick", "options": [OPTION]}
INPUT = {
    "type": "input",
    "label": plain("Why?"),
    "element": {"type": "plain_text_input", "action_id": "text"},
}
FEEDBACK_SIDE = {"text": plain("Good"), "value": "good"}
FEEDBACK = {"type": "feedback_buttons", "positive_button": FEEDBACK_SIDE, "negative_button": FEEDBACK_SIDE}
POINTS = [{"label": "Mon", "value": 1}]
LINE = {"type": "line", "series": [{"name": "p99", "data": POINTS}], "axis_config": {"categories": ["Mon"]}}
CHART = {"type": "data_visualization", "title": "Latency", "chart": LINE}
CARD = {"type": "card", "title": mrkdwn("checkout"), "body": mrkdwn("is slow")}
LIST = {"type": "rich_text_list", "style": "bullet", "elements": [rich()["elements"][0]]}
CONTAINER = {"type": "container", "title": plain("Evidence"), "child_blocks": [section()]}
PLAN = {"type": "plan", "title": "Testing", "tasks": [task("a", "pending")]}
AT = "[json-pointer:/blocks/0"


def option(**more: Any) -> Block:
    return {**OPTION, **more}


# name of the rule: (blocks, what Slack says about them)
REFUSED: dict[str, tuple[list[Any], str]] = {
    "more than 50 blocks": ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "unknown block type": ([{"type": "sparkle"}], f"unsupported type: sparkle {AT}/type]"),
    "no block type": ([{"text": plain("x")}], f"missing required field: type {AT}]"),
    "a block that is no object": (["hello"], f"must provide an object {AT}]"),
    "alert outside a modal": ([{"type": "alert", "text": plain("x")}], f"unsupported type: alert {AT}/type]"),
    "section text over 3000": ([section("x" * 3001)], f"must be less than 3001 characters {AT}/text/text]"),
    "empty section text": ([section("")], f"must be more than 0 characters {AT}/text/text]"),
    "section without text or fields": ([{"type": "section"}], f"missing required field: text {AT}]"),
    "more than 10 fields": (
        [{"type": "section", "fields": [mrkdwn("x")] * 11}],
        f"no more than 10 items allowed {AT}/fields]",
    ),
    "field over 2000": (
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        f"must be less than 2001 characters {AT}/fields/0/text]",
    ),
    "a bare string as text": ([{"type": "section", "text": "x"}], f"must provide an object {AT}/text]"),
    "unknown kind of text": (
        [{"type": "section", "text": {"type": "markdown", "text": "x"}}],
        f"unsupported type: markdown {AT}/text/type]",
    ),
    "an element a section does not take": (
        [section(accessory={"type": "plain_text_input", "action_id": "x"})],
        f"unsupported type: plain_text_input {AT}/accessory/type]",
    ),
    "an unknown property": ([section(color="red")], f"invalid additional property: color {AT}]"),
    "header over 150": (
        [{"type": "header", "text": plain("x" * 151)}],
        f"must be less than 151 characters {AT}/text/text]",
    ),
    "header in mrkdwn": (
        [{"type": "header", "text": mrkdwn("x")}],
        f"unsupported type: mrkdwn {AT}/text/type]",
    ),
    "header level 5": (
        [{"type": "header", "text": plain("x"), "level": 5}],
        f"must be less than or equal to 4 {AT}/level]",
    ),
    "more than 10 context elements": (
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        f"no more than 10 items allowed {AT}/elements]",
    ),
    "a button in a context": (
        [{"type": "context", "elements": [button()]}],
        f"unsupported type: button {AT}/elements/0/type]",
    ),
    "more than 25 actions": (
        [actions(*[button(f"b{n}") for n in range(26)])],
        f"no more than 25 items allowed {AT}/elements]",
    ),
    "no actions": ([actions()], f"no less than 1 items allowed {AT}/elements]"),
    "actions without elements": ([{"type": "actions"}], f"missing required field: elements {AT}]"),
    "text among actions": ([actions(plain("x"))], f"unsupported type: plain_text {AT}/elements/0/type]"),
    "more than 5 context actions": (
        [{"type": "context_actions", "elements": [{**FEEDBACK, "action_id": str(n)} for n in range(6)]}],
        f"no more than 5 items allowed {AT}/elements]",
    ),
    "a button among context actions": (
        [{"type": "context_actions", "elements": [button()]}],
        f"unsupported type: button {AT}/elements/0/type]",
    ),
    "button text over 75": (
        [actions(button(text="x" * 76))],
        f"must be less than 76 characters {AT}/elements/0/text/text]",
    ),
    "button text in mrkdwn": (
        [actions({**button(), "text": mrkdwn("x")})],
        f"unsupported type: mrkdwn {AT}/elements/0/text/type]",
    ),
    "button without text": (
        [actions({"type": "button", "action_id": "x"})],
        f"missing required field: text {AT}/elements/0]",
    ),
    "button value over 2000": (
        [actions(button(value="x" * 2001))],
        f"must be less than 2001 characters {AT}/elements/0/value]",
    ),
    "button value that is no string": (
        [actions(button(value=7))],
        f"must provide a string {AT}/elements/0/value]",
    ),
    "button url over 3000": (
        [actions(button(url="https://e.org/" + "x" * 3000))],
        f"must be less than 3001 characters {AT}/elements/0/url]",
    ),
    "button style": (
        [actions(button(style="warning"))],
        f"must be a valid enum value {AT}/elements/0/style]",
    ),
    "accessibility label over 75": (
        [actions(button(accessibility_label="x" * 76))],
        f"must be less than 76 characters {AT}/elements/0/accessibility_label]",
    ),
    "action id over 255": (
        [actions(button("x" * 256))],
        f"must be less than 256 characters {AT}/elements/0/action_id]",
    ),
    "block id over 255": ([section(block_id="x" * 256)], f"must be less than 256 characters {AT}/block_id]"),
    "confirm title over 100": (
        [actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))],
        f"must be less than 101 characters {AT}/elements/0/confirm/title/text]",
    ),
    "confirm text over 300": (
        [actions(button(confirm={**CONFIRM, "text": plain("x" * 301)}))],
        f"must be less than 301 characters {AT}/elements/0/confirm/text/text]",
    ),
    "confirm button over 30": (
        [actions(button(confirm={**CONFIRM, "confirm": plain("x" * 31)}))],
        f"must be less than 31 characters {AT}/elements/0/confirm/confirm/text]",
    ),
    "confirm without deny": (
        [actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"}))],
        f"missing required field: deny {AT}/elements/0/confirm]",
    ),
    "the same block id twice": (
        [section(block_id="a"), section(block_id="a")],
        '`block_id` "a" already exists [json-pointer:/blocks/1/block_id]',
    ),
    "the same action id twice in a block": (
        [actions(button("go"), button("go"))],
        f'`action_id` "go" already exists {AT}/elements/1/action_id]',
    ),
    "more than 100 options": (
        [actions({**SELECT, "options": [OPTION] * 101})],
        f"no more than 100 items allowed {AT}/elements/0/options]",
    ),
    "more than 5 overflow options": (
        [actions({"type": "overflow", "action_id": "o", "options": [OPTION] * 6})],
        f"no more than 5 items allowed {AT}/elements/0/options]",
    ),
    "option value over 150": (
        [actions({**SELECT, "options": [{"text": plain("x"), "value": "x" * 151}]})],
        f"must be less than 151 characters {AT}/elements/0/options/0/value]",
    ),
    "placeholder over 150": (
        [actions({**SELECT, "placeholder": plain("x" * 151)})],
        f"must be less than 151 characters {AT}/elements/0/placeholder/text]",
    ),
    "image without alt text": (
        [{"type": "image", "image_url": "https://e.org/x.png"}],
        f"missing required field: alt_text {AT}]",
    ),
    "image without a source": ([PICTURE], f"missing required field: image_url {AT}]"),
    "image only this machine can reach": (
        [{**PICTURE, "image_url": "http://127.0.0.1:1/x.png"}],
        f"downloading image failed {AT}/image_url]",
    ),
    "image by an unknown file": (
        [{**PICTURE, "slack_file": {"id": "F0NOSUCH"}}],
        f"invalid slack file {AT}/slack_file.id/slack_file]",
    ),
    "image alt text over 2000": (
        [{**PICTURE, "image_url": "https://e.org/x.png", "alt_text": "x" * 2001}],
        f"must be less than 2001 characters {AT}/alt_text]",
    ),
    "markdown over 12000": (
        [{"type": "markdown", "text": "x" * 12_001}],
        f"must be less than 12001 characters {AT}/text]",
    ),
    "markdown over 12000 in all": (
        [{"type": "markdown", "text": "x" * 6001}] * 2,
        "must be less than 12001 characters [json-pointer:/blocks]",
    ),
    "markdown that becomes more than 50 blocks": (
        [{"type": "markdown", "text": "\n".join(f"# H{n}\ntext" for n in range(26))}],
        "no more than 50 items allowed [json-pointer:/blocks]",
    ),
    "table over 100 rows": ([table(rows=101)], f"no more than 100 items allowed {AT}/rows]"),
    "table over 20 columns": ([table(columns=21)], f"no more than 20 items allowed {AT}/rows/0]"),
    "an empty table cell": ([table(text="")], f"must be more than 0 characters {AT}/rows/0/0/text]"),
    "a table cell that is a string": (
        [{"type": "table", "rows": [["x"]]}],
        f"must provide an object {AT}/rows/0/0]",
    ),
    "table over 10000 characters": (
        [table(rows=10, columns=2, text="x" * 501)],
        f"must be less than 10001 characters {AT}/rows]",
    ),
    "plan title as an object": (
        [{"type": "plan", "title": plain("x"), "tasks": []}],
        f"must provide a string {AT}/title]",
    ),
    "more than 50 tasks": (
        [{"type": "plan", "title": "x", "tasks": [task(str(n)) for n in range(51)]}],
        f"no more than 50 items allowed {AT}/tasks]",
    ),
    "the same task id twice": (
        [{"type": "plan", "title": "x", "tasks": [task("a"), task("a")]}],
        f'`task_id` "a" already exists {AT}/tasks/1/task_id]',
    ),
    "a plan beside loose tasks": (
        [PLAN, task("b")],
        "plan and task_card blocks cannot be used together [json-pointer:/blocks]",
    ),
    "task status": ([task("a", "completed")], f"must be a valid enum value {AT}/status]"),
    "a lone pending task": ([task("a", "pending")], f"must be a valid enum value {AT}/status]"),
    "task without title": (
        [{"type": "task_card", "task_id": "a", "status": "complete"}],
        f"missing required field: title {AT}]",
    ),
    "task output as a string": ([task("a", output="x")], f"must provide an object {AT}/output]"),
    "a source without text": (
        [task("a", sources=[{"type": "url", "url": "https://e.org"}])],
        f"missing required field: text {AT}/sources/0]",
    ),
    "card title as a string": ([{"type": "card", "title": "x"}], f"must provide an object {AT}/title]"),
    "card body over 200": (
        [{**CARD, "body": mrkdwn("x" * 201)}],
        f"must be less than 201 characters {AT}/body/text]",
    ),
    "more than 3 card buttons": (
        [{**CARD, "actions": [button(str(n)) for n in range(4)]}],
        f"no more than 3 items allowed {AT}/actions]",
    ),
    "an empty card": ([{"type": "card"}], f"missing required field: hero_image {AT}]"),
    "more than 10 children": (
        [{**CONTAINER, "child_blocks": [section()] * 11}],
        f"no more than 10 items allowed {AT}/child_blocks]",
    ),
    "a child a container does not take": (
        [{**CONTAINER, "child_blocks": [PLAN]}],
        f"unsupported type: plan {AT}/child_blocks/0/type]",
    ),
    "container width": ([{**CONTAINER, "width": "huge"}], f"must be a valid enum value {AT}/width]"),
    "more than 10 cards in a carousel": (
        [{"type": "carousel", "elements": [CARD] * 11}],
        f"no more than 10 items allowed {AT}/elements]",
    ),
    "more than 2 charts": ([CHART] * 3, "too many data_visualization blocks [json-pointer:/blocks]"),
    "chart title over 50": ([{**CHART, "title": "x" * 51}], f"must be less than 51 characters {AT}/title]"),
    "unknown rich text part": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "bold"}]}]}],
        f"unsupported type: bold {AT}/elements/0/elements/0/type]",
    ),
    "rich text list inside a list": (
        [{"type": "rich_text", "elements": [{**LIST, "elements": [LIST]}]}],
        f"unsupported type: rich_text_list {AT}/elements/0/elements/0/type]",
    ),
    "input label over 2000": (
        [{**INPUT, "label": plain("x" * 2001)}],
        f"must be less than 2001 characters {AT}/label/text]",
    ),
    "deny button over 30": (
        [actions(button(confirm={**CONFIRM, "deny": plain("x" * 31)}))],
        f"must be less than 31 characters {AT}/elements/0/confirm/deny/text]",
    ),
    "confirm title in mrkdwn": (
        [actions(button(confirm={**CONFIRM, "title": mrkdwn("x")}))],
        f"unsupported type: mrkdwn {AT}/elements/0/confirm/title/type]",
    ),
    "a menu without options": (
        [actions({"type": "static_select", "action_id": "pick"})],
        f"missing required field: options {AT}/elements/0]",
    ),
    "no options": (
        [actions({**SELECT, "options": []})],
        f"no less than 1 items allowed {AT}/elements/0/options]",
    ),
    "option text over 75": (
        [actions({**SELECT, "options": [option(text=plain("x" * 76))]})],
        f"must be less than 76 characters {AT}/elements/0/options/0/text/text]",
    ),
    "option description over 75": (
        [actions({**SELECT, "options": [option(description=plain("x" * 76))]})],
        f"must be less than 76 characters {AT}/elements/0/options/0/description/text]",
    ),
    "option without value": (
        [actions({**SELECT, "options": [{"text": plain("x")}]})],
        f"missing required field: value {AT}/elements/0/options/0]",
    ),
    "a first choice that is no option": (
        [actions({**SELECT, "initial_option": option(value="2")})],
        f"must be one of the options {AT}/elements/0/initial_option]",
    ),
    "option group label over 75": (
        [
            actions(
                {"type": "static_select", "option_groups": [{"label": plain("x" * 76), "options": [OPTION]}]}
            )
        ],
        f"must be less than 76 characters {AT}/elements/0/option_groups/0/label/text]",
    ),
    "more than 100 option groups": (
        [
            actions(
                {"type": "static_select", "option_groups": [{"label": plain("x"), "options": [OPTION]}] * 101}
            )
        ],
        f"no more than 100 items allowed {AT}/elements/0/option_groups]",
    ),
    "more than 10 checkboxes": (
        [actions({"type": "checkboxes", "action_id": "c", "options": [OPTION] * 11})],
        f"no more than 10 items allowed {AT}/elements/0/options]",
    ),
    "more than 10 radio buttons": (
        [actions({"type": "radio_buttons", "action_id": "c", "options": [OPTION] * 11})],
        f"no more than 10 items allowed {AT}/elements/0/options]",
    ),
    "more than 10 readers of an icon button": (
        [
            {
                "type": "context_actions",
                "elements": [
                    {
                        "type": "icon_button",
                        "icon": "trash",
                        "text": plain("x"),
                        "visible_to_user_ids": ["U0ALICECHEN"] * 11,
                    }
                ],
            }
        ],
        f"no more than 10 items allowed {AT}/elements/0/visible_to_user_ids]",
    ),
    "image url over 3000": (
        [{**PICTURE, "image_url": "https://e.org/" + "x" * 3000}],
        f"must be less than 3001 characters {AT}/image_url]",
    ),
    "image title over 2000": (
        [{**PICTURE, "image_url": "https://e.org/x.png", "title": plain("x" * 2001)}],
        f"must be less than 2001 characters {AT}/title/text]",
    ),
    "an empty header": (
        [{"type": "header", "text": plain("")}],
        f"must be more than 0 characters {AT}/text/text]",
    ),
    "context text over 3000": (
        [{"type": "context", "elements": [mrkdwn("x" * 3001)]}],
        f"must be less than 3001 characters {AT}/elements/0/text]",
    ),
    "an empty context": (
        [{"type": "context", "elements": []}],
        f"no less than 1 items allowed {AT}/elements]",
    ),
    "container title over 150": (
        [{**CONTAINER, "title": plain("x" * 151)}],
        f"must be less than 151 characters {AT}/title/text]",
    ),
    "task without id": (
        [{"type": "task_card", "title": "x", "status": "complete"}],
        f"missing required field: task_id {AT}]",
    ),
    "input label in mrkdwn": (
        [{**INPUT, "label": mrkdwn("x")}],
        f"unsupported type: mrkdwn {AT}/label/type]",
    ),
    "input hint over 2000": (
        [{**INPUT, "hint": plain("x" * 2001)}],
        f"must be less than 2001 characters {AT}/hint/text]",
    ),
    "input without element": (
        [{"type": "input", "label": plain("x")}],
        f"missing required field: element {AT}]",
    ),
}

ACCEPTED: dict[str, list[Block]] = {
    "50 blocks": [section()] * 50,
    "3000 characters": [section("x" * 3000)],
    "fields only": [{"type": "section", "fields": [mrkdwn("x")] * 10}],
    "expanded section with accessory": [
        section(expand=True, accessory=button(confirm=CONFIRM, value="x" * 2000))
    ],
    "the same action id in two blocks": [actions(button("go")), actions(button("go"))],
    "a full row": [actions(*[button(f"b{n}") for n in range(25)])],
    "menus": [
        actions(
            SELECT,
            {"type": "users_select", "action_id": "u", "placeholder": plain("Who")},
            {"type": "overflow", "action_id": "o", "options": [OPTION] * 5},
            {"type": "datepicker", "action_id": "d", "initial_date": "2026-11-22"},
            {"type": "checkboxes", "action_id": "c", "options": [OPTION]},
            {"type": "radio_buttons", "action_id": "r", "options": [OPTION], "initial_option": OPTION},
        )
    ],
    "context": [{"type": "context", "elements": [mrkdwn("x"), plain("y")]}],
    "feedback": [{"type": "context_actions", "elements": [{**FEEDBACK, "action_id": "f"}]}],
    "icon button": [
        {
            "type": "context_actions",
            "elements": [{"type": "icon_button", "icon": "trash", "text": plain("Drop")}],
        }
    ],
    "rich text": [
        {
            "type": "rich_text",
            "elements": [
                LIST,
                {"type": "rich_text_quote", "elements": [{"type": "user", "user_id": "U0ALICECHEN"}]},
                {
                    "type": "rich_text_preformatted",
                    "language": "diff",
                    "elements": [{"type": "text", "text": "+x"}],
                },
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "link", "url": "https://e.org", "text": "here", "style": {"bold": True}},
                        {"type": "emoji", "name": "tada"},
                        {"type": "date", "timestamp": 1795375588, "format": "{time}", "fallback": "14:02"},
                        {"type": "broadcast", "range": "here"},
                        {"type": "channel", "channel_id": "C0INCIDENTS"},
                    ],
                },
            ],
        }
    ],
    "plan with pending tasks": [{**PLAN, "tasks": [task("a", "pending", details=rich(), output=rich())]}],
    "lone tasks": [task("a", "complete", sources=[{"type": "url", "url": "https://e.org", "text": "e"}])],
    "table": [{**table(), "column_settings": [{"align": "right", "is_wrapped": True}, None]}],
    "markdown": [{"type": "markdown", "text": "# Title\n\n- [x] done\n\n| a |\n|---|\n| b |"}],
    "cards": [{"type": "carousel", "elements": [{**CARD, "actions": [button()]}]}],
    "container": [{**CONTAINER, "is_collapsible": True, "default_collapsed": True, "subtitle": plain("x")}],
    "charts": [CHART, CHART],
    "input": [INPUT],
    "image": [{**PICTURE, "image_url": "https://e.org/x.png", "title": plain("x")}],
    "header levels": [{"type": "header", "text": plain("x" * 150), "level": 2}],
    "divider": [{"type": "divider"}],
}


@pytest.mark.parametrize("rule", REFUSED)
def test_blocks_are_refused_with_slacks_words_for(rule: str, shared: LocalSlack) -> None:
    blocks, problem = REFUSED[rule]

    answer = shared.post(text="x", blocks=blocks)

    assert answer["error"] == "invalid_blocks"
    assert problem in answer["errors"]
    assert f"[ERROR] {problem}" in answer["response_metadata"]["messages"]


@pytest.mark.parametrize("case", ACCEPTED)
def test_blocks_are_taken(case: str, shared: LocalSlack) -> None:
    answer = shared.post(text="x", blocks=ACCEPTED[case])

    assert answer["ok"], answer


def test_a_text_object_is_reported_as_slack_reports_a_union(shared: LocalSlack) -> None:
    answer = shared.post(text="x", blocks=[section("x" * 3001)])

    assert answer["errors"] == [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]


def test_all_bad_blocks_are_named_at_once(shared: LocalSlack) -> None:
    answer = shared.post(text="x", blocks=[{"type": "one"}, section(), {"type": "two"}])

    assert len(answer["errors"]) == 2


def test_long_messages_are_refused_as_a_whole(shared: LocalSlack) -> None:
    fits = shared.post(text="x", blocks=[section("x" * 3000)] * 4)
    too_long = shared.post(text="x", blocks=[section("x" * 3000)] * 5)

    assert fits["ok"]
    assert too_long["error"] == "msg_blocks_too_long"


def test_escapes_count_as_they_are_written(shared: LocalSlack) -> None:
    assert shared.post(text="x", blocks=[section("&" * 3000)])["error"] == "msg_blocks_too_long"


def test_two_tables_are_one_too_many(shared: LocalSlack) -> None:
    answer = shared.post(text="x", blocks=[table(), table()])

    assert answer["error"] == "invalid_attachments"
    assert answer["errors"] == ["only_one_table_allowed"]


def test_all_markdown_of_a_payload_counts_together(shared: LocalSlack) -> None:
    half = [{"type": "markdown", "text": "x" * 6001}]

    answer = shared.post(text="x", blocks=half, attachments=[{"blocks": half}])

    assert answer["errors"] == ["must be less than 12001 characters [json-pointer:/blocks]"]


def test_blocks_in_attachments_are_judged_too(shared: LocalSlack) -> None:
    answer = shared.post(text="x", attachments=[{"blocks": [{"type": "sparkle"}]}])

    assert answer["error"] == "invalid_attachments"
    assert answer["errors"] == ["unsupported type: sparkle [json-pointer:/attachments/0/blocks/0/type]"]


@pytest.mark.parametrize("blocks", ["not json", '{"type": "section"}'])
def test_blocks_that_are_no_array_are_refused(blocks: str, shared: LocalSlack) -> None:
    assert shared.post(text="x", blocks=blocks)["error"] == "invalid_blocks_format"


def test_ids_that_were_left_out_are_filled_in(shared: LocalSlack) -> None:
    block = shared.post(text="x", blocks=[actions({"type": "button", "text": plain("Go")})])["message"][
        "blocks"
    ][0]

    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert block["elements"][0]["text"]["emoji"] is True


def test_what_slack_returned_can_be_sent_back(shared: LocalSlack) -> None:
    first = shared.post(text="x", blocks=[section(), actions(button()), rich(), table()])

    again = shared.post(text="x", blocks=first["message"]["blocks"])

    assert again["ok"]
