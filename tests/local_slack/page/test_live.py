"""What the page hears of: each person what they may see, and nothing twice after a reconnect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from local_slack import LocalSlack, Workspace
from tests.local_slack.page.test_guard import ALICE, live

BOB, CAROL = "U0BOB", "U0CAROL"
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
