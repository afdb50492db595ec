"""The one way to post in Slack: within the budget, and only while the lease is held. Whoever has
something to post hands over a call, and gets the sender for as long as that lasts.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bot.slack.errors import Limited, SlackFailed
from bot.slack.rates import UPDATE, Budget, Call, Urgency
from bot.slack.sender import CALL_SECONDS, Sender
from quaymaster.store import leases, slack_calls
from quaymaster.store.transactions import (
    AsyncConnection,
    Command,
    Transaction,
    ask_async,
    perform_async,
)

T = TypeVar("T")

LEASE = "courier"
LEASE_MILLISECONDS = 8_000
"""Longer than a call may take, and renewed before each: no call outlasts it."""

RATE_LIMITED = "ratelimited"
"""Why a call failed that was one too many."""


class NotYet(Exception):
    """It could not be done now; at ``until`` it may be tried again."""

    def __init__(
        self, until: float, urgency: Urgency, *, failed: str = "", call: Call | None = None
    ) -> None:
        super().__init__(failed or "not yet")
        self.until = until
        self.urgency = urgency
        self.failed = failed
        """What Slack did, when it was called; empty when it was not."""
        self.call = call
        """What there was no room for, if that is why."""
        self.nothing_happened = True
        """False when the call may have done its work."""


class NotTheCourier(Exception):
    """Another courier has taken over, or this one was too slow to say that it lives."""


class CallQueue(Protocol):
    """The calls that wait for room in the budget, each card's in its turn."""

    def left_for(self, call: Call, budget: Budget, now: float) -> Budget:
        """What those who wait and come before its card leave of a budget to a call."""

    def expects(self, call: Call) -> None:
        """A card will soon make this call: those after it leave room for it."""

    def goes(self, call: Call) -> None:
        """The call waits no longer: it is made."""


@dataclass(slots=True)
class Throttle:
    """Holds the budget and the sender. Every call first renews the lease, in the same transaction
    that notes what is about to happen: a courier that lost the lease can neither note nor call.
    """

    connection: AsyncConnection
    owner: str
    clock: Callable[[], float]
    line: CallQueue
    sender: Sender
    jitter: Callable[[], float] = random.SystemRandom().random
    budget: Budget = field(default_factory=Budget)
    _updates: int = 0

    async def inherit(self) -> None:
        """Take over the budget that the couriers before this one have left."""
        updates = await ask_async(self.connection, slack_calls.updates_began())
        pauses = await ask_async(self.connection, slack_calls.pauses())
        self.budget = Budget.inherited(updates, pauses, self.clock(), CALL_SECONDS)

    async def call(
        self,
        call: Call,
        action: Callable[[Sender], Awaitable[T]],
        also: Sequence[Command] = (),
    ) -> T:
        """Make the call, and write ``also`` before it.

        Raises NotYet when the budget is used up or what is left is for others who come first, the
        method rests, or Slack did not serve the call; LeaseLost when the lease is not this
        courier's; Unavailable without Redis.
        """
        left = self.line.left_for(call, self.budget, self.clock())
        ready_at = left.ready_at(call, self.clock())
        if ready_at > self.clock():
            raise NotYet(ready_at, call.urgency, call=call)
        began = self.clock()
        self.budget = self.budget.began(call, began)
        self.line.goes(call)
        try:
            await self._note((*also, *self._remembered(call, began)))
            result = await action(self.sender)
        except BaseException:
            self.budget = self.budget.withdrawn(call, began, self.clock())
            raise
        return await self._settled(call, began, result)

    async def write(self, commands: Sequence[Command]) -> None:
        """Write while the lease is held. Raises LeaseLost when it is not."""
        await self._note(commands)

    async def _note(self, commands: Sequence[Command]) -> None:
        renewal = leases.renew(LEASE, self.owner, LEASE_MILLISECONDS)
        noted = Transaction(
            guards=renewal.guards,
            commands=(*renewal.commands, *commands),
            done=lambda _: True,
            refused=lambda _: False,
        )
        if not await perform_async(self.connection, noted):
            raise NotTheCourier

    def _remembered(self, call: Call, began: float) -> tuple[Command, ...]:
        if call.method != UPDATE:
            return ()
        self._updates += 1
        return slack_calls.update_began(self.owner, self._updates, began)

    async def _settled(self, call: Call, began: float, result: T) -> T:
        now = self.clock()
        match result:
            case Limited(retry_after=retry_after):
                self.budget = self.budget.limited(call, began, now, retry_after)
                raise await self._refused(call, RATE_LIMITED)
            case SlackFailed(error=error, nothing_happened=nothing_happened):
                self.budget = self.budget.failed(call, began, now, self.jitter())
                refused = await self._refused(call, error)
                refused.nothing_happened = nothing_happened
                raise refused
        self.budget = self.budget.answered(call, began, now)
        return result

    async def _refused(self, call: Call, error: str) -> NotYet:
        await perform_async(self.connection, _plain(slack_calls.paused(self.budget.pauses())))
        until = self.budget.ready_at(call, self.clock())
        return NotYet(until, call.urgency, failed=error, call=call)


def _plain(commands: tuple[Command, ...]) -> Transaction[None]:
    return Transaction(commands=commands, done=lambda _: None, refused=lambda _: None)
