"""Cards, alerts, containers and tasks: where they fit and what Slack refuses about them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.blocks import AlertBlock, CardBlock, CarouselBlock, ContainerBlock, PlanBlock
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Workspace, violations
from local_slack.blocks import Surface
from local_slack.choices import elements

Json = dict[str, Any]
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
CARD = CardBlock(title="web", subtitle="1.4", body="Runs", actions=[BUTTON]).to_dict()
CAROUSEL = CarouselBlock(elements=[CARD, CARD]).to_dict()
ALERT = AlertBlock(text={"type": "mrkdwn", "text": "Mind *this*"}, level="warning").to_dict()
SECTION = {"type": "section", "text": {"type": "plain_text", "text": "inside"}, "accessory": BUTTON}
CONTAINER = ContainerBlock(
    title={"type": "plain_text", "text": "More"}, child_blocks=[SECTION], is_collapsible=True
).to_dict()
TASK = {
    "type": "task_card",
    "task_id": "1",
    "title": "Pull",
    "status": "complete",
    "sources": [{"type": "url", "url": "https://hub.example/", "text": "hub"}],
}
PLAN = PlanBlock(title="Deploy", tasks=[TASK]).to_dict()


@pytest.mark.parametrize(
    ("block", "surfaces"),
    [
        (CARD, {"message", "modal", "home"}),
        (CAROUSEL, {"message", "home"}),
        (ALERT, {"modal"}),
        (CONTAINER, {"message"}),
        (TASK, {"message"}),
        (PLAN, {"message"}),
    ],
)
def test_each_block_fits_on_its_surfaces_only(block: Json, surfaces: set[str]) -> None:
    every: tuple[Surface, ...] = ("message", "modal", "home")
    for surface in every:
        found = violations([block], surface)
        if surface in surfaces:
            assert found == []
        else:
            assert found == [
                f"[ERROR] unsupported type: {block['type']} [json-pointer:/blocks/0/type]"
            ]


@pytest.mark.parametrize(
    ("block", "surface", "complaint"),
    [
        ({"type": "card", "subtitle": CARD["subtitle"]}, "message", "must define one of"),
        (CARD | {"actions": [BUTTON] * 4}, "message", "no more than 3 items"),
        (CAROUSEL | {"elements": []}, "message", "at least 1 items"),
        (CAROUSEL | {"elements": [CARD] * 11}, "message", "no more than 10 items"),
        (ALERT | {"level": "loud"}, "modal", "must be a valid enum value"),
        (CONTAINER | {"child_blocks": [CONTAINER]}, "message", "unsupported type: container"),
        (CONTAINER | {"has_header_divider": True}, "message", "cannot be set"),
        ({**CONTAINER, "is_collapsible": False, "default_collapsed": True}, "message", "requires"),
        ({"type": "container", "child_blocks": [SECTION]}, "message", "`rich_text_title`"),
        (TASK | {"status": "done"}, "message", "must be a valid enum value"),
        (PLAN | {"tasks": [SECTION]}, "message", "missing required field: task_id"),
    ],
)
def test_what_slack_refuses(block: Json, surface: Surface, complaint: str) -> None:
    assert any(complaint in one for one in violations([block], surface))


async def test_buttons_inside_can_be_pressed(web: AsyncWebClient, workspace: Workspace) -> None:
    await web.chat_postMessage(channel="C0SHOP", text="x", blocks=[CAROUSEL, CARD, CONTAINER])
    (message,) = await workspace.messages("C0SHOP")
    inside = list(elements(message.blocks))
    assert [block["type"] for block, _ in inside] == ["card", "card", "card", "section"]
    for block, element in inside:
        outcome = await workspace.person("U0BOB").click(message, element["action_id"])
        (action,) = outcome.payload["actions"]
        assert action["block_id"] == block["block_id"]


async def test_the_words_of_tasks_can_be_read(web: AsyncWebClient, workspace: Workspace) -> None:
    await web.chat_postMessage(channel="C0SHOP", text="x", blocks=[PLAN])
    (message,) = await workspace.messages("C0SHOP")
    assert set(message.words.splitlines()) == {"Deploy", "Pull", "hub"}
