"""What a person puts into menus and inputs, as the payloads carry it.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and
https://docs.slack.dev/reference/views#state
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_slack.message import Json
from local_slack.outcome import NotPossible
from local_slack.state import OpenView

_ONE = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_OPTION = ("static_select", "external_select", "radio_buttons", "overflow")
_OPTIONS = ("checkboxes", "multi_static_select", "multi_external_select")


def chosen(element: Json, value: Any) -> Json:
    """What ``value`` becomes in the payload; nothing for a button.

    Options are named by their value or by the text they show. Raises `NotPossible` for one that is
    not offered.
    """
    kind = element["type"]
    if kind in _OPTION:
        return {"selected_option": None if value is None else _option(element, str(value))}
    if kind in _OPTIONS:
        return {"selected_options": [_option(element, str(one)) for one in value or ()]}
    if kind in _ONE:
        _fits(element, value)
        return {_ONE[kind][0]: value}
    return {}


def _fits(element: Json, value: Any) -> None:
    if element["type"] != "plain_text_input" or not isinstance(value, str):
        return
    most, least = element.get("max_length", 3000), element.get("min_length", 0)
    if not least <= len(value) <= most:
        raise NotPossible(f"{element['action_id']} takes {least} to {most} characters")


def _option(element: Json, wanted: str) -> Json:
    offered = [
        *element.get("options", ()),
        *(one for group in element.get("option_groups", ()) for one in group["options"]),
    ]
    for option in offered:
        if wanted in (option.get("value"), option["text"]["text"]):
            found: Json = option
            return found
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": wanted}, "value": wanted}
    raise NotPossible(f"{element['action_id']} does not offer {wanted!r}")


def _initial(element: Json) -> Any:
    kind = element["type"]
    if kind in _OPTION:
        option = element.get("initial_option")
        return None if option is None else option["value"]
    if kind in _OPTIONS:
        return [one["value"] for one in element.get("initial_options", ())]
    return element.get(_ONE[kind][1]) if kind in _ONE else None


def filled_in(view: OpenView, values: Mapping[str, Any]) -> Json:
    """The state of a view when ``values`` (by action id, or by block id) were put into its inputs.

    Raises `NotPossible` when a value has no input, or a required input stays empty, as Slack's own
    client would.
    """
    state: Json = {}
    unused = set(values)
    for block in view.body["blocks"]:
        if block["type"] != "input":
            continue
        element, block_id = block["element"], block["block_id"]
        key = element["action_id"] if element["action_id"] in values else block_id
        unused.discard(key)
        value = values.get(key, _initial(element))
        if value in (None, "", []) and not block.get("optional", False):
            raise NotPossible(f"{block['label']['text']!r} must be filled in")
        entry = {"type": element["type"], **chosen(element, value)}
        state.setdefault(block_id, {})[element["action_id"]] = entry
    if unused:
        raise NotPossible(f"the view has no input {', '.join(sorted(unused))}")
    return state
