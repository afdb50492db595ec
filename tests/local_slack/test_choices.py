"""What people choose becomes what Slack's payloads carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from local_slack import NotPossible, view_violations
from local_slack.choices import chosen, element_of, need_required, values_of

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": plain(value.upper()), "value": value}


OPTIONS = [option("a"), option("b")]
RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]}],
}
PICKED: list[tuple[Json, Any, Json]] = [
    ({"type": "static_select", "options": OPTIONS}, "a", {"selected_option": OPTIONS[0]}),
    ({"type": "static_select", "options": OPTIONS}, "B", {"selected_option": OPTIONS[1]}),
    ({"type": "static_select", "options": OPTIONS}, OPTIONS[1], {"selected_option": OPTIONS[1]}),
    ({"type": "static_select", "options": OPTIONS}, None, {"selected_option": None}),
    (
        {"type": "static_select", "option_groups": [{"label": plain("G"), "options": OPTIONS}]},
        "b",
        {"selected_option": OPTIONS[1]},
    ),
    (
        {"type": "multi_static_select", "options": OPTIONS, "max_selected_items": 2},
        ["a", "b"],
        {"selected_options": OPTIONS},
    ),
    ({"type": "radio_buttons", "options": OPTIONS}, "a", {"selected_option": OPTIONS[0]}),
    ({"type": "checkboxes", "options": OPTIONS}, ["b"], {"selected_options": [OPTIONS[1]]}),
    ({"type": "checkboxes", "options": OPTIONS}, None, {"selected_options": []}),
    ({"type": "users_select"}, "U1", {"selected_user": "U1"}),
    ({"type": "multi_users_select"}, ["U1", "U2"], {"selected_users": ["U1", "U2"]}),
    ({"type": "multi_users_select"}, None, {"selected_users": []}),
    ({"type": "conversations_select"}, "C1", {"selected_conversation": "C1"}),
    ({"type": "multi_conversations_select"}, ["C1"], {"selected_conversations": ["C1"]}),
    ({"type": "channels_select"}, "C1", {"selected_channel": "C1"}),
    ({"type": "multi_channels_select"}, ["C1"], {"selected_channels": ["C1"]}),
    ({"type": "datepicker"}, "2026-02-28", {"selected_date": "2026-02-28"}),
    ({"type": "plain_text_input"}, "hi", {"value": "hi"}),
    ({"type": "plain_text_input"}, "", {"value": None}),
    ({"type": "email_text_input"}, "a@b.example", {"value": "a@b.example"}),
    ({"type": "url_text_input"}, "https://b.example/x", {"value": "https://b.example/x"}),
    ({"type": "number_input", "is_decimal_allowed": False}, 7, {"value": "7"}),
    ({"type": "number_input", "is_decimal_allowed": True}, "7.5", {"value": "7.5"}),
    ({"type": "rich_text_input"}, "hi", {"rich_text_value": RICH}),
    ({"type": "rich_text_input"}, RICH, {"rich_text_value": RICH}),
]


@pytest.mark.parametrize(("element", "value", "expected"), PICKED)
def test_a_choice_is_carried_under_the_name_slack_gives_it(
    element: Json, value: Any, expected: Json
) -> None:
    named = {**element, "action_id": "x"}
    assert chosen(named, value) == expected
    block = {"type": "input", "label": plain("L"), "element": named}
    view = {"type": "modal", "title": plain("T"), "submit": plain("S"), "blocks": [block]}
    assert view_violations(view) == []


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "static_select", "options": OPTIONS}, "c"),
        ({"type": "external_select"}, "c"),
        ({"type": "multi_static_select", "options": OPTIONS, "max_selected_items": 1}, ["a", "b"]),
        ({"type": "datepicker"}, "28.2.2026"),
        ({"type": "plain_text_input", "min_length": 3}, "hi"),
        ({"type": "plain_text_input", "max_length": 1}, "hi"),
        ({"type": "email_text_input"}, "me"),
        ({"type": "url_text_input"}, "b.example"),
        ({"type": "number_input", "is_decimal_allowed": False}, "7.5"),
        ({"type": "number_input", "is_decimal_allowed": True}, "many"),
        ({"type": "number_input", "is_decimal_allowed": True}, "inf"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "3"}, "2.9"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "3"}, "3.1"),
    ],
)
def test_what_slacks_client_does_not_take_is_not_possible(element: Json, value: Any) -> None:
    with pytest.raises(NotPossible, match="x "):
        chosen({**element, "action_id": "x"}, value)


def test_an_option_that_was_suggested_carries_its_text() -> None:
    element = {"type": "external_select", "action_id": "x"}
    assert chosen(element, "a", OPTIONS) == {"selected_option": OPTIONS[0]}
    assert chosen(element, OPTIONS[0], OPTIONS) == {"selected_option": OPTIONS[0]}
    with pytest.raises(NotPossible):
        chosen(element, option("c"), OPTIONS)
    many = {"type": "multi_external_select", "action_id": "x", "initial_options": [option("c")]}
    assert chosen(many, ["a", "c"], OPTIONS) == {"selected_options": [OPTIONS[0], option("c")]}


# a whole surface

BLOCKS: list[Json] = [
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "go", "text": plain("Go")},
            {"type": "static_select", "action_id": "one", "options": OPTIONS},
            {"type": "datepicker", "action_id": "day", "initial_date": "2026-02-28"},
        ],
    },
    {
        "type": "section",
        "block_id": "text",
        "text": plain("hi"),
        "accessory": {"type": "checkboxes", "action_id": "many", "options": OPTIONS},
    },
    {
        "type": "input",
        "block_id": "why",
        "label": plain("Why"),
        "element": {"type": "plain_text_input", "action_id": "why_text"},
    },
]


def choose(_: Json, element: Json, value: Any) -> Json:
    return chosen(element, value)


def values(before: Json, given: Mapping[str, Any]) -> Json:
    return values_of(BLOCKS, before, given, choose)


def test_the_state_holds_every_element_that_keeps_a_choice() -> None:
    assert values({}, {}) == {
        "row": {
            "one": {"type": "static_select", "selected_option": None},
            "day": {"type": "datepicker", "selected_date": "2026-02-28"},
        },
        "text": {"many": {"type": "checkboxes", "selected_options": []}},
        "why": {"why_text": {"type": "plain_text_input", "value": None}},
    }


def test_values_are_named_by_block_by_action_or_by_both() -> None:
    first = values({}, {"row/one": "a", "why": "because", "many": ["b"]})
    assert first["row"]["one"]["selected_option"] == OPTIONS[0]
    assert first["text"]["many"]["selected_options"] == [OPTIONS[1]]
    assert first["why"]["why_text"]["value"] == "because"
    assert values(first, {})["why"] == first["why"]
    assert values(first, {"row/one": None})["row"]["one"]["selected_option"] is None
    with pytest.raises(NotPossible, match="there is no input nothing"):
        values({}, {"nothing": "x"})


def test_what_was_chosen_in_another_kind_of_element_is_forgotten() -> None:
    before = {"row": {"one": {"type": "users_select", "selected_user": "U1"}}}
    assert values(before, {})["row"]["one"] == {"type": "static_select", "selected_option": None}


def test_a_required_input_must_be_filled_in() -> None:
    with pytest.raises(NotPossible, match="'Why' must be filled in"):
        need_required(BLOCKS, values({}, {}))
    need_required(BLOCKS, values({}, {"why": "because"}))


def test_an_element_is_found_by_its_block_where_names_repeat() -> None:
    button = {"type": "button", "action_id": "go"}
    blocks = [
        {"type": "section", "block_id": name, "accessory": {**button, "value": name}}
        for name in ("first", "second")
    ]
    assert element_of(blocks, "go")[1]["value"] == "first"
    assert element_of(blocks, "go", "second")[1]["value"] == "second"
    with pytest.raises(NotPossible):
        element_of(blocks, "go", "third")
