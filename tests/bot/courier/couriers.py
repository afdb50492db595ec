"""A courier at work between a real Valkey and a local Slack, and records for it to show."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import redis.asyncio

from bot.courier.courier import Clock, run_courier
from bot.courier.pictures import Draw
from bot.slack.sender import Sender
from bot.views.findings import findings_table
from bot.views.messages import Message
from local_slack import LocalSlack
from quaymaster.actors import SlackUser
from quaymaster.configuration.configuration import Configuration
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Origin, State
from quaymaster.outcomes import Outcome
from quaymaster.progress import Progress
from quaymaster.store import cards, keys, leases, records
from quaymaster.store.transactions import ask_async, perform_async
from testing import samples
from testing.configurations import SHOP
from testing.keys import RING, WORKER_KEY

ALICE = SlackUser("T0SHOP", "U024BE7LH")
CHANNELS = ("C0GENERAL", "C0SHOP", "C0RELEASE", "C0SECURITY", "C0DATA")


def draw_plainly(
    operation: Operation, configuration: Configuration, now: datetime
) -> Sequence[Message]:
    """A card in one line, so that a test sees at once what is shown."""
    progress = operation.progress
    how_far = f" {progress.done_bytes}" if progress and not operation.state.is_terminal else ""
    return [card(operation, f"#{operation.id} {operation.state}{how_far}")]


def card(operation: Operation, text: str, **changes: Any) -> Message:
    """The card of an operation with this text."""
    shows_progress = operation.progress and operation.state is State.RUNNING
    message = Message(
        slot="card",
        subject=operation.subject,
        channel=operation.origin.channel,
        text=text,
        urgency="ended"
        if operation.state.is_terminal
        else "progress"
        if shows_progress
        else "changed",
    )
    return replace(message, **changes)


@dataclass
class Records:
    """The records as the bot and the workers change them."""

    connection: "redis.asyncio.Redis"
    _ids: int = field(default=1000)

    async def asked(self, channel: str = "C0SHOP", **changes: Any) -> Operation:
        """A new operation, queued."""
        self._ids += 1
        given = {"actor": ALICE, "origin": Origin(channel, f"trigger-{self._ids}"), **changes}
        operation = samples.operation(id=self._ids, **given)
        await perform_async(
            self.connection,
            records.accept(operation, event_of(operation), samples.mover(operation)),
        )
        return operation

    async def moved(self, before: Operation, state: State, **changes: Any) -> Operation:
        """The operation in another state."""
        after = before.moved(state, datetime.now(UTC), **changes)
        event = event_of(after)
        return await perform_async(self.connection, records.move(before, after, event, WORKER_KEY))

    async def started(self, channel: str = "C0SHOP", **changes: Any) -> Operation:
        """A new operation that a worker runs."""
        operation = await self.asked(channel, **changes)
        lease = leases.take(records.lease_name(operation.id), "worker", 600_000)
        assert await perform_async(self.connection, lease)
        return await self.moved(operation, State.RUNNING)

    async def ended(self, running: Operation, outcome: Outcome | None = None) -> Operation:
        """The operation after its worker was successful."""
        return await self.moved(running, State.SUCCEEDED, outcome=outcome)

    async def progressed(self, operation: Operation, done: int) -> None:
        """The worker tells how far it is."""
        held = leases.held(records.lease_name(operation.id), "worker")
        progress = Progress("pushing", done, 1_000)
        assert await perform_async(
            self.connection, records.progressed(operation.id, progress, held)
        )

    async def stale(self) -> int:
        """How many cards are stale."""
        behind = await ask_async(self.connection, cards.stale(1_000))
        return len(behind.subjects)

    async def posting(self, operation: Operation, slot: str = "card") -> cards.Posting:
        """Where a message is."""
        return (await ask_async(self.connection, cards.postings(operation.subject)))[slot]

    async def used_up(self, updates: int, at: float) -> None:
        """Another courier has made so many updates."""
        members = {f"{at + number / 1_000:.6f} other {number}": at for number in range(updates)}
        await self.connection.zadd(keys.SLACK_UPDATES, members)


@dataclass
class Office:
    """Where couriers work."""

    slack: LocalSlack
    redis_url: str

    @asynccontextmanager
    async def courier(
        self,
        draw: Draw = draw_plainly,
        configuration: Configuration = SHOP,
        *,
        stops_within: float = 10.0,
        clock: Clock | None = None,
    ) -> AsyncIterator[asyncio.Task[None]]:
        """A courier at work; raises TimeoutError when it does not stop in time at the end."""
        stop = asyncio.Event()
        async with Sender.opened(self.slack.world.app.bot_token, self.slack.api_url) as sender:
            task = asyncio.create_task(
                run_courier(
                    self.redis_url,
                    sender,
                    draw=draw,
                    draw_findings=findings_table,
                    ring=RING,
                    configuration=configuration,
                    stop=stop,
                    clock=clock,
                )
            )
            try:
                yield task
            finally:
                stop.set()
                await asyncio.wait_for(task, stops_within)
