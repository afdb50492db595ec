"""Every limit of Block Kit: what is within it passes, one more is refused in Slack's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_slack import violations
from local_slack.blocks import too_long

Json = dict[str, Any]


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def options(count: int) -> list[Json]:
    return [{"text": plain(f"o{n}"), "value": f"v{n}"} for n in range(count)]


def select(kind: str, count: int) -> Json:
    return {"type": kind, "action_id": "pick", "options": options(count)}


def section(**more: Any) -> Json:
    return {"type": "section", **more}


def confirm(**more: Any) -> Json:
    whole = {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")}
    return button(confirm=whole | more)


WITHIN_AND_BEYOND = [
    ("section text", section(text=mrkdwn("x" * 3000)), section(text=mrkdwn("x" * 3001))),
    ("section text empty", section(text=mrkdwn("x")), section(text=mrkdwn(""))),
    ("fields", section(fields=[mrkdwn("x")] * 10), section(fields=[mrkdwn("x")] * 11)),
    ("field", section(fields=[mrkdwn("x" * 2000)]), section(fields=[mrkdwn("x" * 2001)])),
    (
        "header",
        {"type": "header", "text": plain("x" * 150)},
        {"type": "header", "text": plain("x" * 151)},
    ),
    (
        "header kind",
        {"type": "header", "text": plain("x")},
        {"type": "header", "text": mrkdwn("x")},
    ),
    ("button text", actions(button(text=plain("x" * 75))), actions(button(text=plain("x" * 76)))),
    ("button value", actions(button(value="x" * 2000)), actions(button(value="x" * 2001))),
    ("button style", actions(button(style="danger")), actions(button(style="warning"))),
    (
        "button url",
        actions(button(url="https://e.example")),
        actions(button(url="ftp://e.example")),
    ),
    ("action id", actions(button(action_id="x" * 255)), actions(button(action_id="x" * 256))),
    (
        "block id",
        section(text=plain("x"), block_id="x" * 255),
        section(text=plain("x"), block_id="x" * 256),
    ),
    (
        "elements",
        actions(*(button(action_id=str(n)) for n in range(25))),
        actions(*(button(action_id=str(n)) for n in range(26))),
    ),
    ("no elements", actions(button()), actions()),
    (
        "context",
        {"type": "context", "elements": [mrkdwn("x")] * 10},
        {"type": "context", "elements": [mrkdwn("x")] * 11},
    ),
    (
        "context elements",
        {"type": "context", "elements": [plain("x")]},
        {"type": "context", "elements": [button()]},
    ),
    (
        "confirm title",
        actions(confirm(title=plain("x" * 100))),
        actions(confirm(title=plain("x" * 101))),
    ),
    (
        "confirm text",
        actions(confirm(text=mrkdwn("x" * 300))),
        actions(confirm(text=mrkdwn("x" * 301))),
    ),
    (
        "confirm yes",
        actions(confirm(confirm=plain("x" * 30))),
        actions(confirm(confirm=plain("x" * 31))),
    ),
    ("confirm no", actions(confirm(deny=plain("x" * 30))), actions(confirm(deny=plain("x" * 31)))),
    ("select", actions(select("static_select", 100)), actions(select("static_select", 101))),
    ("radio", actions(select("radio_buttons", 10)), actions(select("radio_buttons", 11))),
    ("checkboxes", actions(select("checkboxes", 10)), actions(select("checkboxes", 11))),
    (
        "accessory",
        section(text=plain("x"), accessory=button()),
        section(text=plain("x"), accessory={"type": "plain_text_input", "action_id": "a"}),
    ),
    ("text or fields", section(text=plain("x")), section()),
    ("unknown property", section(text=plain("x")), section(text=plain("x"), colour="red")),
    (
        "emoji",
        section(text=plain("x") | {"emoji": True}),
        section(text=mrkdwn("x") | {"emoji": True}),
    ),
    (
        "verbatim",
        section(text=mrkdwn("x") | {"verbatim": True}),
        section(text=plain("x") | {"verbatim": True}),
    ),
    (
        "rich text",
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
            ],
        },
        {"type": "rich_text", "elements": [{"type": "text", "text": "x"}]},
    ),
    ("file", section(text=plain("x")), {"type": "file", "external_id": "x", "source": "remote"}),
    ("value kind", actions(button(value="1042")), actions(button(value=1042))),
]


@pytest.mark.parametrize(
    ("within", "beyond"),
    [(w, b) for _, w, b in WITHIN_AND_BEYOND],
    ids=[n for n, _, _ in WITHIN_AND_BEYOND],
)
def test_what_is_within_a_limit_passes_and_what_is_beyond_is_refused(
    within: Json, beyond: Json
) -> None:
    assert [one for one in violations([within]) if "msg_blocks_too_long" not in one] == []
    assert violations([beyond]) != []


def test_a_message_takes_50_blocks_and_a_view_100() -> None:
    divider = {"type": "divider"}
    assert violations([divider] * 50) == []
    assert violations([divider] * 51) == [
        "[ERROR] no more than 50 items allowed [json-pointer:/blocks]"
    ]
    assert violations([divider] * 100, "home") == []
    assert violations([divider] * 101, "modal") != []


def test_the_words_are_those_of_slack() -> None:
    assert violations([section(text=mrkdwn("x" * 3001))]) == [
        "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]
    assert violations([section()]) == [
        "[ERROR] must define either `text` or `fields` [json-pointer:/blocks/0/type]"
    ]
    assert violations([{"type": "chart"}]) == [
        "[ERROR] unsupported type: chart [json-pointer:/blocks/0/type]"
    ]
    assert violations([{"type": "header"}]) == [
        "[ERROR] missing required field: text [json-pointer:/blocks/0]"
    ]


def test_a_block_id_is_used_once_in_a_message() -> None:
    one = section(text=plain("x"), block_id="same")
    assert violations([one, one]) == [
        "[ERROR] `block_id` must be unique: same [json-pointer:/blocks/1/block_id]"
    ]


def test_an_action_id_is_used_once_in_a_block_but_may_return_in_another() -> None:
    assert violations([actions(button(), button())]) != []
    assert violations([actions(button()), actions(button())]) == []


def test_blocks_that_are_each_fine_may_be_too_long_together() -> None:
    # what was accepted and rejected in https://github.com/slackapi/bolt-js/issues/2867
    assert not too_long([section(text=mrkdwn("x" * 192))] * 50)
    assert too_long([section(text=mrkdwn("x" * 252))] * 45)
    assert violations([section(text=mrkdwn("x" * 3000))] * 4)[0].startswith(
        "[ERROR] msg_blocks_too_long"
    )


def test_files_are_put_into_modals_only() -> None:
    upload = {
        "type": "input",
        "label": plain("x"),
        "element": {"type": "file_input", "action_id": "f"},
    }
    assert violations([upload], "modal") == []
    assert violations([upload], "message") != []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "accessory", "fields", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
TYPED = st.fixed_dictionaries(
    {"type": st.sampled_from(["section", "actions", "context", "header", "input", "rich_text"])},
    optional={"text": JSON, "elements": JSON, "fields": JSON, "element": JSON},
)


@given(JSON | st.lists(TYPED, max_size=3))
def test_any_json_is_judged_without_an_exception(blocks: object) -> None:
    assert all(one.startswith("[ERROR] ") for one in violations(blocks))
