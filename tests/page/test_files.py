"""Files in messages: text is shown, pictures are shown, everything can be saved."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from tests.page.conftest import Open
from tests.page.pictures import picture

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


async def test_text_is_shown_and_can_be_saved(open_window: Open, bot: AsyncWebClient) -> None:
    lines = [f"line {number} <b>&amp;</b>" for number in range(1, 41)]
    content = "\n".join(lines)
    alice = await open_window("alice")
    await bot.files_upload_v2(channel="C0SHOP", filename="build.log", content=content)
    message = alice.messages.first
    shown = message.get_by_role("region", name="build.log")
    await expect(shown).to_have_text("\n".join(lines[:12]), use_inner_text=True)
    await expect(message).to_contain_text("830 bytes")
    await message.get_by_role("button", name="Show all 40 lines").click()
    await expect(shown).to_contain_text(lines[-1])
    await message.get_by_role("button", name="Show less").click()
    await expect(shown).not_to_contain_text(lines[-1])
    async with alice.page.expect_download() as download:
        await message.get_by_role("link", name="Download build.log").click()
    saved = await download.value
    assert saved.suggested_filename == "build.log"
    assert (await saved.path()).read_text() == content


async def test_pictures_are_shown_and_other_files_only_named(
    open_window: Open, bot: AsyncWebClient
) -> None:
    alice = await open_window("alice")
    await bot.files_upload_v2(channel="C0SHOP", filename="plot.png", content=picture(300, 200))
    await bot.files_upload_v2(channel="C0SHOP", filename="sbom.tar.gz", content=b"\0\1" * 700)
    await bot.files_upload_v2(channel="C0SHOP", filename="odd.txt", content=b"\0\1\2")
    image = alice.page.get_by_role("img", name="plot.png")
    await expect(image).to_have_js_property("naturalWidth", 300)
    await expect(alice.messages.nth(1)).to_contain_text("sbom.tar.gz")
    await expect(alice.messages.nth(1)).to_contain_text("1.4 kB")
    await expect(alice.messages).to_have_count(3)
    await expect(alice.page.locator("article pre")).to_have_count(0)
    await expect(alice.messages.last).to_be_in_viewport()
