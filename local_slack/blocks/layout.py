"""The blocks that messages, modals and Home tabs of the product consist of.

Slack has more. Others are refused, so no view can send a block that is not checked and drawn here.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Iterator

from local_slack.blocks.composition import plain, text
from local_slack.blocks.elements import (
    ACTION_ELEMENTS,
    ELEMENTS,
    INPUT_ELEMENTS,
    SECTION_ELEMENTS,
)
from local_slack.blocks.rich_text import RICH_TEXT
from local_slack.blocks.schema import (
    Check,
    Field,
    array,
    block,
    boolean,
    complaint,
    tagged,
    unique,
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
            array(tagged({"mrkdwn": _CONTEXT_TEXT, "plain_text": _CONTEXT_TEXT}), 1, 10),
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

BLOCKS: dict[str, Check] = {
    "section": SECTION,
    "header": HEADER,
    "context": CONTEXT,
    "divider": DIVIDER,
    "actions": ACTIONS,
    "input": INPUT,
    "rich_text": RICH_TEXT,
}
"""They all fit on every surface: https://docs.slack.dev/blocks.json"""
