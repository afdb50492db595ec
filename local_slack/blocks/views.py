"""Modals and Home tabs.

https://docs.slack.dev/reference/views
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local_slack.blocks.composition import plain
from local_slack.blocks.schema import (
    Check,
    Field,
    anything,
    boolean,
    complaint,
    one_of,
    record,
    string,
    tagged,
)

_COMMON = {
    "blocks": Field(anything, required=True),  # checked by the caller, who knows the surface
    "private_metadata": Field(string(0, 3000)),
    "callback_id": Field(string(0, 255)),
    "external_id": Field(string(0, 255)),
}

# https://docs.slack.dev/reference/views/modal-views
MODAL = record(
    {
        "type": Field(one_of("modal"), required=True),
        **_COMMON,
        "title": Field(plain(24), required=True),
        "close": Field(plain(24)),
        "submit": Field(plain(24)),
        "clear_on_close": Field(boolean),
        "notify_on_close": Field(boolean),
        "submit_disabled": Field(boolean),
    }
)
# https://docs.slack.dev/reference/views/home-tab-views
HOME = record({"type": Field(one_of("home"), required=True), **_COMMON})

VIEW: Check = tagged({"modal": MODAL, "home": HOME})


def inputs_need_submit(view: Mapping[str, object], pointer: str) -> Iterator[str]:
    """A modal with an input block needs a submit button: https://docs.slack.dev/reference/views/modal-views"""
    blocks = view.get("blocks")
    if view.get("type") != "modal" or "submit" in view or not isinstance(blocks, list):
        return
    for index, block in enumerate(blocks):
        if isinstance(block, dict) and block.get("type") == "input":
            yield complaint(
                "must define `submit` to use an `input` block in modals",
                f"{pointer}/blocks/{index}/input",
            )
