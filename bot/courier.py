"""The courier brings the cards in line with the records, one process for the whole installation.

It is level-triggered: it takes the cards that are behind, draws the newest state of each and makes
Slack match, so what it missed repairs itself. It may be killed at any moment; whoever takes the
lease next goes on from what is noted.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import redis.asyncio
import structlog
from prometheus_client import Gauge
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.agenda import Agenda
from bot.delivery import Delivery
from bot.messages import FindingsFile, Message
from bot.sender import Sender
from bot.steps import undrawable
from bot.throttle import LEASE, LEASE_MILLISECONDS, LeaseLost, NotYet, Throttle
from quaymaster.configuration import Configuration
from quaymaster.errors import Forged, Unavailable, UsageError, WrittenByNewer
from quaymaster.findings import ScanReport
from quaymaster.key_ring import KeyRing
from quaymaster.listings import position
from quaymaster.operations import Operation
from quaymaster.outcomes import HistoryListed, ImagesListed, TagsListed
from quaymaster.store import cards, leases, pages, records, reports
from quaymaster.store.operation_fields import NotGenuine
from quaymaster.store.transactions import AsyncConnection, ask_async, perform_async

_log = structlog.get_logger(__name__)

AT_ONCE = 3
"""So many cards are worked on at the same time, each over a connection that is kept: one slow call
holds up the others little."""
_BEHIND_AT_ONCE = 500
_BELL_SECONDS = 1.0
_RENEW_SECONDS = 2.0
_STANDBY_SECONDS = 1.0
_SHORTEST_ROUND_SECONDS = 0.02
_REDIS_SECONDS = 1.5
_GRACE_SECONDS = 1.2
_GIVE_BACK_SECONDS = 0.5
_CANCEL_AGAIN_SECONDS = 0.1
_MEMORY_SECONDS = 600.0
_REDIS_TROUBLE = (Unavailable, redis.RedisError)
"""It does not answer, or refuses: out of memory, a disk that is full."""

OLDEST_BEHIND = Gauge(
    "quaymaster_oldest_card_behind_seconds",
    "For how long the oldest card has not shown its record; 0 when all do.",
)

Clock = Callable[[], float]
"""Seconds since the epoch, never going back."""
Draw = Callable[[Operation, Configuration, datetime], Sequence[Message]]
"""What should be in Slack for an operation."""
DrawFindings = Callable[[ScanReport], str]
"""A whole report as text."""


async def run_courier(
    redis_url: str,
    sender: Sender,
    *,
    draw: Draw,
    draw_findings: DrawFindings,
    ring: KeyRing,
    configuration: Configuration,
    stop: asyncio.Event,
    clock: Clock | None = None,
) -> None:
    """Be the courier whenever no other process is, until ``stop`` is set; then end within 2 s.

    Goes on when Redis or Slack are away and come back. Any number of processes may run this.
    """
    now = clock or steady_clock()
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(_connected(redis_url, _REDIS_SECONDS))
        seconds = _BELL_SECONDS + _REDIS_SECONDS
        listening = await stack.enter_async_context(_connected(redis_url, seconds))
        pictures = Pictures(connection, draw, draw_findings, ring, configuration, now)
        await Courier(connection, listening, sender, pictures, stop, now).run()


def steady_clock() -> Clock:
    """The time of day as it was at first, and from then on whatever happens to the clock."""
    steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    ahead = time.time() - time.clock_gettime(steady)
    return lambda: ahead + time.clock_gettime(steady)


def _connected(redis_url: str, seconds: float) -> AsyncConnection:
    return redis.asyncio.Redis.from_url(
        redis_url,
        socket_timeout=seconds,
        socket_connect_timeout=_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


@dataclass(slots=True)
class Pictures:
    """What is to be seen in Slack, from the records."""

    connection: AsyncConnection
    draw: Draw
    draw_findings: DrawFindings
    ring: KeyRing
    configuration: Configuration
    clock: Clock

    async def messages(self, operation: Operation) -> Sequence[Message]:
        """The messages of an operation. Raises whatever the drawing raises."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        turned = await self._turned(operation)
        return self.draw(turned, self.configuration, now)

    async def _turned(self, operation: Operation) -> Operation:
        """The operation with the page of its list that its card is turned to; with the first page
        where that one is not kept any more. Raises Forged and WrittenByNewer.
        """
        outcome = operation.outcome
        if not isinstance(outcome, ImagesListed | TagsListed | HistoryListed):
            return operation
        number, _, _ = position(outcome.kept, operation.page)
        if number == 0:
            return operation
        page = await ask_async(self.connection, pages.load(operation.id, number, self.ring))
        if page is None:
            return replace(operation, page=0)
        return replace(operation, outcome=page)

    def service_channel(self, operation: Operation) -> str | None:
        """The channel of the service that a deploy or rollback is about."""
        change = operation.request.facts.service_change
        if change is None:
            return None
        service = change.service
        try:
            return self.configuration.service(service).channel
        except UsageError:  # it was configured when the command was accepted
            return None

    async def findings_text(self, file: FindingsFile) -> str:
        """The whole report that a file is about, or a sentence about why there is none."""
        if file.host is not None:
            query = reports.kept_local(file.host, file.digest, file.database_version, self.ring)
        else:
            query = reports.kept(file.digest, file.database_version, self.ring)
        try:
            report = await ask_async(self.connection, query)
        except (Forged, WrittenByNewer) as forged:
            _log.exception("a report is forged", digest=str(file.digest))
            return f"{forged}\n"
        if report is None:
            return "This report is no longer kept. Scan the image again.\n"
        return self.draw_findings(report)


@dataclass(slots=True)
class Courier:
    """One process that is the courier, or stands by."""

    connection: AsyncConnection
    listening: AsyncConnection
    """A connection of its own for waiting on the bell, which blocks."""
    sender: Sender
    pictures: Pictures
    stop: asyncio.Event
    clock: Clock
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _lost: bool = False

    async def run(self) -> None:
        """Take the lease whenever it is free, and work while it is held."""
        stopping = asyncio.create_task(self._wake_at_stop())
        try:
            while not self.stop.is_set():
                try:
                    if await self._took():
                        await self._hold()
                        continue
                except _REDIS_TROUBLE as error:
                    _log.warning("the courier cannot use Redis", error=str(error))
                await self._pause(_STANDBY_SECONDS)
        finally:
            await _ended([stopping])

    async def _took(self) -> bool:
        """Whether the lease is this courier's: taken now, or still held after Redis was away."""
        for transaction in (leases.take, leases.renew):
            attempt = transaction(LEASE, self.owner, LEASE_MILLISECONDS)
            if await perform_async(self.connection, attempt):
                return True
        return False

    async def _hold(self) -> None:
        self._lost = False
        agenda = Agenda()
        throttle = Throttle(self.connection, self.owner, self.clock, agenda)
        delivery = Delivery(
            self.connection,
            self.sender,
            throttle,
            self.clock,
            self.pictures.service_channel,
            self.pictures.findings_text,
        )
        work = _Work(self, delivery, agenda)
        beside = [asyncio.create_task(self._renew()), asyncio.create_task(self._listen())]
        try:
            await throttle.inherit()
            _log.info("this process is the courier", owner=self.owner)
            while not (self.stop.is_set() or self._lost):
                seconds = await work.round()
                await self._pause(seconds)
        finally:
            await work.finish(_GRACE_SECONDS)
            await _ended(beside)
            with suppress(TimeoutError, *_REDIS_TROUBLE):
                async with asyncio.timeout(_GIVE_BACK_SECONDS):
                    await perform_async(self.connection, leases.give_back(LEASE, self.owner))
            OLDEST_BEHIND.set(0)

    async def _renew(self) -> None:
        renewal = leases.renew(LEASE, self.owner, LEASE_MILLISECONDS)
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            with suppress(*_REDIS_TROUBLE):
                if not await perform_async(self.connection, renewal):
                    self.lost()
                    return

    async def _listen(self) -> None:
        while True:
            try:
                if await ask_async(self.listening, cards.bell(_BELL_SECONDS)):
                    self._wake.set()
            except _REDIS_TROUBLE:
                await asyncio.sleep(_BELL_SECONDS)

    async def _wake_at_stop(self) -> None:
        await self.stop.wait()
        self._wake.set()

    def lost(self) -> None:
        """Stop being the courier."""
        self._lost = True
        self._wake.set()

    def wake(self) -> None:
        """Begin the next round at once."""
        self._wake.set()

    async def _pause(self, seconds: float) -> None:
        if self.stop.is_set():
            return
        await asyncio.sleep(_SHORTEST_ROUND_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds - _SHORTEST_ROUND_SECONDS, 0)):
                await self._wake.wait()
        self._wake.clear()


@dataclass(slots=True)
class _Work:
    """The cards that are behind, while the lease is held."""

    courier: Courier
    delivery: Delivery
    agenda: Agenda
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _left: set[int] = field(default_factory=set)
    """Those that only a newer courier can draw: they stay on the list and hold up no others."""

    async def round(self) -> float:
        """Begin what is due; how many seconds nothing else will be, unless the bell rings."""
        clock = self.courier.clock
        at_once = _BEHIND_AT_ONCE + len(self._left)
        behind = await ask_async(self.courier.connection, cards.behind(at_once))
        self.agenda.see(behind, clock())
        self._left &= {operation_id for operation_id, _ in behind}
        self.delivery.forget(clock() - _MEMORY_SECONDS)
        OLDEST_BEHIND.set(self.agenda.oldest(clock()))
        free = AT_ONCE - len(self._tasks)
        budget = self.delivery.throttle.budget
        due = self.agenda.due(clock(), frozenset(self._tasks), budget)
        for operation_id in due[: max(free, 0)]:
            task = asyncio.create_task(self._card(operation_id))
            self._tasks[operation_id] = task
            task.add_done_callback(partial(self._done, operation_id))
        if len(self._tasks) >= AT_ONCE:
            return _BELL_SECONDS
        busy = frozenset(self._tasks)
        return self.agenda.seconds_until_due(clock(), busy, budget, _BELL_SECONDS)

    async def finish(self, grace: float) -> None:
        """Give the calls that are on their way a moment to be answered and noted."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        await _ended(tasks)

    def _done(self, operation_id: int, _: asyncio.Task[None]) -> None:
        del self._tasks[operation_id]
        self.courier.wake()

    async def _card(self, operation_id: int) -> None:
        """Work on one card. Whatever goes wrong with it, the others go on."""
        try:
            await self._bring(operation_id)
        except WrittenByNewer:
            self._leave(operation_id)
        except LeaseLost:
            self.courier.lost()
        except _REDIS_TROUBLE:
            self.agenda.failed(operation_id, self.courier.clock())
        except Exception as error:  # noqa: BLE001  one card must not stop the others
            self.agenda.failed(operation_id, self.courier.clock())
            _log.exception(
                "a card cannot be brought in line",
                operation=operation_id,
                reference=_reference(operation_id, error),
            )

    async def _bring(self, operation_id: int) -> None:
        courier = self.courier
        stored = await ask_async(
            courier.connection, records.load_if_genuine(operation_id, courier.pictures.ring)
        )
        if stored is None:
            await perform_async(courier.connection, cards.drop(operation_id))
            return
        if isinstance(stored, NotGenuine):
            await self._warn(operation_id, stored)
            return
        messages, drawing_failed = await self._drawn(stored.operation)
        self.agenda.began(operation_id, stored.operation, messages)
        waits = await self.delivery.deliver(stored.operation, messages)
        if waits:
            self._wait(operation_id, waits)
        elif drawing_failed:
            self.agenda.failed(operation_id, courier.clock())
        else:
            await self._caught_up(operation_id, stored.revision)

    async def _warn(self, operation_id: int, found: NotGenuine) -> None:
        """Whoever ends the operation (workers/forged.py) raises its revision: it is drawn then."""
        _log.error("a record is not genuine", operation=operation_id, why=found.why.trouble.what)
        self.agenda.warns(operation_id)
        waits = await self.delivery.warn(operation_id)
        if waits:
            self._wait(operation_id, waits)
        else:
            await self._caught_up(operation_id, found.revision)

    def _leave(self, operation_id: int) -> None:
        if operation_id not in self._left:
            _log.warning("a card is left to a newer courier", operation=operation_id)
        self._left.add(operation_id)
        self.agenda.failed(operation_id, self.courier.clock())

    async def _drawn(self, operation: Operation) -> tuple[Sequence[Message], bool]:
        try:
            return await self.courier.pictures.messages(operation), False
        except _REDIS_TROUBLE:
            raise
        except Exception as error:  # noqa: BLE001  an ended operation is said to have ended
            reference = _reference(operation.id, error)
            _log.exception("a card cannot be drawn", operation=operation.id, reference=reference)
            if not operation.state.is_terminal:
                return (), True
            return (undrawable(operation, reference),), True

    def _wait(self, operation_id: int, waits: Sequence[NotYet]) -> None:
        failed = next((wait.failed for wait in waits if wait.failed), "")
        if failed:
            _log.warning("slack did not serve a call", operation=operation_id, error=failed)
        self.agenda.waits(operation_id, waits, self.courier.clock())

    async def _caught_up(self, operation_id: int, revision: int | str) -> None:
        self.agenda.shown(operation_id, self.courier.clock())
        if await perform_async(self.courier.connection, cards.caught_up(operation_id, revision)):
            self.agenda.done(operation_id)
        else:
            # It is behind again, or its time was over meanwhile.
            await perform_async(self.courier.connection, cards.drop(operation_id))


def _reference(operation_id: int, error: Exception) -> str:
    """The same word for the same trouble, on the card and in the log."""
    text = f"{operation_id} {type(error).__name__}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End them. A task may outlive one cancel: under load one in ten was seen to go on waiting
    for Redis, and with it a worker that was to stop.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
