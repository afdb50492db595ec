"""Sends changes to each open page as they happen. A page that reconnects names the last change that
it has and the run of the server it came from; after a restart it loads everything again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from local_slack.page.inspection import Inspection
from local_slack.page.shown import event_of
from local_slack.state import State


class Live:
    """The WebSocket of the page."""

    def __init__(self, state: State, inspection: Inspection) -> None:
        self._state = state
        self._inspection = inspection
        self._run = secrets.token_hex(8)

    async def serve(self, socket: WebSocket) -> None:
        """Send one page the changes until it disconnects."""
        query = socket.query_params
        user = query.get("as", "")
        if user not in self._state.users:
            await socket.close(1008, "there is no such user")
            return
        await socket.accept()
        hello = {"kind": "hello", "run": self._run, "connections": self._inspection.connections}
        await socket.send_text(json.dumps(hello))
        telling = asyncio.create_task(self._tell(socket, user, int(query.get("after", "0"))))
        with suppress(WebSocketDisconnect):
            while True:  # the page says nothing; this notices when it goes
                await socket.receive_text()
        telling.cancel()
        with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await telling

    async def _tell(self, socket: WebSocket, user: str, after: int) -> None:
        async for change in self._state.feed.follow(after):
            for event in event_of(self._state, change, user, self._inspection.summary):
                await socket.send_text(json.dumps(event))
