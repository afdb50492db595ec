"""Events and their retries.

https://docs.slack.dev/apis/events-api/#retries
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from local_slack.delivery import payloads
from local_slack.delivery.envelope import Ack, Channel, Delivery
from local_slack.delivery.lines import Lines
from local_slack.message import Json, Message
from local_slack.state import State
from local_slack.world import Kind

# Sent again «nearly immediately», after 1 minute, after 5 minutes
RETRY_AFTER_MINUTES = (0.0, 1.0, 5.0)


class Events:
    """Delivers events the app is subscribed to; what fails is tried three times more."""

    def __init__(self, state: State, lines: Lines) -> None:
        self._state = state
        self._lines = lines
        self._retries: set[asyncio.Task[None]] = set()

    async def message(self, message: Message, repeat: int) -> tuple[list[Ack], Json]:
        """Send the app the event of a written message, if its subscriptions cover it."""
        app, channel = self._state.world.app, self._state.channels[message.channel]
        payload: Json = {}
        acks: list[Ack] = []
        if app.bot_user not in channel.members:
            return acks, payload
        mentioned = f"<@{app.bot_user}>" in message.text and channel.kind is not Kind.DIRECT
        kinds = {Kind.PUBLIC: "channels", Kind.PRIVATE: "groups", Kind.DIRECT: "im"}
        for event, kind, scope in (
            ("app_mention", "app_mention", "app_mentions:read"),
            (f"message.{kinds[channel.kind]}", "message", f"{kinds[channel.kind]}:history"),
        ):
            wanted = event in app.events and scope in app.scopes
            if wanted and (mentioned or kind == "message"):
                inner = payloads.message_event(self._state, message, kind)
                payload = payloads.event(self._state, inner)
                acks += await self._send(payload, repeat)
        return acks, payload

    async def home_opened(self, user: str, channel: str, repeat: int) -> tuple[list[Ack], Json]:
        """Send the app the event of an opened Home tab."""
        if "app_home_opened" not in self._state.world.app.events:
            return [], {}
        ts = self._state.clock.next_ts()
        inner = {
            "type": "app_home_opened",
            "user": user,
            "channel": channel,
            "tab": "home",
            "event_ts": ts,
        }
        payload = payloads.event(self._state, inner)
        return await self._send(payload, repeat), payload

    async def _send(self, payload: Json, repeat: int) -> list[Ack]:
        first = Delivery(Channel.EVENT, payload)
        again = (replace(first, retry=number, reason="http_timeout") for number in range(1, repeat))
        acks = await asyncio.gather(*(self._lines.deliver(one) for one in (first, *again)))
        if repeat == 1 and acks[0].error and not acks[0].stop:
            task = asyncio.create_task(self._retry(first, acks[0]))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
        return list(acks)

    async def _retry(self, delivery: Delivery, failed: Ack) -> None:
        for number, minutes in enumerate(RETRY_AFTER_MINUTES, start=1):
            await self._state.clock.sleep_minutes(minutes)
            again = replace(delivery, retry=number, reason=failed.reason)
            failed = await self._lines.deliver(again)
            if failed.error is None or failed.stop:
                return

    async def close(self) -> None:
        """Give up what is still to be retried."""
        for task in list(self._retries):
            task.cancel()
