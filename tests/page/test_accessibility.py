"""Everybody can use it: with a keyboard, a screen reader, in the dark, on a narrow screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Settings, Workspace
from tests.page.conftest import Open
from tests.page.pictures import picture
from tests.page.test_composer import COMMANDS
from tests.page.window import Window

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

NARROW = {"width": 390, "height": 844}
LONG = "https://registry.example/" + "very-long-name-" * 12
SERIOUS = ("serious", "critical")


@pytest.fixture
def settings() -> Settings:
    """With something to complete."""
    return Settings(commands=COMMANDS, rate_limits=False)


async def _full(workspace: Workspace, bot: AsyncWebClient) -> None:
    """A channel with everything in it that a message can have."""
    await workspace.person("U0BOB").say("C0SHOP", f"hello @alice, see {LONG} and `{LONG}`")
    post = await bot.chat_postMessage(channel="C0SHOP", text="Push shop/web:1.4")
    await bot.chat_postMessage(channel="C0SHOP", text="a reply", thread_ts=post["ts"])
    await bot.reactions_add(channel="C0SHOP", name="eyes", timestamp=post["ts"])
    await bot.chat_postEphemeral(channel="C0SHOP", user="U024BE7LH", text="only you")
    await bot.files_upload_v2(channel="C0SHOP", filename="a.log", content="x" * 300 + "\n" * 20)
    await bot.files_upload_v2(channel="C0SHOP", filename="b.png", content=picture(900, 500))
    await workspace.person("U0BOB").say("C0DATA", "@alice")


async def _findings(page: Page) -> list[Any]:
    violations = (await Axe().run(page)).response["violations"]
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in violations
        if one["impact"] in SERIOUS
    ]


async def _is_too_wide(page: Page) -> bool:
    wide = await page.evaluate(
        "[document.scrollingElement, document.querySelector('[role=log]')]"
        ".some(one => one.scrollWidth > one.clientWidth)"
    )
    return bool(wide)


@pytest.mark.parametrize(
    "look",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": NARROW}],
    ids=["light", "dark", "narrow"],
)
async def test_a_scan_finds_nothing_serious(
    open_window: Open, workspace: Workspace, bot: AsyncWebClient, look: dict[str, Any]
) -> None:
    await _full(workspace, bot)
    alice = await open_window("alice", **look)
    await expect(alice.messages).to_have_count(5)
    await expect(alice.page.locator("article pre")).to_have_count(1)
    assert await _findings(alice.page) == []
    await alice.composer.press_sequentially("/image deploy ")
    await alice.composer.press("ArrowDown")
    await expect(alice.suggestions).to_have_count(3)
    assert await _findings(alice.page) == []
    await alice.type("/foo")
    await expect(alice.page.get_by_role("main").get_by_role("alert")).to_be_visible()
    alice.forgive("409 (Conflict)")
    await alice.page.get_by_role("button", name="1 reply").click()
    await expect(alice.thread.locator("article")).to_have_count(2)
    assert await _findings(alice.page) == []


async def test_a_narrow_screen_shows_one_thing_at_a_time(
    open_window: Open, workspace: Workspace, bot: AsyncWebClient
) -> None:
    await _full(workspace, bot)
    alice = await open_window("alice", viewport=NARROW, has_touch=True)
    await expect(alice.messages).to_have_count(5)
    await expect(alice.page.locator("main .hint")).to_contain_text("Enter to send")
    await expect(alice.page.get_by_text("Shift+Enter")).to_be_hidden()
    await expect(alice.page.get_by_role("img", name="b.png")).to_be_in_viewport()
    assert not await _is_too_wide(alice.page)
    await expect(alice.entry("data")).to_have_count(0)
    await alice.page.get_by_role("button", name="Show the list").click()
    await alice.page.get_by_role("button", name="Close the list").click()
    await expect(alice.entry("data")).to_have_count(0)
    await alice.page.get_by_role("button", name="Show the list").click()
    await alice.page.keyboard.press("Escape")
    await expect(alice.entry("data")).to_have_count(0)
    await alice.page.get_by_role("button", name="Show the list").click()
    await alice.entry("data").click()
    await expect(alice.page.get_by_role("heading", name="data")).to_be_in_viewport()
    await expect(alice.entry("data")).to_have_count(0)
    menu = alice.page.get_by_role("button", name="Show the list")
    await menu.click()
    await alice.page.get_by_role("button", name="Inspector").click()
    await expect(alice.entry("data")).to_have_count(0)
    assert await _fills(alice.page.get_by_role("complementary", name="Inspector"))
    await alice.page.get_by_role("button", name="Close the inspector").click()
    await expect(menu).to_be_focused()
    await alice.messages.first.hover()
    await alice.page.get_by_role("button", name="Reply in thread").click()
    assert await _fills(alice.thread)
    assert not await _is_too_wide(alice.page)
    assert await _small_targets(alice) == []


async def _fills(beside: Locator) -> bool:
    box = await beside.bounding_box()
    return box is not None and (box["x"], box["width"]) == (0, NARROW["width"])


async def _small_targets(window: Window) -> list[str]:
    """Buttons and entries of lists that are smaller than 24 by 24 pixels.

    https://www.w3.org/TR/WCAG22/#target-size-minimum
    """
    found: list[str] = await window.page.evaluate(
        """[...document.querySelectorAll('button, nav a, select, textarea')]
        .filter(one => one.checkVisibility({ visibilityProperty: true }))
        .filter(one => {
          const { width, height } = one.getBoundingClientRect();
          return !one.matches('.skip') && Math.min(width, height) < 24;
        })
        .map(one => one.outerHTML)"""
    )
    return found


async def test_everything_is_reached_with_the_keyboard(
    open_window: Open, workspace: Workspace, bot: AsyncWebClient
) -> None:
    for text in ("one", "two", "three"):
        await workspace.person("U0BOB").say("C0SHOP", text)
    await bot.chat_postEphemeral(channel="C0SHOP", user="U024BE7LH", text="four")
    alice = await open_window("alice")
    await expect(alice.messages).to_have_count(4)
    keys = alice.page.keyboard
    await expect(alice.composer).to_be_focused()
    await alice.page.get_by_role("button", name="Skip to the message box").focus()
    await keys.press("Enter")
    await expect(alice.composer).to_be_focused()
    await keys.press("Shift+Tab")
    await expect(alice.page.get_by_role("button", name="Dismiss")).to_be_focused()
    await keys.press("ArrowUp")
    await expect(alice.messages.nth(2)).to_be_focused()
    await keys.press("Shift+Tab")
    await expect(alice.page.get_by_role("button", name="/image help")).to_be_focused()
    await keys.press("ArrowDown")
    await expect(alice.messages.first).to_be_focused()
    await alice.page.get_by_role("log", name="Messages").focus()
    await keys.press("ArrowUp")
    await expect(alice.messages.last).to_be_focused()
    await keys.press("ArrowUp")
    await keys.press("ArrowUp")
    await expect(alice.messages.nth(1)).to_be_focused()
    await keys.press("Enter")
    await expect(alice.thread.get_by_role("combobox", name="Reply")).to_be_focused()
    await keys.press("Escape")
    await expect(alice.messages.nth(1)).to_be_focused()
    await alice.entry("data").focus()
    await keys.press("Enter")
    await expect(alice.composer).to_be_focused()
    inspector = alice.page.get_by_role("complementary", name="Inspector")
    for close in ("Escape", "Alt+i"):
        await keys.press("Alt+i")
        await expect(inspector.get_by_role("heading", name="Inspector")).to_be_focused()
        await keys.press("Tab")
        await expect(inspector.get_by_role("button", name="Close")).to_be_focused()
        await keys.press(close)
        await expect(inspector).to_have_count(0)
        await expect(alice.composer).to_be_focused()
