"""Apps to deliver to: Bolt's own, and one that does as it is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_slack import LocalSlack, Workspace


@asynccontextmanager
async def listening(
    handler: Callable[[Request], Awaitable[Response]],
) -> AsyncIterator[str]:
    """A web server whose only address, ``/slack/events``, is answered by ``handler``."""
    app = Starlette(routes=[Route("/slack/events", handler, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
    finally:
        server.should_exit = True
        await task
        listener.close()


@dataclass
class Recorder:
    """An app that remembers requests and answers with ``response``, ``delay`` seconds late."""

    response: Callable[[], Response] = Response
    delay: float = 0.0
    requests: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def received(self, count: int) -> None:
        """Wait until ``count`` requests came, 30 s at most."""
        async with asyncio.timeout(30):
            while len(self.requests) < count:
                await self.news.wait()
                self.news.clear()

    async def answer(self, request: Request) -> Response:
        self.requests.append(dict(request.headers))
        self.bodies.append(await request.body())
        self.news.set()
        await asyncio.sleep(self.delay)
        return self.response()


def bolt(slack: LocalSlack, web: AsyncWebClient) -> AsyncApp:
    """A Bolt app installed in this Slack."""
    return AsyncApp(client=web, signing_secret=slack.world.app.signing_secret)


@asynccontextmanager
async def over_http(app: AsyncApp, workspace: Workspace) -> AsyncIterator[None]:
    """Run a Bolt app behind a Request URL."""
    handler = AsyncSlackRequestHandler(app)
    async with listening(handler.handle) as url:
        await workspace.use_http(url)
        yield


@asynccontextmanager
async def over_socket_mode(
    app: AsyncApp, slack: LocalSlack, workspace: Workspace
) -> AsyncIterator[AsyncSocketModeHandler]:
    """Run a Bolt app over slack_sdk's aiohttp Socket Mode client."""
    handler = AsyncSocketModeHandler(app, slack.world.app.app_token, ping_interval=0.3)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]
        await workspace.connected()
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
