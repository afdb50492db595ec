"""The limits of modals and Home tabs."""

from __future__ import annotations

from typing import Any

import pytest

from local_slack import view_violations

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "blocks": [{"type": "divider"}], **more}


def test_a_small_modal_and_a_home_tab_pass() -> None:
    assert view_violations(modal(submit=plain("Go"), private_metadata="x" * 3000)) == []
    assert view_violations({"type": "home", "blocks": []}) == []


@pytest.mark.parametrize(
    "view",
    [
        modal(title=plain("x" * 25)),
        modal(submit=plain("x" * 25)),
        modal(close=plain("x" * 25)),
        modal(private_metadata="x" * 3001),
        modal(callback_id="x" * 256),
        modal(blocks=[{"type": "divider"}] * 101),
        {"type": "modal", "blocks": []},
        {"type": "workflow_step", "blocks": []},
        {"type": "home", "blocks": [], "title": plain("x")},
        [],
    ],
)
def test_what_is_beyond_a_limit_is_refused(view: object) -> None:
    assert view_violations(view) != []


def test_a_modal_with_an_input_needs_a_submit_button() -> None:
    text = {"type": "plain_text_input", "action_id": "why"}
    block = {"type": "input", "label": plain("Why"), "element": text}
    assert view_violations(modal(blocks=[block])) == [
        "[ERROR] must define `submit` to use an `input` block in modals "
        "[json-pointer:/view/blocks/0/input]"
    ]
    assert view_violations(modal(blocks=[block], submit=plain("Go"))) == []
