"""Serves HTTP to any client: a request has to be complete in time, and connections are limited.

uvicorn ends only connections that are idle between two requests: one that sends a header a second
is never ended, and a limit of it refuses the newest connection, so that whoever came first keeps
the others out. Here the newest is let in, and of those who deliver nothing the eldest leaves.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quaymaster.errors import ConfigurationError
from quaymaster.limits import (
    CONNECTIONS,
    IDLE_SECONDS,
    REQUEST_BYTES,
    REQUEST_HEAD_BYTES,
    REQUEST_SECONDS,
)

_WAITING = 128
"""Connections that are accepted at a time, before those that are too many are ended."""
_FRAMES = 2
"""A chunked body may take so many times its own bytes."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The set of all is uvicorn's (``connections``)."""

    request_seconds = REQUEST_SECONDS
    idle_seconds: float = IDLE_SECONDS + REQUEST_SECONDS
    """uvicorn closes an idle one before; that waits for clients that do not read their answer, and
    any byte postpones it.
    """
    most_connections = CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._ends_at = 0.0
        self._arrived = 0
        self._has_head = False
        self._is_whole = False
        self._is_idle = False
        self._idle_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: it gets a place and some time."""
        super().connection_made(transport)
        self._arm(self.request_seconds)
        if len(self.connections) > places():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """More of a request."""
        self._arrived += len(data)
        if self._arrived > REQUEST_HEAD_BYTES + _FRAMES * REQUEST_BYTES:
            self.transport.abort()
            return
        super().data_received(data)
        if not self._has_head and self._arrived > REQUEST_HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._arrived, self._has_head, self._is_whole = 0, False, False
        if self._is_idle:
            self._arm(self.request_seconds)

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._has_head = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there; so long may the answer take, with its way to whoever asked."""
        self._is_whole = True
        self._arm(self.request_seconds)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered. A client that still sends a refused body gets no more time."""
        is_next_here = self.cycle is not None and not self.cycle.response_complete
        if is_next_here:
            self._arm(self.request_seconds)
        elif self._is_whole:
            self._arm(self.idle_seconds, is_idle=True)
            self._idle_since = self.loop.time()
        super().on_response_complete()

    @property
    def is_answering(self) -> bool:
        """Whether a whole request has arrived and waits for its answer. A client that does not read
        its answers, or sends further requests before them, keeps no other client out.
        """
        is_waited_for = self._is_whole and not self.cycle.response_complete
        return is_waited_for and not self.pipeline and not self.flow.write_paused

    def _make_room(self) -> None:
        """Of those who deliver nothing the one leaves that does so for the longest time."""
        others = (one for one in self.connections if isinstance(one, BoundedProtocol))
        idle = [one for one in others if not one.is_answering]
        leaving = min(idle, key=lambda one: one._idle_since, default=self)
        self.connections.discard(leaving)
        leaving.transport.abort()

    def _arm(self, seconds: float, *, is_idle: bool = False) -> None:
        """There is a time for every state, so no connection is for ever. A timer that rings before
        is left alone: most requests need none of their own.
        """
        self._is_idle = is_idle
        self._ends_at = self.loop.time() + seconds
        if self._timer is None or self._rings_at > self._ends_at:
            self._ring_at(self._ends_at)

    def _ring_at(self, at: float) -> None:
        self._disarm()
        self._rings_at = at
        self._timer = self.loop.call_at(at, self._rings)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rings(self) -> None:
        self._timer = None
        if self.transport is None:
            return
        if self.loop.time() < self._ends_at:
            self._ring_at(self._ends_at)
        else:
            self.transport.abort()


def places() -> int:
    """How many connections there may be: never all that this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(BoundedProtocol.most_connections, soft // 2)


async def serve_http(app: ASGIApp, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; requests under way are answered.

    Raises ConfigurationError when the address cannot be listened at.
    """
    listener = _listener(host, port)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=_WAITING,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_WAITING)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            next_step="Choose another address with --http or --metrics.",
        ) from error
    # Event loops switch Nagle's algorithm off only for sockets that name their protocol, which
    # these do not; without this an answer comes 40 ms late. Accepted sockets inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """Signals are handled by the program that started the bot."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
