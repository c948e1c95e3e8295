"""Block Kit as data: every composition object, element and block with its fields, lengths and places.

Figures are those of docs.slack.dev/reference/block-kit and of the SDK's models. Where they disagree with
what the live service was seen to answer (plan titles are strings, card titles objects), the service wins.
"""

from dataclasses import replace

from bot.sandbox.blocks.specs import (
    Anything,
    Choice,
    Flag,
    Items,
    Later,
    Number,
    Shape,
    Spec,
    String,
    Typed,
    Union,
)

ID = String(255)
URL = String(3000)


def plain(most: int) -> Spec:
    """A `plain_text` object."""
    shape = Shape(
        {"type": Choice(("plain_text",)), "text": String(most, 1), "emoji": Flag()}, ("type", "text")
    )
    return Typed({"plain_text": shape})


def text(most: int) -> Spec:
    """A text object, plain or mrkdwn."""
    words = String(most, 1)
    return Union(
        Typed(
            {
                "plain_text": Shape({"type": Anything(), "text": words, "emoji": Flag()}, ("text",)),
                "mrkdwn": Shape({"type": Anything(), "text": words, "verbatim": Flag()}, ("text",)),
            }
        )
    )


# Composition objects
CONFIRM = Shape(
    {
        "title": plain(100),
        "text": text(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": Choice(("primary", "danger")),
    },
    ("title", "text", "confirm", "deny"),
)
OPTION = Shape(
    {"text": text(75), "value": String(150, 1), "description": text(75), "url": URL},
    ("text", "value"),
)
OPTIONS = Items(OPTION, 100)
OPTION_GROUP = Shape({"label": plain(75), "options": OPTIONS}, ("label", "options"))
SLACK_FILE = Shape({"id": String(), "url": URL}, one_of=("id", "url"))
FILTER = Shape(
    {"include": Items(String()), "exclude_external_shared_channels": Flag(), "exclude_bot_users": Flag()}
)
DISPATCH = Shape({"trigger_actions_on": Items(Choice(("on_enter_pressed", "on_character_entered")))})
ICON = Shape({"type": Choice(("icon",)), "name": String(least=1)}, ("type", "name"))

# Rich text
STYLE = Shape(
    {name: Flag() for name in ("bold", "italic", "strike", "code", "underline", "unlink", "client_highlight")}
)
TYPE = Anything()


def _part(fields: dict[str, Spec], *required: str) -> Shape:
    return Shape({"type": TYPE, "style": STYLE, **fields}, required)


RICH_PARTS = Typed(
    {
        "text": _part({"text": String(least=1)}, "text"),
        "link": _part({"url": String(least=1), "text": String(), "unsafe": Flag()}, "url"),
        "user": _part({"user_id": String(least=1)}, "user_id"),
        "usergroup": _part({"usergroup_id": String(least=1)}, "usergroup_id"),
        "team": _part({"team_id": String(least=1)}, "team_id"),
        "channel": _part({"channel_id": String(least=1)}, "channel_id"),
        "emoji": _part({"name": String(least=1), "unicode": String(), "skin_tone": Number()}, "name"),
        "broadcast": _part({"range": Choice(("here", "channel", "everyone"))}, "range"),
        "date": _part(
            {"timestamp": Number(), "format": String(least=1), "url": String(), "fallback": String()},
            "timestamp",
            "format",
        ),
        "color": _part({"value": String(least=1)}, "value"),
    }
)
PARTS = Items(RICH_PARTS, least=0)
SECTION_PART = Shape({"type": TYPE, "elements": PARTS}, ("elements",))
RICH_ELEMENTS = Typed(
    {
        "rich_text_section": SECTION_PART,
        "rich_text_quote": Shape({"type": TYPE, "elements": PARTS, "border": Number(0, 1)}, ("elements",)),
        "rich_text_preformatted": Shape(
            {"type": TYPE, "elements": PARTS, "border": Number(0, 1), "language": String()}, ("elements",)
        ),
        "rich_text_list": Shape(
            {
                "type": TYPE,
                "elements": Items(Typed({"rich_text_section": SECTION_PART})),
                "style": Choice(("bullet", "ordered")),
                "indent": Number(0, 8),
                "offset": Number(0),
                "border": Number(0, 1),
            },
            ("style", "elements"),
        ),
    }
)
RICH_TEXT = Shape({"type": TYPE, "block_id": ID, "elements": Items(RICH_ELEMENTS)}, ("elements",))

# Elements
IMAGE_FIELDS: dict[str, Spec] = {
    "type": TYPE,
    "image_url": URL,
    "alt_text": String(2000, 1),
    "slack_file": SLACK_FILE,
    # What Slack adds to images it returns; sending them back is fine.
    "fallback": String(),
    "image_width": Number(),
    "image_height": Number(),
    "image_bytes": Number(),
    "is_animated": Flag(),
}
IMAGE = Shape(IMAGE_FIELDS, ("alt_text",), one_of=("image_url", "slack_file"))


def _element(fields: dict[str, Spec], *required: str) -> Shape:
    return Shape({"type": TYPE, "action_id": ID, "confirm": CONFIRM, **fields}, required)


def _input(fields: dict[str, Spec], *required: str) -> Shape:
    return _element({"placeholder": plain(150), "focus_on_load": Flag(), **fields}, *required)


def _menu(initial: str, spec: Spec, **fields: Spec) -> Shape:
    return _input({initial: spec, "response_url_enabled": Flag(), "max_selected_items": Number(1), **fields})


STATIC: dict[str, Spec] = {"options": OPTIONS, "option_groups": Items(OPTION_GROUP, 100)}
SELECTS: dict[str, Spec] = {
    "static_select": replace(_menu("initial_option", OPTION, **STATIC), one_of=tuple(STATIC)),
    "external_select": _menu("initial_option", OPTION, min_query_length=Number(0)),
    "users_select": _menu("initial_user", String()),
    "conversations_select": _menu(
        "initial_conversation", String(), default_to_current_conversation=Flag(), filter=FILTER
    ),
    "channels_select": _menu("initial_channel", String()),
    "multi_static_select": replace(_menu("initial_options", OPTIONS, **STATIC), one_of=tuple(STATIC)),
    "multi_external_select": _menu("initial_options", OPTIONS, min_query_length=Number(0)),
    "multi_users_select": _menu("initial_users", Items(String())),
    "multi_conversations_select": _menu(
        "initial_conversations", Items(String()), default_to_current_conversation=Flag(), filter=FILTER
    ),
    "multi_channels_select": _menu("initial_channels", Items(String())),
}
BUTTON = _element(
    {
        "text": plain(75),
        "url": URL,
        "value": String(2000),
        "style": Choice(("primary", "danger")),
        "accessibility_label": String(75),
        "agent_prompt": String(4000),
        "agent_prompt_display": String(),
        "visible_to_user_ids": Items(String()),
    },
    "text",
)
ICON_BUTTON = _element(
    {
        "icon": String(least=1),
        "text": plain(75),
        "value": String(2000),
        "accessibility_label": String(75),
        "visible_to_user_ids": Items(String(), 10),
    },
    "icon",
    "text",
)
FEEDBACK_BUTTON = Shape(
    {"text": plain(75), "value": String(2000), "accessibility_label": String(75)}, ("text", "value")
)
FEEDBACK = _element(
    {"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON},
    "positive_button",
    "negative_button",
)
OVERFLOW = _element({"options": Items(OPTION, 5)}, "options")
PICKERS: dict[str, Spec] = {
    "datepicker": _input({"initial_date": String()}),
    "timepicker": _input({"initial_time": String(), "timezone": String()}),
    "datetimepicker": _input({"initial_date_time": Number()}),
}
BOXES: dict[str, Spec] = {
    "checkboxes": _input({"options": Items(OPTION, 10), "initial_options": Items(OPTION, 10)}, "options"),
    "radio_buttons": _input({"options": Items(OPTION, 10), "initial_option": OPTION}, "options"),
}
WORKFLOW: dict[str, Spec] = {
    "workflow_button": _element(
        {"text": plain(75), "workflow": Anything(), "style": String(), "accessibility_label": String(75)},
        "text",
    )
}
INPUTS: dict[str, Spec] = {
    "plain_text_input": _input(
        {
            "initial_value": String(3000),
            "multiline": Flag(),
            "min_length": Number(0, 3000),
            "max_length": Number(1, 3000),
            "dispatch_action_config": DISPATCH,
        }
    ),
    "email_text_input": _input({"initial_value": String(), "dispatch_action_config": DISPATCH}),
    "url_text_input": _input({"initial_value": String(), "dispatch_action_config": DISPATCH}),
    "number_input": _input(
        {
            "is_decimal_allowed": Flag(),
            "initial_value": String(),
            "min_value": String(),
            "max_value": String(),
            "dispatch_action_config": DISPATCH,
        },
        "is_decimal_allowed",
    ),
    "rich_text_input": _input({"initial_value": RICH_TEXT, "dispatch_action_config": DISPATCH}),
    "file_input": _element({"filetypes": Items(String()), "max_files": Number(1, 10)}),
}

IN_SECTION = Typed(
    {"button": BUTTON, "image": IMAGE, "overflow": OVERFLOW, **WORKFLOW, **SELECTS, **BOXES}
    | {name: PICKERS[name] for name in ("datepicker", "timepicker")}
)
IN_ACTIONS = Typed({"button": BUTTON, "overflow": OVERFLOW, **WORKFLOW, **SELECTS, **BOXES, **PICKERS})
IN_INPUT = Typed({**SELECTS, **BOXES, **PICKERS, **INPUTS})
IN_CONTEXT = Typed(
    {
        "image": IMAGE,
        "plain_text": Shape({"type": TYPE, "text": String(3000, 1), "emoji": Flag()}, ("text",)),
        "mrkdwn": Shape({"type": TYPE, "text": String(3000, 1), "verbatim": Flag()}, ("text",)),
    }
)

# Blocks


def _block(fields: dict[str, Spec], *required: str, **more: tuple[str, ...] | str) -> Shape:
    return Shape({"type": TYPE, "block_id": ID, **fields}, required, **more)  # type: ignore[arg-type]


SOURCE = Shape(
    {"type": Choice(("url",)), "url": String(least=1), "text": String(least=1)}, ("type", "url", "text")
)


def _task(*statuses: str) -> Shape:
    return _block(
        {
            "task_id": String(least=1),
            "title": String(least=1),
            "details": Typed({"rich_text": RICH_TEXT}),
            "output": Typed({"rich_text": RICH_TEXT}),
            "sources": Items(SOURCE, least=0),
            "status": Choice(statuses),
        },
        "task_id",
        "title",
    )


CELL = Typed(
    {
        "raw_text": Shape({"type": TYPE, "text": String(least=1)}, ("text",)),
        "raw_number": Shape({"type": TYPE, "value": Number(), "text": String(least=1)}, ("value",)),
        "rich_text": RICH_TEXT,
    }
)
COLUMN = Shape({"align": Choice(("left", "center", "right")), "is_wrapped": Flag()})
CARD_BUTTONS = Items(Typed({"button": BUTTON}), 3)
CARD = _block(
    {
        "hero_image": IMAGE,
        "icon": IMAGE,
        "slack_icon": ICON,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": CARD_BUTTONS,
    },
    one_of=("hero_image", "title", "actions", "body"),
)
POINT = Shape({"label": String(20, 1), "value": Number()}, ("label", "value"))
SERIES = Items(Shape({"name": String(20, 1), "data": Items(POINT, 20)}, ("name", "data")), 12)
AXES = Shape(
    {"categories": Items(String(20, 1), 20), "x_label": String(50), "y_label": String(50)}, ("categories",)
)
PLOT = Shape({"type": TYPE, "series": SERIES, "axis_config": AXES}, ("series", "axis_config"))
SEGMENT = Shape({"label": String(20, 1), "value": Number(1e-9)}, ("label", "value"))
CHART = Typed(
    {
        "line": PLOT,
        "bar": PLOT,
        "area": PLOT,
        "pie": Shape({"type": TYPE, "segments": Items(SEGMENT, 12)}, ("segments",)),
    }
)

BLOCKS: dict[str, Spec] = {
    "header": _block({"text": plain(150), "level": Number(1, 4)}, "text"),
    "section": _block(
        {"text": text(3000), "fields": Items(text(2000), 10), "accessory": IN_SECTION, "expand": Flag()},
        one_of=("text", "fields"),
    ),
    "divider": _block({}),
    "context": _block({"elements": Items(IN_CONTEXT, 10)}, "elements"),
    "actions": _block({"elements": Items(IN_ACTIONS, 25)}, "elements"),
    "context_actions": _block(
        {"elements": Items(Typed({"feedback_buttons": FEEDBACK, "icon_button": ICON_BUTTON}), 5)}, "elements"
    ),
    "image": Shape(
        {**IMAGE_FIELDS, "block_id": ID, "title": plain(2000)},
        ("alt_text",),
        one_of=("image_url", "slack_file"),
    ),
    "input": _block(
        {
            "label": plain(2000),
            "element": IN_INPUT,
            "hint": plain(2000),
            "optional": Flag(),
            "dispatch_action": Flag(),
        },
        "label",
        "element",
    ),
    "rich_text": RICH_TEXT,
    "markdown": _block({"text": String(12_000, 1)}, "text"),
    "table": _block(
        {"rows": Items(Items(CELL, 20), 100), "column_settings": Items(COLUMN, 20, 0, or_null=True)}, "rows"
    ),
    "data_table": _block(
        {
            "rows": Items(Items(CELL, 20), 201, 2),
            "caption": String(least=1),
            "page_size": Number(1, 100),
            "row_header_column_index": Number(0, 19),
        },
        "rows",
        "caption",
    ),
    "data_visualization": _block({"title": String(50, 1), "chart": CHART}, "title", "chart"),
    # A lone card cannot be pending, a plan's card can: so the service answers, whatever its pages say.
    "task_card": _task("in_progress", "complete", "error"),
    "plan": _block(
        {
            "title": String(least=1),
            "tasks": Items(
                Typed({"task_card": _task("pending", "in_progress", "complete", "error")}, "task_card"), 50, 0
            ),
            "status": Anything(),
        },
        "title",
    ),
    "alert": _block(
        {"text": text(200), "level": Choice(("default", "info", "warning", "error", "success"))}, "text"
    ),
    "card": CARD,
    "carousel": _block({"elements": Items(Typed({"card": CARD}), 10)}, "elements"),
    "container": _block(
        {
            "title": plain(150),
            "rich_text_title": Typed({"rich_text": RICH_TEXT}),
            "subtitle": text(150),
            "child_blocks": Items(Later(lambda: CHILDREN), 10),
            "width": Choice(("narrow", "standard", "wide", "full")),
            "icon": IMAGE,
            "is_collapsible": Flag(),
            "default_collapsed": Flag(),
            "has_header_divider": Flag(),
        },
        "child_blocks",
        one_of=("title", "rich_text_title"),
    ),
    "video": _block(
        {
            "title": plain(199),
            "title_url": URL,
            "description": plain(199),
            "video_url": URL,
            "thumbnail_url": URL,
            "alt_text": String(least=1),
            "author_name": String(49),
            "provider_name": String(),
            "provider_icon_url": URL,
        },
        "title",
        "video_url",
        "thumbnail_url",
        "alt_text",
    ),
    "file": _block({"external_id": String(least=1), "source": Choice(("remote",))}, "external_id", "source"),
}
CHILD_TYPES = ("actions", "context", "divider", "file", "header", "image", "input", "rich_text", "section")
CHILDREN = Typed({name: BLOCKS[name] for name in (*CHILD_TYPES, "table", "video")})

ALL, MESSAGE, MODAL, NO_MODAL = ("message", "modal", "home"), ("message",), ("modal",), ("message", "home")
# Where each block may stand. A block that stands nowhere is missing here, and so refused.
PLACES = {
    "actions": ALL,
    "alert": MODAL,
    "card": ALL,
    "carousel": NO_MODAL,
    "container": NO_MODAL,
    "context": ALL,
    "context_actions": MESSAGE,
    "data_table": NO_MODAL,
    "data_visualization": MESSAGE,
    "divider": ALL,
    "file": MESSAGE,
    "header": ALL,
    "image": ALL,
    "input": ALL,
    "markdown": MESSAGE,
    "plan": MESSAGE,
    "rich_text": ALL,
    "section": ALL,
    "table": NO_MODAL,
    "task_card": MESSAGE,
    "video": ALL,
}


def blocks_of(surface: str) -> Spec:
    """What may stand at the top of a message, modal or Home tab."""
    most = 50 if surface == "message" else 100
    return Items(Typed({name: BLOCKS[name] for name, places in PLACES.items() if surface in places}), most, 0)


VIEW = {
    "modal": Shape(
        {
            "type": TYPE,
            "title": plain(24),
            "blocks": Anything(),
            "close": plain(24),
            "submit": plain(24),
            "private_metadata": String(3000),
            "callback_id": String(255),
            "external_id": String(255),
            "clear_on_close": Flag(),
            "notify_on_close": Flag(),
            "submit_disabled": Flag(),
        },
        ("title", "blocks"),
    ),
    "home": Shape(
        {
            "type": TYPE,
            "blocks": Anything(),
            "private_metadata": String(3000),
            "callback_id": String(255),
            "external_id": String(255),
        },
        ("blocks",),
    ),
}
