"""Writing: completion, what was sent before, what fails, and what is kept."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from local_slack import Settings, Workspace
from tests.local_slack.apps import Recorder, listening
from tests.page.conftest import Open

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

COMMANDS = {
    "command": "/image",
    "verbs": [
        {
            "name": "deploy",
            "usage": "deploy REF to ENVIRONMENT [--service NAME]",
            "summary": "Run an image as a service",
            "arguments": [
                {"name": "REF", "word": "", "required": True},
                {"name": "ENVIRONMENT", "word": "to", "required": True},
            ],
            "options": [{"name": "--service", "value": "NAME", "meaning": "Which service"}],
            "examples": ["deploy shop/web:1.4 to staging"],
        },
        {
            "name": "inspect",
            "usage": "inspect REF [on HOST]",
            "summary": "What an image is",
            "arguments": [
                {"name": "REF", "word": "", "required": True},
                {"name": "HOST", "word": "on", "required": False},
            ],
            "options": [],
            "examples": [],
        },
        {
            "name": "jobs",
            "usage": "jobs",
            "summary": "What is under way",
            "arguments": [],
            "options": [],
            "examples": ["jobs"],
        },
    ],
    "values": {
        "REF": ["shop/web:", "shop/etl:"],
        "ENVIRONMENT": ["staging", "production"],
        "NAME": ["web", "etl"],
    },
}
FAILED = "/image failed with the error “{}”."


@pytest.fixture
def settings() -> Settings:
    """With a command table, and an app that has little time to answer."""
    return Settings(commands=COMMANDS, ack_within=1.0)


async def test_a_command_is_completed_word_by_word_with_the_keyboard(open_window: Open) -> None:
    alice = await open_window("alice")
    box, keys = alice.composer, alice.page.keyboard
    await keys.type("/")
    await expect(alice.suggestions).to_have_count(3)
    await expect(box).to_have_attribute("aria-expanded", "true")
    await expect(box).to_have_attribute("aria-activedescendant", "message-0")
    await keys.press("ArrowDown")
    await expect(alice.suggestions.nth(1)).to_have_attribute("aria-selected", "true")
    await keys.press("ArrowUp")
    await keys.press("Enter")
    await expect(box).to_have_value("/image deploy ")
    await expect(alice.suggestions).to_have_text(
        ["shop/web: REF", "shop/etl: REF", "/image deploy shop/web:1.4 to staging Example"]
    )
    await expect(alice.page.locator("main .hint b")).to_have_text("REF")
    await keys.press("Tab")
    await expect(box).to_have_value("/image deploy shop/web:")
    await keys.type("1.4 ")
    await expect(alice.page.locator("main .hint b")).to_have_text("to ENVIRONMENT")
    await keys.type("prod")
    await keys.press("Tab")
    await expect(box).to_have_value("/image deploy shop/web:1.4 to production ")
    await keys.press("Tab")
    await expect(box).to_have_value("/image deploy shop/web:1.4 to production --service ")
    await keys.press("Escape")
    await expect(alice.suggestions).to_have_count(0)
    await expect(box).to_have_attribute("aria-expanded", "false")


async def test_people_groups_and_channels_are_completed_with_the_mouse(
    open_window: Open, workspace: Workspace
) -> None:
    alice = await open_window("alice")
    await alice.composer.press_sequentially("@rel")
    await alice.suggestions.filter(has_text="@releasers").click()
    await alice.composer.press_sequentially("and @Clark")
    await expect(alice.suggestions).to_have_text(["@carol Carol Clark · Release manager"])
    await alice.suggestions.click()
    await alice.composer.press_sequentially("in #secu")
    await alice.suggestions.click()
    await expect(alice.composer).to_be_focused()
    await expect(alice.composer).to_have_value("@releasers and @carol in #security ")
    await alice.composer.press("Enter")
    await expect(alice.messages).to_contain_text(["@releasers and @carol in #security"])
    sent = (await workspace.messages("C0SHOP"))[0].text
    assert sent == "<!subteam^SAZ94GDB8|@releasers> and <@U0CAROL> in <#C0SECURITY|security>"


async def test_a_command_that_fails_stays_in_the_box(
    open_window: Open, workspace: Workspace
) -> None:
    alice, carol = await open_window("alice"), await open_window("carol")
    trouble = alice.page.get_by_role("main").get_by_role("alert")
    await alice.type("/image jobs")
    await expect(trouble).to_contain_text(FAILED.format("dispatch_failed"))
    await expect(alice.composer).to_have_value("/image jobs")
    await expect(alice.messages).to_contain_text(["Only visible to you"])
    app = Recorder(delay=4)
    async with listening(app.answer) as url:
        await workspace.use_http(url)
        await alice.composer.press("Enter")
        await expect(alice.composer).to_have_value("")
        await expect(trouble).to_contain_text(FAILED.format("operation_timeout"))
        await expect(alice.composer).to_have_value("/image jobs")
    await alice.type("/foo bar")
    await expect(trouble).to_have_text("/foo is not a valid command")
    await expect(alice.composer).to_have_value("/foo bar")
    alice.forgive("409 (Conflict)")
    await expect(alice.messages).to_have_count(2)
    await expect(carol.messages).to_have_count(0)


async def test_enter_twice_sends_once_and_arrow_up_brings_it_back(
    open_window: Open, workspace: Workspace
) -> None:
    app = Recorder()
    alice = await open_window("alice")
    box = alice.composer
    async with listening(app.answer) as url:
        await workspace.use_http(url)
        await box.fill("/image jobs")
        await asyncio.gather(box.press("Enter"), box.press("Enter"))
        await app.received(1)
        await alice.type("hello")
        await expect(alice.messages).to_have_count(1)
    assert len(app.requests) == 1
    for text in ("hello", "/image jobs", "/image jobs"):
        await box.press("ArrowUp")
        await expect(box).to_have_value(text)
    await box.press("ArrowDown")
    await expect(box).to_have_value("hello")
    await box.press("ArrowDown")
    await expect(box).to_have_value("")
    await box.fill("unsent")
    await box.press("ArrowUp")
    await expect(box).to_have_value("unsent")


async def test_a_draft_stays_in_its_channel_and_over_a_reload(open_window: Open) -> None:
    alice = await open_window("alice")
    await alice.composer.fill("half a\nthought")
    await alice.entry("data").click()
    await expect(alice.composer).to_have_value("")
    await alice.entry("shop").click()
    await expect(alice.composer).to_have_value("half a\nthought")
    await alice.page.reload()
    await expect(alice.composer).to_have_value("half a\nthought")
    await alice.composer.press("End")
    await alice.composer.press("Shift+Enter")
    await expect(alice.composer).to_have_value("half a\nthought\n")
    await expect(alice.messages).to_have_count(0)
