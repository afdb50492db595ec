"""The local Slack as a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Workspace


@pytest.mark.engine
async def test_it_says_where_it_is_and_can_be_driven_from_outside(
    session: aiohttp.ClientSession,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local_slack", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        place = json.loads(await process.stdout.readline())
        environment = place["environment"]
        web = AsyncWebClient(
            token=environment["SLACK_BOT_TOKEN"],
            base_url=environment["SLACK_API_URL"],
            session=session,
        )
        await web.chat_postMessage(channel="C0SHOP", text="hello")
        async with Workspace(place["base_url"], place["control_token"]) as workspace:
            await workspace.person("U0BOB").sees("hello")
    finally:
        process.terminate()
        async with asyncio.timeout(30):
            assert await process.wait() in (0, -15)
