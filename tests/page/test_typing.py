"""What people type by hand is taken as they mean it: mentions, slips, direct messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from local_slack import LocalSlack, Workspace
from quaymaster.configuration.configuration import Configuration
from quaymaster.settings import Settings
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY, ring_text
from tests.bot.conftest import CONFIGURATION, run
from tests.page.conftest import Open
from tests.page.window import Window

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def product(
    slack: LocalSlack, workspace: Workspace, valkey_server: ValkeyServer, tmp_path: Path
) -> AsyncIterator[None]:
    """The real bot, which answers behind the page."""
    ring = tmp_path / "quaymaster.keys.yml"
    ring.write_text(ring_text())
    environ = {
        **slack.environment(),
        "REDIS_URL": valkey_server.url,
        "QUAYMASTER_SIGNING_KEY": BOT_KEY.as_text(),
        "QUAYMASTER_KEY_RING": str(ring),
    }
    async with run(Settings.from_env(environ), Configuration.parse(CONFIGURATION), None):
        await workspace.connected()
        yield


def answer(window: Window, words: str) -> Locator:
    """The newest message for this person alone that says so."""
    return window.messages.filter(has_text="Only visible to you").filter(has_text=words).last


@pytest.mark.usefixtures("product")
async def test_what_is_typed_by_hand_is_answered(open_window: Open) -> None:
    carol = await open_window("carol")
    await carol.type("@Quaymaster rollback production/web")
    await expect(carol.messages.locator(".mention").last).to_have_text("@quaymaster")
    question = answer(carol, "Roll back production/web?")
    await expect(question.get_by_role("button", name="Yes, do it")).to_be_visible()

    await carol.type("please do not write @Quaymaster rollback production/web")
    await expect(answer(carol, "a command must come first")).to_be_visible()

    await carol.type("@QUAYMASTER: staus *Staging*")
    offer = answer(carol, "Did you mean /image status staging?")
    await offer.get_by_role("button", name="Yes, do it").click()
    await expect(answer(carol, "nothing released yet")).to_be_visible()

    await carol.type("@Alice Archer, @BOB and @somebody: `@dave` is off")
    said = carol.messages.filter(has_text="is off").locator(".mention")
    await expect(said).to_have_text(["@alice", "@bob"])

    await carol.entry("Quaymaster").click()
    await expect(carol.page.get_by_role("heading", name="Quaymaster", level=2)).to_be_visible()
    await carol.type("status")
    await expect(answer(carol, "nothing released yet")).to_be_visible()
    await carol.type("@Quaymaster jobs")
    await expect(answer(carol, "Nothing in progress")).to_be_visible()
