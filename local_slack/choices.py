"""What a person puts into menus and inputs, as the payloads carry it.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and
https://docs.slack.dev/reference/views#state
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from local_slack.message import Json
from local_slack.outcome import NotPossible

# The names under which payloads carry a choice, and elements what was chosen before.
_ONE = {
    "datepicker": ("selected_date", "initial_date"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_MANY = {
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "file_input": ("files", ""),
}
_OPTION = ("static_select", "external_select", "radio_buttons")
_OPTIONS = ("checkboxes", "multi_static_select", "multi_external_select")
_FORMS = {
    "datepicker": (r"\d{4}-\d\d-\d\d", "a date like 2026-02-28"),
    "email_text_input": (r"[^\s@]+@[^\s@]+\.[^\s@]+", "an email address"),
    "url_text_input": (r"https?://\S+", "a web address"),
}

Choose: TypeAlias = Callable[[Json, Json, Any], Json]
"""What a value becomes in the payload, for an element in a block."""


def elements(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """The interactive elements of ``blocks``, each with the block that holds it."""
    for block in blocks:
        inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in inside:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def element_of(
    blocks: Sequence[Json], action_id: str, block_id: str | None = None
) -> tuple[Json, Json]:
    """The element that is called so, with its block; raises `NotPossible` without one."""
    for block, element in elements(blocks):
        if element["action_id"] == action_id and block_id in (None, block["block_id"]):
            return block, element
    raise NotPossible(f"there is nothing called {action_id} to press")


def chosen(element: Json, value: Any, offered: Sequence[Json] = ()) -> Json:
    """What ``value`` becomes in the payload; nothing for a button.

    Options are named by their value, by the text they show, or given as they are. ``offered`` are
    further options, suggested by the app. Raises `NotPossible` for one that is not offered, and for
    a value that Slack's own client would not take.
    """
    kind = element["type"]
    if kind in _OPTION:
        return {"selected_option": None if value is None else _option(element, value, offered)}
    if kind in _OPTIONS or kind in _MANY:
        values = [value] if isinstance(value, str) else list(value or ())
        most = element.get("max_selected_items") or element.get("max_files")
        if most is not None and len(values) > most:
            raise NotPossible(f"{element['action_id']} takes no more than {most}")
        if kind in _MANY:
            return {_MANY[kind][0]: values}
        return {"selected_options": [_option(element, one, offered) for one in values]}
    if kind in _ONE:
        return {_ONE[kind][0]: _fitting(element, value)}
    return {}


def _fitting(element: Json, value: Any) -> Any:
    """``value`` as the element's own form of it; raises `NotPossible` where it has not got it."""
    kind = element["type"]
    if value in (None, ""):
        return None
    if kind == "rich_text_input":
        return _rich(value) if isinstance(value, str) else value
    if kind == "plain_text_input":
        most, least = element.get("max_length", 3000), element.get("min_length", 0)
        if not least <= len(value) <= most:
            raise NotPossible(f"{element['action_id']} takes {least} to {most} characters")
    elif kind == "number_input":
        _counted(element, str(value))
        return str(value)
    elif kind in _FORMS and not re.fullmatch(_FORMS[kind][0], str(value)):
        raise NotPossible(f"{element['action_id']} takes {_FORMS[kind][1]}")
    return value


def _counted(element: Json, value: str) -> None:
    """https://docs.slack.dev/reference/block-kit/block-elements/number-input-element"""
    name = element["action_id"]
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise NotPossible(f"{name} takes a number")
    if not element["is_decimal_allowed"] and number != number.to_integral_value():
        raise NotPossible(f"{name} takes a whole number")
    if "min_value" in element and number < Decimal(element["min_value"]):
        raise NotPossible(f"{name} takes {element['min_value']} or more")
    if "max_value" in element and number > Decimal(element["max_value"]):
        raise NotPossible(f"{name} takes {element['max_value']} or less")


def _rich(text: str) -> Json:
    """Text without any formatting, as the composer sends it."""
    leaf = {"type": "text", "text": text}
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [leaf]}],
    }


def _option(element: Json, wanted: Any, offered: Sequence[Json]) -> Json:
    own = [
        *element.get("options", ()),
        *(one for group in element.get("option_groups", ()) for one in group["options"]),
        *element.get("initial_options", ()),
        *([element["initial_option"]] if "initial_option" in element else ()),
    ]
    name = wanted.get("value") if isinstance(wanted, dict) else str(wanted)
    for option in (*own, *offered):
        if name in (option.get("value"), option["text"]["text"]):
            payload: Json = option
            return payload
    raise NotPossible(f"{element['action_id']} does not offer {name!r}")


def keeps_choice(element: Json) -> bool:
    """Whether what was chosen stays chosen: not so for buttons."""
    return element["type"] in (*_ONE, *_MANY, *_OPTION, *_OPTIONS)


def _initial(element: Json) -> Json:
    """The value of an element that the person has not changed."""
    kind = element["type"]
    if kind in _OPTION:
        return {"selected_option": element.get("initial_option")}
    if kind in _OPTIONS:
        return {"selected_options": list(element.get("initial_options", ()))}
    if kind in _MANY:
        return {_MANY[kind][0]: list(element.get(_MANY[kind][1], ()))}
    return {_ONE[kind][0]: element.get(_ONE[kind][1])}


def values_of(
    blocks: Sequence[Json], before: Json, values: Mapping[str, Any], choose: Choose
) -> Json:
    """The ``state.values`` of ``blocks``: every element that keeps a choice, in every block.

    https://api.slack.com/changelog/2020-09-full-state-on-view-submisson-and-block-actions

    ``values`` are what was put in, by ``block id/action id``, by block id where the block has only
    one element, or by action id; where nothing was, it is as in the state ``before``, else as the
    app wants it initially.
    Raises `NotPossible` for a value that no element takes.
    """
    state: Json = {}
    unused = set(values)
    for block, element in elements(blocks):
        if not keeps_choice(element):
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        alone = () if block["type"] == "actions" else (block_id,)
        names = [one for one in (f"{block_id}/{action_id}", *alone, action_id) if one in values]
        kept = before.get(block_id, {}).get(action_id)
        if names:
            unused.discard(names[0])
            entry = {"type": element["type"], **choose(block, element, values[names[0]])}
        elif kept and kept["type"] == element["type"]:
            entry = kept
        else:
            entry = {"type": element["type"], **_initial(element)}
        state.setdefault(block_id, {})[action_id] = entry
    if unused:
        raise NotPossible(f"there is no input {', '.join(sorted(unused))}")
    return state


def need_required(blocks: Sequence[Json], state: Json) -> None:
    """Raise `NotPossible` when a required input is empty, as Slack's own client does."""
    for block, element in elements(blocks):
        if block["type"] == "input" and not block.get("optional", False):
            entry = state[block["block_id"]][element["action_id"]]
            carried = [value for name, value in entry.items() if name != "type"]
            if all(value in (None, "", []) for value in carried):
                raise NotPossible(f"{block['label']['text']!r} must be filled in")
