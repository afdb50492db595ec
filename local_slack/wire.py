"""TCP connections as tests want to see them: numbered, and cut on demand."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request

_KEY = "local_slack.connection"
_CUT = "local_slack.cut"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection of one request: its number, whether it is new, how to cut it."""

    number: int
    first: bool
    cut: Callable[[], None]


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came through."""
    connection: Connection = scope["state"][_KEY]
    return connection


class NumberedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that passes the number of its connection to the application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._number = next(_numbers)
        self._requests = 0

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._requests += 1
        transport: asyncio.Transport = self.transport
        connection = Connection(self._number, self._requests == 1, transport.abort)
        self.scope["state"][_KEY] = connection


class CuttableProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which the application can cut without a handshake."""

    def handle_connect(self, event: Request) -> None:
        """A handshake begins."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # a refused handshake has none
            self.scope["state"][_CUT] = self.transport.abort

    def shutdown(self) -> None:
        """The server ends. A connection whose peer is leaving already gets no second farewell:
        uvicorn would send one, and the rest of the server would not be ended.
        """
        try:
            super().shutdown()
        except InvalidState:
            self.transport.abort()


def cut_of(scope: Scope) -> Callable[[], None]:
    """What cuts the WebSocket connection of ``scope``."""
    cut: Callable[[], None] = scope["state"][_CUT]
    return cut
