"""The connection is lost, and comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from local_slack import LocalSlack, Settings, Workspace, serve
from tests.page.conftest import Open
from tests.page.sampler import Sampler

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


async def test_a_connection_that_drops_is_made_again_and_nothing_is_missed(
    open_window: Open, workspace: Workspace
) -> None:
    alice = await open_window("alice")
    await workspace.person("U0BOB").say("C0SHOP", "before")
    await expect(alice.messages).to_have_count(1)
    await alice.context.set_offline(True)
    await alice.type("while offline")
    trouble = alice.page.get_by_role("main").get_by_role("alert")
    await expect(trouble).to_have_text("The local Slack does not answer. Is it still running?")
    await expect(alice.composer).to_have_value("while offline")
    await workspace.person("U0BOB").say("C0SHOP", "meanwhile")
    await alice.context.set_offline(False)
    await alice.composer.press("Enter")
    await expect(alice.messages).to_contain_text(["before", "meanwhile", "while offline"])
    alice.forgive("ERR_INTERNET_DISCONNECTED")


async def test_what_is_sent_in_a_short_gap_arrives_once(open_window: Open) -> None:
    """The browser gives up what is under way when a container brings a new network."""
    alice = await open_window("alice")
    answers = 0

    async def lose(route: Route) -> None:
        nonlocal answers
        answers += 1
        await (route.fetch() if answers == 2 else asyncio.sleep(0))  # done, but the answer is lost
        await (route.abort("internetdisconnected") if answers < 3 else route.continue_())

    await alice.page.route("**/act", lose)
    async with alice.page.expect_response("**/act"):
        await alice.type("hello")
    await alice.type("again")
    await expect(alice.messages).to_contain_text(["hello", "again"])
    await expect(alice.messages).to_have_count(2)
    await expect(alice.composer).to_have_value("")
    alice.forgive("ERR_INTERNET_DISCONNECTED")


async def test_after_a_restart_the_page_goes_on_with_the_history(
    open_window: Open, tmp_path: Path
) -> None:
    settings, history = Settings(page_token="the-same"), tmp_path / "history"
    with serve(settings=settings, history=history) as slack:
        port = int(slack.base_url.rpartition(":")[2])
        alice = await open_window("alice", url=slack.page_url)
        await alice.type("before")
        await expect(alice.messages).to_have_count(1)
        await alice.composer.fill("half a thought")
    await expect(alice.page.get_by_text("Not connected.")).to_be_visible()
    with serve(settings=settings, history=history, port=port) as slack:
        async with slack.workspace() as workspace:
            await workspace.person("U0BOB").say("C0SHOP", "after")
        await expect(alice.messages).to_contain_text(["before", "after"])
        await expect(alice.page.get_by_text("Not connected.")).to_have_count(0)
        await expect(alice.composer).to_have_value("half a thought")
        alice.forgive("ERR_CONNECTION")
        alice.forgive("WebSocket connection to")


async def test_it_shows_whether_the_bot_is_there(
    open_window: Open, slack: LocalSlack, workspace: Workspace
) -> None:
    alice = await open_window("alice")
    state = alice.page.get_by_role("navigation").get_by_role("status")
    await expect(state).to_have_text("@quaymaster is not connected")
    await alice.type("/image jobs")
    trouble = alice.page.get_by_role("main").get_by_role("alert")
    await expect(trouble).to_contain_text("dispatch_failed")
    async with Sampler.running(slack, workspace):
        await expect(state).to_have_text("@quaymaster is connected")
        await expect(trouble).to_have_count(0)
        await expect(alice.composer).to_have_value("/image jobs")
    await expect(state).to_have_text("@quaymaster is not connected")
