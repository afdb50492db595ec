"""Chromium, and windows of the chat page in it: each is one person."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Settings, Workspace, serve
from tests.page.sampler import Sampler
from tests.page.window import Window, opened

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # it is small in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

Open = Callable[..., Awaitable[Window]]
"""``await open("carol", "C0SHOP", …)``: see `tests.page.window.opened`."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, one for the whole run."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "Chromium is missing: install Debian's package chromium"
    async with async_playwright() as playwright:
        chromium = playwright.chromium
        yield await chromium.launch(executable_path=path, args=list(_ARGUMENTS))


@pytest.fixture
def settings() -> Settings:
    """What tests vary: override it."""
    return Settings()


@pytest.fixture
def slack(settings: Settings) -> Iterator[LocalSlack]:
    """A local Slack with its page, and no app yet."""
    with serve(settings=settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    """The workspace, to act in and to look at beside the page."""
    async with slack.workspace() as workspace:
        yield workspace


@pytest_asyncio.fixture(loop_scope="session")
async def bot(slack: LocalSlack) -> AsyncIterator[AsyncWebClient]:
    """Slack's client with the bot's token."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(slack.world.app.bot_token, base_url=slack.api_url, session=session)


@pytest_asyncio.fixture(loop_scope="session")
async def sampler(slack: LocalSlack, workspace: Workspace) -> AsyncIterator[Sampler]:
    """An app that shows samples, answers to forms as they say, and remembers what it hears."""
    async with Sampler.running(slack, workspace) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def open_window(browser: Browser, slack: LocalSlack) -> AsyncIterator[Open]:
    """Opens windows of the page. At the end none of them may have seen an error, a violation of its
    content security policy, or a request that left the machine.
    """
    windows: list[Window] = []

    async def open_one(
        person: str = "alice", channel: str = "C0SHOP", url: str = "", **more: object
    ) -> Window:
        window = await opened(browser, url or slack.page_url, person, channel, **more)
        windows.append(window)
        return window

    yield open_one
    for window in windows:
        await window.close()
    assert [trouble for window in windows for trouble in window.troubles] == []
