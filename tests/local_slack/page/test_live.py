"""What the page hears of: each person what they may see, and nothing twice after a reconnect."""

from __future__ import annotations

import base64
import json
import secrets
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from local_slack import LocalSlack, Workspace, serve
from tests.local_slack.page.test_guard import live
from tests.people import ALICE, BOB, CAROL

Json = dict[str, Any]


@asynccontextmanager
async def listening(
    slack: LocalSlack, user: str, after: int = 0
) -> AsyncIterator[tuple[Json, ClientConnection]]:
    """The greeting, and the connection."""
    url = f"{live(slack, user=user)}&after={after}"
    async with connect(url, origin=Origin(slack.base_url)) as socket:
        yield json.loads(await socket.recv()), socket


async def until(socket: ClientConnection, text: str) -> list[Json]:
    """All that is heard up to the message with this text."""
    heard: list[Json] = []
    while not heard or heard[-1].get("message", {}).get("text") != text:
        heard.append(json.loads(await socket.recv()))
    return heard


def said(heard: list[Json]) -> list[str]:
    return [one["message"]["text"] for one in heard if one["kind"] == "message" and one["isNew"]]


async def test_each_person_hears_what_they_may_see(
    slack: LocalSlack, workspace: Workspace, web: AsyncWebClient
) -> None:
    await workspace.person(BOB).say("C0SECRET", "the numbers")
    await web.chat_postEphemeral(channel="C0SHOP", user=ALICE, text="for alice")
    await workspace.person(BOB).say("C0SHOP", "for all")
    async with listening(slack, ALICE) as (_, alice), listening(slack, CAROL) as (_, carol):
        assert said(await until(alice, "for all")) == ["the numbers", "for alice", "for all"]
        assert said(await until(carol, "for all")) == ["for all"]


async def test_after_a_reconnect_it_goes_on_where_it_was(
    slack: LocalSlack, workspace: Workspace
) -> None:
    await workspace.person(BOB).say("C0SHOP", "before")
    async with listening(slack, ALICE) as (hello, socket):
        newest = (await until(socket, "before"))[-1]["number"]
    await workspace.person(BOB).say("C0SHOP", "meanwhile")
    async with listening(slack, ALICE, newest) as (again, socket):
        assert said(await until(socket, "meanwhile")) == ["meanwhile"]
    assert (again["run"], again["connections"]) == (hello["run"], 0)


async def test_a_reply_brings_the_message_that_it_belongs_to(
    slack: LocalSlack, workspace: Workspace
) -> None:
    root = (await workspace.person(BOB).say("C0SHOP", "root")).shown[0]
    await workspace.person(CAROL).say("C0SHOP", "a reply", thread_ts=root.ts)
    await workspace.person(BOB).say("C0SHOP", "end")
    async with listening(slack, ALICE) as (_, socket):
        heard = await until(socket, "end")
    counted = [one["message"]["thread"] for one in heard if one.get("isNew") is False]
    assert [(one["count"], one["users"]) for one in counted] == [(1, [CAROL])]


async def test_a_reply_to_what_only_one_person_sees_brings_it_to_nobody_else(
    slack: LocalSlack, workspace: Workspace, web: AsyncWebClient
) -> None:
    private = await web.chat_postEphemeral(channel="C0SHOP", user=ALICE, text="for alice")
    alice, thread = workspace.person(ALICE), private["message_ts"]
    await alice.say("C0SHOP", "a reply", thread_ts=thread)
    await alice.say("C0SHOP", "end")
    async with listening(slack, CAROL) as (_, socket):
        assert "for alice" not in str(await until(socket, "end"))


async def test_what_one_read_is_told_to_their_other_windows(
    slack: LocalSlack, workspace: Workspace
) -> None:
    await workspace.person(BOB).say("C0SHOP", "news")
    async with listening(slack, ALICE) as (_, socket):
        heard = await until(socket, "news")
    channels = [one["channel"] for one in heard if one["kind"] == "channel"]
    assert [(one["id"], one["unread"]) for one in channels] == [("C0SHOP", 1)]


async def test_the_server_ends_also_while_a_page_is_leaving() -> None:
    """A page that says farewell and reads no more: what it did not read holds its connection."""
    with sockets.socket() as page, serve() as slack:
        page.settimeout(10)
        async with slack.workspace() as workspace:
            for _ in range(80):
                await workspace.person(BOB).say("C0SHOP", "x" * 100_000)
            host, port = slack.base_url.removeprefix("http://").split(":")
            page.connect((host, int(port)))
            page.sendall(_handshake(slack))
            assert page.recv(12) == b"HTTP/1.1 101"
            page.sendall(b"\x88\x80" + secrets.token_bytes(4))  # a close frame, masked
            for _ in range(3):
                await workspace.info()  # whatever came before is dealt with by then
    # A server's thread that ends with an error fails this test.


def _handshake(slack: LocalSlack) -> bytes:
    """https://datatracker.ietf.org/doc/html/rfc6455#section-4.1"""
    url = f"{live(slack, user=ALICE)}&after=0".removeprefix(slack.base_url.replace("http", "ws", 1))
    lines = (
        f"GET {url} HTTP/1.1",
        f"Host: {slack.base_url.removeprefix('http://')}",
        f"Origin: {slack.base_url}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
    )
    return "\r\n".join((*lines, "", "")).encode()
