"""Block elements: buttons, menus, date pickers and inputs.

Slack has more. Other elements are refused, as other blocks are.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from local_slack.blocks.composition import (
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH,
    OPTION_GROUP,
    option,
    plain,
)
from local_slack.blocks.rich_text import RICH_TEXT
from local_slack.blocks.schema import (
    Check,
    Field,
    array,
    boolean,
    complaint,
    integer,
    one_of,
    record,
    string,
    url,
)

ACTION_ID = Field(string(1, 255))
FOCUS = Field(boolean)
PLACEHOLDER = Field(plain(150))
ID = Field(string(1))


_Rule: TypeAlias = Callable[[dict[str, object], str], Iterator[str]]


def _element(kind: str, fields: Mapping[str, Field], *rules: _Rule) -> Check:
    return record(
        {"type": Field(one_of(kind), required=True), "action_id": ACTION_ID, **fields}, *rules
    )


# https://docs.slack.dev/reference/block-kit/block-elements/button-element
BUTTON = _element(
    "button",
    {
        "text": Field(plain(75), required=True),
        "url": Field(url(3000)),
        "value": Field(string(0, 2000)),
        "style": Field(one_of("primary", "danger")),
        "confirm": Field(CONFIRM),
        "accessibility_label": Field(string(1, 75)),
    },
)

_BOXED = option(mrkdwn=True)


def _boxes(kind: str, initial: Field) -> Check:
    """Checkboxes and radio buttons: at most 10 options.

    https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element
    https://docs.slack.dev/reference/block-kit/block-elements/radio-button-group-element
    """
    name = "initial_options" if kind == "checkboxes" else "initial_option"
    return _element(
        kind,
        {
            "options": Field(array(_BOXED, 1, 10), required=True),
            name: initial,
            "confirm": Field(CONFIRM),
            "focus_on_load": FOCUS,
        },
    )


def _dated(value: object, pointer: str) -> Iterator[str]:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        yield complaint("must be a valid date in the format YYYY-MM-DD", pointer)


# https://docs.slack.dev/reference/block-kit/block-elements/date-picker-element
DATEPICKER = _element(
    "datepicker",
    {
        "initial_date": Field(_dated),
        "placeholder": PLACEHOLDER,
        "confirm": Field(CONFIRM),
        "focus_on_load": FOCUS,
    },
)


def _options_or_groups(value: dict[str, object], pointer: str) -> Iterator[str]:
    if ("options" in value) == ("option_groups" in value):
        yield complaint("must define either `options` or `option_groups`", pointer)


_STATIC = {
    "options": Field(array(option(), 1, 100)),
    "option_groups": Field(array(OPTION_GROUP, 1, 100)),
}
# https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload: «a maximum of 100
# options or option groups»
SUGGESTIONS = record(
    {
        "options": Field(array(option(), 0, 100)),
        "option_groups": Field(array(OPTION_GROUP, 0, 100)),
    },
    _options_or_groups,
)
_MENU = {"placeholder": PLACEHOLDER, "confirm": Field(CONFIRM), "focus_on_load": FOCUS}
_MANY = {"max_selected_items": Field(integer(1))}
_IDS = array(string(1))


def _menus() -> Iterator[tuple[str, Check]]:
    """Select and multi-select menus; ``response_url_enabled`` belongs to single selects.

    https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
    https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
    """
    reply = {"response_url_enabled": Field(boolean)}
    talk = {"default_to_current_conversation": Field(boolean), "filter": Field(CONVERSATION_FILTER)}
    query = {"min_query_length": Field(integer(0))}
    one, many = (
        {"initial_option": Field(option())},
        {"initial_options": Field(array(option(), 1, 100))},
    )
    fields: dict[str, dict[str, Field]] = {
        "static_select": {**_STATIC, **one},
        "multi_static_select": {**_STATIC, **many, **_MANY},
        "external_select": {**query, **one},
        "multi_external_select": {**query, **many, **_MANY},
        "users_select": {"initial_user": ID},
        "multi_users_select": {"initial_users": Field(_IDS), **_MANY},
        "conversations_select": {"initial_conversation": ID, **reply, **talk},
        "multi_conversations_select": {"initial_conversations": Field(_IDS), **talk, **_MANY},
        "channels_select": {"initial_channel": ID, **reply},
        "multi_channels_select": {"initial_channels": Field(_IDS), **_MANY},
    }
    for kind, own in fields.items():
        rules = (_options_or_groups,) if "options" in own else ()
        yield kind, _element(kind, {**_MENU, **own}, *rules)


_TYPED = {
    "placeholder": PLACEHOLDER,
    "focus_on_load": FOCUS,
    "dispatch_action_config": Field(DISPATCH),
}


def _inputs() -> Iterator[tuple[str, Check]]:
    """What people type or upload.

    https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element and its
    neighbours (email, number, url, rich text, file input).
    """
    fields: dict[str, dict[str, Field]] = {
        "plain_text_input": {
            **_TYPED,
            "initial_value": Field(string(0, 3000)),
            "multiline": Field(boolean),
            "min_length": Field(integer(0, 3000)),
            "max_length": Field(integer(1, 3000)),
        },
        "rich_text_input": {**_TYPED, "initial_value": Field(RICH_TEXT)},
        "email_text_input": {**_TYPED, "initial_value": Field(string())},
        "url_text_input": {**_TYPED, "initial_value": Field(string())},
        "number_input": {
            **_TYPED,
            "is_decimal_allowed": Field(boolean, required=True),
            "initial_value": Field(string()),
            "min_value": Field(string()),
            "max_value": Field(string()),
        },
        "file_input": {
            "filetypes": Field(array(string(1))),
            "max_files": Field(integer(1, 10)),
        },
    }
    for kind, own in fields.items():
        yield kind, _element(kind, own)


ELEMENTS: dict[str, Check] = {
    "button": BUTTON,
    "checkboxes": _boxes("checkboxes", Field(array(_BOXED, 1, 10))),
    "radio_buttons": _boxes("radio_buttons", Field(_BOXED)),
    "datepicker": DATEPICKER,
    **dict(_menus()),
    **dict(_inputs()),
}

_SELECTS = tuple(name for name in ELEMENTS if name.endswith("_select"))
_CHOSEN = ("checkboxes", "radio_buttons", "datepicker", *_SELECTS)
# Which elements fit where: the «works with» lists of each element's page, and of
# https://docs.slack.dev/reference/block-kit/blocks/section-block, …/actions-block and …/input-block
SECTION_ELEMENTS = ("button", *_CHOSEN)
ACTION_ELEMENTS = ("button", *_CHOSEN, "rich_text_input")
INPUT_ELEMENTS = (*_CHOSEN, *(name for name in ELEMENTS if name.endswith("_input")))
