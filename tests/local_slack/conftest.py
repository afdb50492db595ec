"""A local Slack for each test, the workspace to act in, and Slack's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Settings, Workspace, serve


@pytest.fixture
def settings() -> Settings:
    """What tests vary: override it."""
    return Settings()


@pytest.fixture
def slack(settings: Settings) -> Iterator[LocalSlack]:
    with serve(settings=settings) as running:
        yield running


@pytest.fixture
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    async with slack.workspace() as workspace:
        yield workspace


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


@pytest.fixture
def web(slack: LocalSlack, session: aiohttp.ClientSession) -> AsyncWebClient:
    """slack_sdk's client with the bot's token, on one shared session."""
    return AsyncWebClient(token=slack.world.app.bot_token, base_url=slack.api_url, session=session)
