"""Socket Mode: deliveries over a connection that the bot opens itself.

Envelopes that were not acknowledged are sent again over the next connection
(https://docs.slack.dev/apis/events-api/using-socket-mode); they are recognised like any repetition.
"""

import asyncio
import contextlib
import logging

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger(__name__)

PING_SECONDS = 4.0
"""A silently cut connection is noticed after one and a half to two and a half of these."""


class SocketMode:
    """The connection. It is opened again for as long as the bot lives."""

    def __init__(self, bolt: AsyncApp, app_token: str, client: AsyncWebClient) -> None:
        logger = logging.getLogger("bot.listening.socket_mode.client")
        logger.setLevel(logging.ERROR)
        self._handler = AsyncSocketModeHandler(
            bolt, app_token, logger=logger, web_client=client, ping_interval=PING_SECONDS
        )
        # As Slack's API is reached; what it finds in the environment by itself knows no NO_PROXY.
        self._handler.client.proxy = client.proxy

    async def is_connected(self) -> bool:
        """Whether deliveries can arrive now."""
        return bool(await self._handler.client.is_connected())

    async def keep_open(self, stop: asyncio.Event) -> None:
        """Stay connected until ``stop`` is set."""
        connecting = asyncio.create_task(self._connect())
        connecting.add_done_callback(_connected)
        await stop.wait()
        connecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await connecting
        await self._handler.close_async()  # type: ignore[no-untyped-call]

    async def _connect(self) -> None:
        await self._handler.connect_async()  # type: ignore[no-untyped-call]


def _connected(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        return
    if task.exception() is not None:
        log.error("Socket Mode ended", exc_info=task.exception())
    else:
        log.info("Socket Mode connected")
