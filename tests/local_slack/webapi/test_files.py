"""Uploads in three steps, by slack_sdk."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Workspace


async def test_a_file_is_uploaded_into_a_thread(
    web: AsyncWebClient, workspace: Workspace, slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    parent = (await web.chat_postMessage(channel="C0SHOP", text="card"))["ts"]
    shared = await web.files_upload_v2(
        channel="C0SHOP",
        thread_ts=parent,
        content="line 1\nline 2\n",
        filename="build.log",
        title="Build output",
        initial_comment="The whole log",
    )
    reply = (await workspace.messages("C0SHOP"))[-1]
    assert (reply.thread_ts, reply.text) == (parent, "The whole log")
    (file,) = reply.files
    assert (file.name, file.title) == ("build.log", "Build output")
    assert await workspace.file(file.id) == b"line 1\nline 2\n"
    found = await web.files_info(file=file.id)
    address = found["file"]["url_private"]
    assert address == shared["files"][0]["url_private"]
    headers = {"Authorization": f"Bearer {slack.world.app.bot_token}"}
    async with session.get(address, headers=headers) as response:
        assert await response.read() == b"line 1\nline 2\n"


async def test_a_file_that_was_not_uploaded_or_is_shared_already_is_refused(
    web: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    ticket = await web.files_getUploadURLExternal(filename="x.txt", length=3)
    files = [{"id": ticket["file_id"], "title": "x"}]
    with pytest.raises(SlackApiError, match="file_not_found"):
        await web.files_completeUploadExternal(files=files, channel_id="C0SHOP")
    async with session.post(ticket["upload_url"], data=b"too long") as response:
        assert response.status == 400
    async with session.post(ticket["upload_url"], data=b"abc") as response:
        assert response.status == 200
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await web.files_completeUploadExternal(files=files, channel_id="C0RANDOM")
    await web.files_completeUploadExternal(files=files, channel_id="C0SHOP")
    with pytest.raises(SlackApiError, match="file_update_failed"):
        await web.files_completeUploadExternal(files=files, channel_id="C0SHOP")
