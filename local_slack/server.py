"""The local Slack as a running server: in a thread of this process, or as a program of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from local_slack.history import History, HistoryError
from local_slack.settings import Settings
from local_slack.slack import Slack
from local_slack.wire import CuttableProtocol, NumberedProtocol
from local_slack.workspace import Workspace
from local_slack.world import World


@dataclass(frozen=True, slots=True)
class LocalSlack:
    """Where a running local Slack is, and the secrets of the app in it."""

    base_url: str
    world: World
    control_token: str = field(repr=False)
    page_token: str = field(repr=False)

    @property
    def page_url(self) -> str:
        """The address of the chat page. It is a secret: with it, one can act as any person."""
        return f"{self.base_url}/chat/{self.page_token}/"

    @property
    def api_url(self) -> str:
        """The base URL of the Web API, for ``SLACK_API_URL`` and the SDK's ``base_url``."""
        return f"{self.base_url}/api/"

    def environment(self, *, socket_mode: bool = True) -> dict[str, str]:
        """The environment variables with which a bot finds this Slack."""
        app = self.world.app
        variables = {
            "SLACK_API_URL": self.api_url,
            "SLACK_BOT_TOKEN": app.bot_token,
            "SLACK_SIGNING_SECRET": app.signing_secret,
        }
        return variables | ({"SLACK_APP_TOKEN": app.app_token} if socket_mode else {})

    def workspace(self) -> Workspace:
        """The workspace to act in and to look at; ``async with`` it."""
        return Workspace(self.base_url, self.control_token)

    def as_json(self) -> dict[str, object]:
        """What another process needs; it holds the secrets."""
        return {
            "base_url": self.base_url,
            "api_url": self.api_url,
            "control_token": self.control_token,
            "page_url": self.page_url,
            "environment": self.environment(),
            "bot_user": self.world.app.bot_user,
            "team": self.world.team_id,
        }


class _Prompt(uvicorn.Server):
    """uvicorn checks ten times a second whether to exit; a thread can be woken at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait until `stop` is called, or a signal came."""
        self._loop = asyncio.get_running_loop()
        while not self.should_exit:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._exit.wait()

    def stop(self) -> None:
        """End the server, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._exit.set)


@dataclass(frozen=True, slots=True)
class Bound:
    """A local Slack with its listening socket, ready to run."""

    place: LocalSlack
    slack: Slack
    server: _Prompt
    listener: socket.socket

    def run(self, request_url: str | None = None) -> None:
        """Serve in this thread until asked to exit; deliver to ``request_url`` if there is one."""
        with asyncio.Runner(loop_factory=self.server.config.get_loop_factory()) as runner:
            runner.run(self._serve(request_url))

    async def _serve(self, request_url: str | None) -> None:
        await self.slack.lines.use(request_url)
        try:
            await self.server.serve(sockets=[self.listener])
        finally:
            await self.slack.close()


def bind(
    world: World | None = None,
    settings: Settings | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    history: Path | None = None,
) -> Bound:
    """Put a local Slack behind a port (a free one with 0); raises OSError when it is taken.

    ``history`` is a file that keeps the messages for the next start; without it, they are lost at
    the end. Raises `HistoryError` when it cannot be used.
    """
    listener = socket.create_server((host, port), backlog=512)
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol, which
    # these do not; without this every answer comes 40 ms late. Accepted sockets inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    address = f"http://{host}:{listener.getsockname()[1]}"
    chosen = world or World.default()
    try:
        kept = History.at(history) if history else None
        slack = Slack(chosen, settings or Settings(), address, kept)
    except HistoryError:
        listener.close()
        raise
    config = uvicorn.Config(
        slack.app,
        http=NumberedProtocol,
        ws=CuttableProtocol,
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
    place = LocalSlack(address, chosen, slack.control_token, slack.page_token)
    return Bound(place, slack, _Prompt(config), listener)


@contextmanager
def serve(
    world: World | None = None,
    settings: Settings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    history: Path | None = None,
) -> Iterator[LocalSlack]:
    """A local Slack on a background thread for as long as the ``with`` lasts."""
    bound = bind(world, settings, host, port, history)
    thread = threading.Thread(target=bound.run, name="local-slack", daemon=True)
    thread.start()
    try:
        yield bound.place
    finally:
        bound.server.stop()
        thread.join(10)
        bound.listener.close()
