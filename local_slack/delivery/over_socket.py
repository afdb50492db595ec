"""Delivery over Socket Mode.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from local_slack.delivery.envelope import ACK_WITHIN, Ack, Delivery
from local_slack.feed import Feed
from local_slack.message import Json
from local_slack.wire import cut_of

# «Apps can have up to 10 open WebSocket connections»
MOST_CONNECTIONS = 10
# How long an unacknowledged envelope waits for a new connection.
KEEP = 300.0


@dataclass(eq=False, slots=True)
class _Link:
    """One open connection."""

    socket: WebSocket
    leaving: bool = False  # asked to reconnect: gets nothing new


@dataclass(eq=False, slots=True)
class _Waiting:
    """An envelope without an acknowledgement so far."""

    envelope: Json
    delivery: Delivery
    sent_at: float
    link: _Link | None = None
    sent: int = 0  # how often it went out
    given_up: bool = False  # the person saw a timeout
    done: asyncio.Future[Json] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class SocketHub:
    """All Socket Mode connections of the app.

    An envelope goes to one connection. One that was sent and not acknowledged when its connection
    ended is sent again, with the same envelope id, through another connection or the next one that
    opens. One that the app left unacknowledged on a healthy connection is not: events are retried
    by who delivers them, commands never.
    """

    def __init__(self, app_id: str, feed: Feed, within: float = ACK_WITHIN) -> None:
        self._app_id = app_id
        self._feed = feed
        self._within = within
        self._tickets: set[str] = set()
        self._links: list[_Link] = []
        self._waiting: dict[str, _Waiting] = {}
        self._turn = 0
        self.refused: Callable[[], bool] = lambda: False
        # called for an acknowledgement that comes after the person saw a timeout
        self.late: Callable[[Delivery, Ack], None] = lambda *_: None
        self.opened = 0  # connections ever opened

    @property
    def connections(self) -> int:
        """How many connections are open and take deliveries."""
        return len(self._ready())

    def new_ticket(self) -> str:
        """A ticket that opens one connection, once."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def deliver(self, delivery: Delivery) -> Ack:
        """Send an envelope and wait for its acknowledgement.

        Without a connection it fails at once: Slack has nowhere to keep a command.
        """
        started = time.perf_counter()
        if not self._ready():
            return Ack(0.0, error="dispatch_failed", reason="no_active_connections")
        envelope: Json = {
            "envelope_id": _envelope_id(),
            "type": delivery.kind.value,
            "accepts_response_payload": delivery.answerable,
            "payload": delivery.payload,
        }
        if delivery.kind.value == "events_api":
            envelope |= {"retry_attempt": delivery.retry, "retry_reason": delivery.reason}
        waiting = _Waiting(envelope, delivery, time.monotonic())
        self._waiting[envelope["envelope_id"]] = waiting
        await self._send(waiting)
        try:
            async with asyncio.timeout(self._within):
                answer = await asyncio.shield(waiting.done)
        except TimeoutError:
            self._give_up(waiting)
            error, reason = "operation_timeout", "timeout"
            took = time.perf_counter() - started
            return Ack(took, error=error, reason=reason, sent=waiting.sent)
        return Ack(time.perf_counter() - started, body=answer or None, sent=waiting.sent)

    def _give_up(self, waiting: _Waiting) -> None:
        """The person saw a timeout. Only what a broken connection swallowed is still sent again."""
        waiting.given_up = True
        if waiting.link is not None:
            self._waiting.pop(waiting.envelope["envelope_id"], None)

    def _ready(self) -> list[_Link]:
        return [link for link in self._links if not link.leaving]

    async def _send(self, waiting: _Waiting) -> None:
        ready = self._ready()
        if not ready:
            waiting.link = None
            return
        self._turn += 1
        waiting.link = ready[self._turn % len(ready)]
        try:
            await waiting.link.socket.send_text(json.dumps(waiting.envelope))
            waiting.sent += 1
        except (WebSocketDisconnect, RuntimeError):
            waiting.link = None  # it just ended; its end sends the envelope again

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from handshake to end."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets or self.refused() or len(self._links) >= MOST_CONNECTIONS:
            await socket.close(1008)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        link = _Link(socket)
        self._links.append(link)
        self.opened += 1
        try:
            await socket.send_text(json.dumps(self._hello()))
            self._feed.add("app_connected", connections=len(self._links))
            await self._resend()
            while True:
                self._acknowledged(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._links.remove(link)
            self._feed.add("app_disconnected", connections=len(self._links))
            await self._orphaned(link)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._links),
            "debug_info": {
                "host": "applink-local",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self._app_id},
        }

    def _acknowledged(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        waiting = self._waiting.pop(str(answer.get("envelope_id")), None)
        if waiting is None or waiting.done.done():
            return
        payload = answer.get("payload") if waiting.delivery.answerable else None
        body = payload if isinstance(payload, dict) else {}
        waiting.done.set_result(body)
        if waiting.given_up:
            took = time.monotonic() - waiting.sent_at
            self.late(waiting.delivery, Ack(took, body=body or None, sent=waiting.sent))

    async def _orphaned(self, link: _Link) -> None:
        for waiting in list(self._waiting.values()):
            if waiting.link is link:
                await self._send(waiting)

    async def _resend(self) -> None:
        oldest = time.monotonic() - KEEP
        for name, waiting in list(self._waiting.items()):
            if waiting.sent_at < oldest:
                del self._waiting[name]
            elif waiting.link is None:
                await self._send(waiting)

    async def refresh(self, reason: str = "refresh_requested", grace: float = 1.0) -> None:
        """Ask that every connection be replaced, and end it ``grace`` seconds later."""
        leaving = self._ready()
        for link in leaving:
            link.leaving = True
            message = {
                "type": "disconnect",
                "reason": reason,
                "debug_info": {"host": "applink-local"},
            }
            await link.socket.send_text(json.dumps(message))
        await asyncio.sleep(grace)
        for link in leaving:
            if link in self._links:
                await link.socket.close(1000)

    def drop(self) -> None:
        """Cut every connection without a word."""
        for link in list(self._links):
            link.leaving = True
            cut_of(link.socket.scope)()


def _envelope_id() -> str:
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
