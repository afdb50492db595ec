"""The local Slack is killed in the middle of what it does."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import serve

SHOP = "C0SHOP"


class Writer:
    """An app that posts one message after the other, until nobody answers."""

    def __init__(self, web: AsyncWebClient, name: str) -> None:
        self._web = web
        self._name = name
        self.asked = 0
        self.answered: dict[str, str] = {}  # texts by timestamp
        self.busy = asyncio.Event()

    async def write(self) -> None:
        while True:
            text = f"{self._name} {self.asked}"
            self.asked += 1
            try:
                posted = await self._web.chat_postMessage(channel=SHOP, text=text)
            except (aiohttp.ClientError, ConnectionError):
                return
            self.answered[posted["ts"]] = text
            if len(self.answered) == 25:
                self.busy.set()


async def start(path: Path) -> asyncio.subprocess.Process:
    command = ("-m", "local_slack", "--no-rate-limits", "--history", str(path))
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, stderr=PIPE)


@pytest.mark.engine
async def test_all_that_was_answered_outlives_a_kill(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    path = tmp_path / "history.db"
    process = await start(path)
    try:
        assert process.stdout is not None
        environment = json.loads(await process.stdout.readline())["environment"]
        web = AsyncWebClient(
            token=environment["SLACK_BOT_TOKEN"],
            base_url=environment["SLACK_API_URL"],
            session=session,
        )
        writers = [Writer(web, f"writer {number}") for number in range(4)]
        writing = asyncio.gather(*(one.write() for one in writers))
        async with asyncio.timeout(30):
            await asyncio.gather(*(one.busy.wait() for one in writers))
    finally:
        process.kill()
        await process.wait()
    async with asyncio.timeout(30):
        await writing
    with serve(history=path) as slack:
        async with slack.workspace() as workspace:
            messages = {one.ts: one.text for one in await workspace.messages(SHOP)}
            await workspace.person("U0BOB").say(SHOP, "later")
            newest = (await workspace.messages(SHOP))[-1]
    answered = {ts: text for one in writers for ts, text in one.answered.items()}
    assert answered.items() <= messages.items()
    assert len(messages) <= sum(one.asked for one in writers)
    assert newest.text == "later"
    assert newest.ts > max(messages)


@pytest.mark.engine
async def test_a_history_that_cannot_be_used_ends_the_process_with_a_sentence(
    tmp_path: Path,
) -> None:
    process = await start(tmp_path)
    async with asyncio.timeout(30):
        said, complained = await process.communicate()
    assert process.returncode == 1
    assert said == b""
    assert (
        complained.decode().strip() == f"{tmp_path} cannot be opened: unable to open database file."
    )
