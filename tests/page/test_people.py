"""Being several people: by the switch, and in two windows at once."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Workspace
from tests.page.conftest import Open

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


async def test_one_becomes_somebody_else_and_stays_in_the_channel(
    open_window: Open, workspace: Workspace
) -> None:
    await workspace.person("U0BOB").say("C0SECRET", "the numbers")
    alice = await open_window("alice", "C0DATA")
    switch = alice.page.get_by_role("combobox", name="You are")
    await expect(switch.locator("option:checked")).to_have_text("Alice Archer · Developer")
    await expect(switch.locator("option")).to_have_count(8)
    await expect(switch).to_contain_text("Gus Guest · Guest")
    await expect(switch).not_to_contain_text("Gil Gone")
    await expect(alice.entry("board")).to_have_accessible_name("board (private) (1 unread)")
    await switch.select_option("carol")
    await expect(alice.entry("board")).to_have_count(0)
    await expect(alice.entry("data")).to_have_attribute("aria-current", "page")
    await alice.type("hello")
    await expect(alice.page.locator("article .by b")).to_have_text("Carol Clark")
    await switch.select_option("guest")
    await expect(alice.entry("data")).to_have_count(0)
    await expect(alice.entry("general")).to_have_attribute("aria-current", "page")


async def test_two_windows_are_two_people(open_window: Open) -> None:
    alice = await open_window("alice")
    link = alice.page.get_by_role("link", name="as Carol Clark")
    async with alice.context.expect_page() as opened:
        await link.click()
    carol = await opened.value
    switch = carol.get_by_role("combobox", name="You are")
    await expect(switch.locator("option:checked")).to_have_text("Carol Clark · Release manager")
    box = carol.get_by_role("combobox", name="Message #shop")
    await box.fill("@alice approved")
    await box.press("Enter")
    await expect(alice.messages).to_contain_text(["@alice approved"])
    await expect(alice.page.locator(".mention.mine")).to_have_text("@alice")
    await expect(carol.locator(".mention.mine")).to_have_count(0)
    await expect(alice.page.locator("select option:checked")).to_contain_text("Alice Archer")


async def test_direct_messages_are_each_person_s_own_and_have_a_home(
    open_window: Open, bot: AsyncWebClient
) -> None:
    direct = await bot.conversations_open(users="U024BE7LH")
    await bot.chat_postMessage(channel=direct["channel"]["id"], text="Your approval is wanted")
    alice = await open_window("alice")
    entry = alice.entry("Quaymaster")
    await expect(entry).to_have_accessible_name("Quaymaster (1 mention, 1 unread)")
    await entry.click()
    await expect(alice.messages).to_contain_text(["Your approval is wanted"])
    tab = alice.page.get_by_role("tab", name="Home")
    await tab.click()
    await expect(tab).to_have_attribute("aria-selected", "true")
    await expect(alice.page.get_by_role("tabpanel", name="Home")).to_contain_text("Home tab")
    await tab.press("ArrowLeft")
    await expect(alice.messages).to_have_count(1)
    await alice.page.get_by_role("combobox", name="You are").select_option("carol")
    await expect(alice.page.get_by_role("heading", name="Quaymaster", level=2)).to_be_visible()
    await expect(alice.messages).to_have_count(0)
