"""Names, topics, texts and file names full of HTML stay text, and nothing of them runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Settings, Workspace, World, serve
from tests.page.conftest import Open

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
TOUR = f"Try `/image tags {EVIL}` {EVIL} javascript:alert(1) <https://a.example|x>"


@pytest.fixture
def slack(settings: Settings) -> Iterator[LocalSlack]:
    """A workspace whose every name is hostile."""
    world = World.default()
    users = (replace(one, real_name=f"{one.name} {EVIL}", title=EVIL) for one in world.users)
    channels = (replace(one, topic=TOUR) for one in world.channels)
    groups = (replace(one, name=EVIL) for one in world.groups)
    world = world.with_user(*users).with_channel(*channels).with_group(*groups)
    with serve(replace(world, name=f"Shop {EVIL}"), settings) as running:
        yield running


async def test_what_comes_from_outside_stays_text(
    open_window: Open, workspace: Workspace, bot: AsyncWebClient
) -> None:
    alice = await open_window("alice")
    bob = workspace.person("U0BOB")
    root = (await bob.say("C0SHOP", f"{EVIL} javascript:alert(1) `{EVIL}`")).shown[0]
    await bot.chat_postMessage(channel="C0SHOP", text=EVIL, thread_ts=root.ts)
    await bot.files_upload_v2(channel="C0SHOP", filename="x.txt", title=EVIL, content=EVIL)
    await bot.chat_postMessage(channel="C0SHOP", text="<javascript:alert(1)|a link> is no link")
    await expect(alice.messages).to_have_count(3)
    await expect(alice.messages.last).to_contain_text("a link is no link")
    await expect(alice.messages.first).to_contain_text(f"bob {EVIL}")
    await expect(alice.page.get_by_role("region", name="x.txt")).to_have_text(EVIL)
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text(f"Shop {EVIL}")
    await expect(alice.page.locator(".topic")).to_contain_text(f"{EVIL} javascript:alert(1)")
    await alice.page.get_by_role("button", name="/image tags").click()
    await expect(alice.composer).to_have_value(f"/image tags {EVIL}")
    await alice.composer.fill("@")
    await expect(alice.suggestions.first).to_contain_text(EVIL)
    await alice.composer.press("Escape")
    await alice.page.get_by_role("button", name="1 reply").click()
    await expect(alice.thread.locator("article")).to_have_count(2)
    await expect(alice.page).to_have_title(f"#shop · Shop {EVIL}")
    await expect(alice.page.locator("img, #app script, a[href^='javascript']")).to_have_count(0)
