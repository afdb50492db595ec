"""Blocks: what a message, a modal or a Home tab is laid out with.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Iterator

from local_slack.blocks.cards import ALERT, CARD, CAROUSEL, PLAN, TASK_CARD
from local_slack.blocks.composition import SLACK_FILE, plain, text
from local_slack.blocks.elements import (
    ACTION_ELEMENTS,
    ELEMENTS,
    IMAGE,
    INPUT_ELEMENTS,
    SECTION_ELEMENTS,
    image_source,
)
from local_slack.blocks.rich_text import RICH_TEXT
from local_slack.blocks.schema import (
    Check,
    Field,
    array,
    block,
    boolean,
    complaint,
    integer,
    one_of,
    record,
    string,
    tagged,
    unique,
    url,
)


def _text_or_fields(value: dict[str, object], pointer: str) -> Iterator[str]:
    if "text" not in value and "fields" not in value:
        yield complaint("must define either `text` or `fields`", f"{pointer}/type")


# https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION = block(
    "section",
    {
        "text": Field(text(3000)),
        "fields": Field(array(text(2000), 1, 10)),
        "accessory": Field(tagged(ELEMENTS, SECTION_ELEMENTS)),
        "expand": Field(boolean),
    },
    _text_or_fields,
)

# https://docs.slack.dev/reference/block-kit/blocks/header-block
HEADER = block("header", {"text": Field(plain(150), required=True)})

# https://docs.slack.dev/reference/block-kit/blocks/context-block
_CONTEXT_TEXT = text(3000)
CONTEXT = block(
    "context",
    {
        "elements": Field(
            array(
                tagged({"image": IMAGE, "mrkdwn": _CONTEXT_TEXT, "plain_text": _CONTEXT_TEXT}),
                1,
                10,
            ),
            required=True,
        )
    },
)

# https://docs.slack.dev/reference/block-kit/blocks/divider-block
DIVIDER = block("divider", {})


def _unique_actions(value: dict[str, object], pointer: str) -> Iterator[str]:
    """``action_id`` is unique among those of its block: the page of every element says so."""
    elements = value.get("elements")
    if isinstance(elements, list):
        yield from unique(
            "action_id",
            (
                (str(element["action_id"]), f"{pointer}/elements/{index}/action_id")
                for index, element in enumerate(elements)
                if isinstance(element, dict) and "action_id" in element
            ),
        )


# https://docs.slack.dev/reference/block-kit/blocks/actions-block
ACTIONS = block(
    "actions",
    {"elements": Field(array(tagged(ELEMENTS, ACTION_ELEMENTS), 1, 25), required=True)},
    _unique_actions,
)

# https://docs.slack.dev/reference/block-kit/blocks/context-actions-block
CONTEXT_ACTIONS = block(
    "context_actions",
    {
        "elements": Field(
            array(tagged(ELEMENTS, ("feedback_buttons", "icon_button")), 1, 5), required=True
        )
    },
    _unique_actions,
)

# https://docs.slack.dev/reference/block-kit/blocks/image-block
IMAGE_BLOCK = block(
    "image",
    {
        "image_url": Field(url(3000)),
        "slack_file": Field(SLACK_FILE),
        "alt_text": Field(string(1, 2000), required=True),
        "title": Field(plain(2000)),
    },
    image_source,
)

# https://docs.slack.dev/reference/block-kit/blocks/input-block
INPUT = block(
    "input",
    {
        "label": Field(plain(2000), required=True),
        "element": Field(tagged(ELEMENTS, INPUT_ELEMENTS), required=True),
        "dispatch_action": Field(boolean),
        "hint": Field(plain(2000)),
        "optional": Field(boolean),
    },
)

# https://docs.slack.dev/reference/block-kit/blocks/markdown-block
MARKDOWN = block("markdown", {"text": Field(string(1, 12000), required=True)})

# https://docs.slack.dev/reference/block-kit/blocks/video-block
VIDEO = block(
    "video",
    {
        "alt_text": Field(string(1), required=True),
        "title": Field(plain(199), required=True),
        "title_url": Field(url()),
        "thumbnail_url": Field(url(), required=True),
        "video_url": Field(url(), required=True),
        "author_name": Field(string(1, 49)),
        "description": Field(plain(199)),
        "provider_name": Field(string(1)),
        "provider_icon_url": Field(url()),
    },
)


def _number(value: object, pointer: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield complaint("must provide a number", pointer)


_CELL = tagged(
    {
        "raw_text": record(
            {
                "type": Field(one_of("raw_text"), required=True),
                "text": Field(string(1), required=True),
            }
        ),
        "raw_number": record(
            {
                "type": Field(one_of("raw_number"), required=True),
                "value": Field(_number, required=True),
                "text": Field(string(1)),
            }
        ),
        "rich_text": RICH_TEXT,
    }
)


def _columns(value: object, pointer: str) -> Iterator[str]:
    if value is not None:  # a null skips a column
        yield from record(
            {
                "align": Field(one_of("left", "center", "right")),
                "is_wrapped": Field(boolean),
                "width": Field(integer(1)),
            }
        )(value, pointer)


# https://docs.slack.dev/reference/block-kit/blocks/table-block
TABLE = block(
    "table",
    {
        "rows": Field(array(array(_CELL, 1, 20), 1, 100), required=True),
        "column_settings": Field(array(_columns, 0, 20)),
    },
)


def _header(value: dict[str, object], pointer: str) -> Iterator[str]:
    if "title" not in value and "rich_text_title" not in value:
        yield complaint("must define either `title` or `rich_text_title`", f"{pointer}/type")
    if value.get("is_collapsible") and value.get("has_header_divider"):
        yield complaint("cannot be set when `is_collapsible`", f"{pointer}/has_header_divider")
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield complaint("requires `is_collapsible`", f"{pointer}/default_collapsed")


_INSIDE: dict[str, Check] = {
    "section": SECTION,
    "header": HEADER,
    "context": CONTEXT,
    "divider": DIVIDER,
    "actions": ACTIONS,
    "image": IMAGE_BLOCK,
    "input": INPUT,
    "rich_text": RICH_TEXT,
    "table": TABLE,
    "video": VIDEO,
}
# https://docs.slack.dev/reference/block-kit/blocks/container-block
CONTAINER = block(
    "container",
    {
        "child_blocks": Field(array(tagged(_INSIDE), 1, 10), required=True),
        "title": Field(plain(150)),
        "rich_text_title": Field(RICH_TEXT),
        "subtitle": Field(text(150)),
        "width": Field(one_of("narrow", "standard", "wide", "full")),
        "icon": Field(IMAGE),
        "is_collapsible": Field(boolean),
        "default_collapsed": Field(boolean),
        "has_header_divider": Field(boolean),
    },
    _header,
)

# Which block fits on which surface: https://docs.slack.dev/blocks.json
_EVERYWHERE: dict[str, Check] = {
    "section": SECTION,
    "header": HEADER,
    "context": CONTEXT,
    "divider": DIVIDER,
    "actions": ACTIONS,
    "card": CARD,
    "image": IMAGE_BLOCK,
    "input": INPUT,
    "rich_text": RICH_TEXT,
    "video": VIDEO,
}
IN_MODALS: dict[str, Check] = {**_EVERYWHERE, "alert": ALERT}
ON_HOME: dict[str, Check] = {**_EVERYWHERE, "carousel": CAROUSEL}
# A file block shows remote files in what is read back; apps cannot add one themselves:
# https://docs.slack.dev/reference/block-kit/blocks/file-block
IN_MESSAGES: dict[str, Check] = {
    **_EVERYWHERE,
    "carousel": CAROUSEL,
    "container": CONTAINER,
    "context_actions": CONTEXT_ACTIONS,
    "markdown": MARKDOWN,
    "plan": PLAN,
    "table": TABLE,
    "task_card": TASK_CARD,
}
