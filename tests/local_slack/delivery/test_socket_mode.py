"""Socket Mode with slack_sdk's own aiohttp client and Bolt."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Fault, FaultKind, LocalSlack, Settings, Workspace
from tests.local_slack.apps import bolt, over_socket_mode

Json = dict[str, Any]


@pytest.fixture
def settings() -> Settings:
    return Settings(ack_within=1.0, speed=3000)


@pytest.fixture
def app(slack: LocalSlack, web: AsyncWebClient) -> AsyncApp:
    return bolt(slack, web)


async def linked(web: AsyncWebClient, slack: LocalSlack) -> str:
    answer = await web.apps_connections_open(app_token=slack.world.app.app_token)
    return str(answer["url"])


async def test_commands_clicks_and_mentions_reach_bolt(
    app: AsyncApp, slack: LocalSlack, workspace: Workspace
) -> None:
    @app.command("/image")
    async def command(ack: Any, say: Any) -> None:
        await ack("working on it")
        button = {
            "type": "button",
            "action_id": "go",
            "text": {"type": "plain_text", "text": "Go"},
        }
        await say(text="card", blocks=[{"type": "actions", "elements": [button]}])

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="gone", replace_original=False)

    @app.event("app_mention")
    async def mentioned(say: Any) -> None:
        await say("yes?")

    alice = workspace.person("U024BE7LH")
    async with over_socket_mode(app, slack, workspace):
        outcome = await alice.command("C0SHOP", "push shop/web:1")
        assert "working on it" in outcome.words
        card = await alice.sees(lambda message: message.text == "card")
        assert (await alice.click(card, "go")).acknowledged
        assert (await alice.sees("gone")).only_for == alice.id
        assert (await alice.mention("C0SHOP", "hello")).acknowledged
        await alice.sees("yes?")


async def test_without_a_connection_a_command_fails_at_once(workspace: Workspace) -> None:
    outcome = await workspace.person("U0BOB").command("C0SHOP", "help")
    assert outcome.words == '/image failed with the error "dispatch_failed"'


async def test_an_app_that_does_not_acknowledge_is_reported(
    app: AsyncApp, slack: LocalSlack, workspace: Workspace
) -> None:
    @app.command("/image")
    async def command() -> None:
        await asyncio.sleep(0)

    async with over_socket_mode(app, slack, workspace):
        outcome = await workspace.person("U0BOB").command("C0SHOP", "help")
    assert outcome.error == "operation_timeout"
    assert "operation_timeout" in outcome.words


async def test_the_app_comes_back_after_a_cut_and_after_a_refresh(
    app: AsyncApp, slack: LocalSlack, workspace: Workspace
) -> None:
    @app.command("/image")
    async def command(ack: Any) -> None:
        await ack("here")

    async with over_socket_mode(app, slack, workspace):
        await workspace.drop_sockets()
        await workspace.connected()
        assert (await workspace.person("U0BOB").command("C0SHOP", "help")).words == "here"
        await workspace.refresh_sockets()
        await workspace.connected()
        assert (await workspace.person("U0BOB").command("C0SHOP", "help")).words == "here"


async def test_an_envelope_that_a_broken_connection_swallowed_is_sent_again(
    web: AsyncWebClient,
    slack: LocalSlack,
    workspace: Workspace,
    session: aiohttp.ClientSession,
) -> None:
    async with session.ws_connect(await linked(web, slack)) as first:
        assert (await first.receive_json())["type"] == "hello"
        asked = asyncio.create_task(workspace.person("U0BOB").command("C0SHOP", "help"))
        swallowed = await first.receive_json()
        await workspace.drop_sockets()
    async with session.ws_connect(await linked(web, slack)) as second:
        assert (await second.receive_json())["type"] == "hello"
        again = await second.receive_json()
        assert again == swallowed
        await second.send_str(json.dumps({"envelope_id": again["envelope_id"]}))
        assert (await asked).acknowledged


async def test_an_unacknowledged_event_is_retried_with_its_number(
    web: AsyncWebClient,
    slack: LocalSlack,
    workspace: Workspace,
    session: aiohttp.ClientSession,
) -> None:
    async with session.ws_connect(await linked(web, slack)) as socket:
        await socket.receive_json()
        asked = asyncio.create_task(workspace.person("U0BOB").mention("C0SHOP", "status"))
        first, second = await socket.receive_json(), await socket.receive_json()
        assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
        assert second["retry_reason"] == "timeout"
        assert first["payload"]["event_id"] == second["payload"]["event_id"]
        await socket.send_str(json.dumps({"envelope_id": second["envelope_id"]}))
        await asked


async def test_a_ticket_opens_one_connection(
    web: AsyncWebClient, slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    url = await linked(web, slack)
    async with session.ws_connect(url) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_deliveries_are_spread_over_connections_not_copied(
    web: AsyncWebClient,
    slack: LocalSlack,
    workspace: Workspace,
    session: aiohttp.ClientSession,
) -> None:
    got: list[int] = []

    async def answering(number: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            if "envelope_id" in envelope:
                got.append(number)
                await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))

    async with (
        session.ws_connect(await linked(web, slack)) as one,
        session.ws_connect(await linked(web, slack)) as two,
    ):
        tasks = [asyncio.create_task(answering(n, s)) for n, s in enumerate((one, two))]
        await workspace.connected(2)
        for _ in range(4):
            assert (await workspace.person("U0BOB").command("C0SHOP", "help")).acknowledged
        for task in tasks:
            task.cancel()
    assert sorted(got) == [0, 0, 1, 1]


async def test_connections_can_be_refused(
    web: AsyncWebClient, slack: LocalSlack, workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    await workspace.fault(Fault(FaultKind.REFUSED, "socket"))
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(await linked(web, slack))
