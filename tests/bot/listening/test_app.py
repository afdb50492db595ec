"""From Bolt to the router and back, without Bolt's own pauses."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.conversation.metrics import Metrics
from bot.database.database import Database
from bot.listening.app import bolt_app
from bot.listening.router import Router
from bot.run import services_of
from quaymaster.settings import Settings
from testing.configurations import SHOP
from testing.keys import BOT_KEY, ring_text


@pytest.fixture
async def bolt(tmp_path: Path) -> AsyncIterator[AsyncApp]:
    """The app with nothing behind it that is reached."""
    (ring := tmp_path / "ring.yml").write_text(ring_text())
    settings = Settings.from_env(
        {"QUAYMASTER_SIGNING_KEY": BOT_KEY.as_text(), "QUAYMASTER_KEY_RING": str(ring)}
    )
    database, metrics = Database("redis://quaymaster.invalid"), Metrics()
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient("xoxb-made-up", base_url="http://127.0.0.1:9/", session=session)
        services = services_of(settings, SHOP, database, client, session, metrics)
        yield bolt_app(client, Router(services), services.directory, metrics)
    await database.close()


def command(text: str) -> AsyncBoltRequest:
    body = {
        "command": "/image",
        "text": text,
        "team_id": "T0SHOP",
        "user_id": "U0BOB",
        "channel_id": "C0SHOP",
        "trigger_id": "t1",
        "response_url": "http://127.0.0.1:9/",
    }
    headers: dict[str, str | Sequence[str]] = {"content-type": "application/x-www-form-urlencoded"}
    return AsyncBoltRequest(body=urlencode(body), headers=headers)


async def test_an_acknowledgement_does_not_wait_for_bolt_to_look(
    bolt: AsyncApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """slack_bolt/listener/asyncio_runner.py looks for one every 10 ms, unless a setting says no."""
    pauses, sleep = [], asyncio.sleep

    async def noted(delay: float) -> None:
        pauses.append(delay)
        await sleep(0)

    monkeypatch.setattr("slack_bolt.listener.asyncio_runner.asyncio.sleep", noted)
    answer = await bolt.async_dispatch(command("help"))
    assert answer.status == 200
    assert "/image deploy" in answer.body
    assert pauses == []


async def test_an_error_that_nobody_foresaw_is_answered_with_a_reference(
    bolt: AsyncApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a surprise")

    monkeypatch.setattr("bot.listening.app.read_command", broken)
    with capture_logs() as lines:
        answer = await bolt.async_dispatch(command("help"))
    assert answer.status == 200
    assert "Something went wrong inside Quaymaster" in answer.body
    assert "a surprise" not in answer.body
    (line,) = lines
    assert line["reference"] in answer.body
