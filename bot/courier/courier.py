"""The courier brings Slack in line with what Redis holds, one process for the whole installation.

It is level-triggered: it takes the subjects that are stale, draws the newest state of each and
makes Slack match, so what it missed repairs itself. It may be killed at any moment; whoever takes
the lease next goes on from what is noted.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial

import redis.asyncio
import structlog
from prometheus_client import Gauge
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.courier.agenda import Agenda
from bot.courier.delivery import Delivery
from bot.courier.pictures import Draw, DrawFindings, Forgery, Picture, Pictures, reference_of
from bot.courier.throttle import LEASE, LEASE_MILLISECONDS, NotTheCourier, NotYet, Throttle
from bot.slack.sender import Sender
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Unavailable, WrittenByNewer
from quaymaster.key_ring import KeyRing
from quaymaster.store import cards, leases
from quaymaster.store.transactions import (
    AsyncConnection,
    Transaction,
    ask_async,
    perform_async,
)
from quaymaster.subjects import Subject

_log = structlog.get_logger(__name__)

AT_ONCE = 3
"""So many cards are worked on at the same time, each over a connection that is kept: one slow call
holds up the others little."""
_STALE_AT_ONCE = 500
_WAKEUP_SECONDS = 1.0
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

OLDEST_STALE = Gauge(
    "quaymaster_oldest_card_behind_seconds",
    "For how long the oldest card has not shown its record; 0 when all do.",
)

Clock = Callable[[], float]
"""Seconds since the epoch, never going back."""


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
        seconds = _WAKEUP_SECONDS + _REDIS_SECONDS
        listening = await stack.enter_async_context(_connected(redis_url, seconds))
        renderer = Pictures(connection, draw, draw_findings, ring, configuration, now)
        await Courier(connection, listening, sender, renderer, stop, now).run()


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
class Courier:
    """One process that is the courier, or stands by."""

    connection: AsyncConnection
    listening: AsyncConnection
    """A connection of its own for waiting for a wake-up, which blocks."""
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
        throttle = Throttle(self.connection, self.owner, self.clock, agenda, self.sender)
        delivery = Delivery(self.connection, throttle, self.clock, self.pictures.findings_text)
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
            OLDEST_STALE.set(0)

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
                if await ask_async(self.listening, cards.wakeup(_WAKEUP_SECONDS)):
                    self._wake.set()
            except _REDIS_TROUBLE:
                await asyncio.sleep(_WAKEUP_SECONDS)

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
    """The subjects that are stale, while the lease is held."""

    courier: Courier
    delivery: Delivery
    agenda: Agenda
    _tasks: dict[Subject, asyncio.Task[None]] = field(default_factory=dict)
    _left: set[Subject] = field(default_factory=set)
    """Those that only a newer courier can draw: they stay on the list and hold up no others."""
    _unreadable: int = 0
    """How many stand on the list besides, of kinds that only a newer courier knows."""

    async def round(self) -> float:
        """Begin what is due; how many seconds nothing else will be, unless it is woken."""
        clock = self.courier.clock
        at_once = _STALE_AT_ONCE + len(self._left) + self._unreadable
        behind = await ask_async(self.courier.connection, cards.stale(at_once))
        self.agenda.see(behind.subjects, clock())
        self._left &= behind.subjects.keys()
        self._unreadable = behind.unreadable
        self.delivery.forget(clock() - _MEMORY_SECONDS)
        OLDEST_STALE.set(self.agenda.oldest(clock()))
        free = AT_ONCE - len(self._tasks)
        budget = self.delivery.throttle.budget
        due = self.agenda.due(clock(), frozenset(self._tasks), budget)
        for subject in due[: max(free, 0)]:
            task = asyncio.create_task(self._card(subject))
            self._tasks[subject] = task
            task.add_done_callback(partial(self._done, subject))
        if len(self._tasks) >= AT_ONCE:
            return _WAKEUP_SECONDS
        busy = frozenset(self._tasks)
        return self.agenda.seconds_until_due(clock(), busy, budget, _WAKEUP_SECONDS)

    async def finish(self, grace: float) -> None:
        """Give the calls that are on their way a moment to be answered and noted."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        await _ended(tasks)

    def _done(self, subject: Subject, _: asyncio.Task[None]) -> None:
        del self._tasks[subject]
        self.courier.wake()

    async def _card(self, subject: Subject) -> None:
        """Work on one card. Whatever goes wrong with it, the others go on."""
        try:
            await self._bring(subject)
        except WrittenByNewer:
            self._leave(subject)
        except NotTheCourier:
            self.courier.lost()
        except _REDIS_TROUBLE:
            self.agenda.failed(subject, self.courier.clock())
        except Exception as error:  # noqa: BLE001  one card must not stop the others
            self.agenda.failed(subject, self.courier.clock())
            _log.exception(
                "a card cannot be brought in line",
                subject=str(subject),
                reference=reference_of(subject, error),
            )

    async def _bring(self, subject: Subject) -> None:
        courier = self.courier
        picture = await courier.pictures.of(subject)
        match picture:
            case None:
                await perform_async(courier.connection, cards.drop(subject))
            case Forgery():
                await self._warn(picture)
            case Picture(drawing=drawing):
                self.agenda.began(drawing)
                delivered = await self.delivery.deliver(drawing)
                if delivered.waits:
                    self._wait(subject, delivered.waits)
                elif picture.has_failed:
                    self.agenda.failed(subject, courier.clock())
                else:
                    await self._caught_up(subject, picture.caught_up(delivered.postings))

    async def _warn(self, forgery: Forgery) -> None:
        """Whoever ends the operation (workers/work/forged.py) raises its revision: it is drawn
        then.
        """
        subject, forged = forgery.subject, forgery.found
        _log.error("a record is not genuine", subject=str(subject), why=forged.why.problem.what)
        self.agenda.warns(subject)
        waits = await self.delivery.warn(subject)
        if waits:
            self._wait(subject, waits)
        else:
            await self._caught_up(subject, cards.caught_up(subject, forged.revision))

    def _leave(self, subject: Subject) -> None:
        if subject not in self._left:
            _log.warning("a card is left to a newer courier", subject=str(subject))
        self._left.add(subject)
        self.agenda.failed(subject, self.courier.clock())

    def _wait(self, subject: Subject, waits: Sequence[NotYet]) -> None:
        failed = next((wait.failed for wait in waits if wait.failed), "")
        if failed:
            _log.warning("slack did not serve a call", subject=str(subject), error=failed)
        self.agenda.waits(subject, waits, self.courier.clock())

    async def _caught_up(self, subject: Subject, noting: Transaction[bool]) -> None:
        self.agenda.shown(subject, self.courier.clock())
        if await perform_async(self.courier.connection, noting):
            self.agenda.done(subject)
        else:
            # It is stale again, or its time was over meanwhile.
            await perform_async(self.courier.connection, cards.drop(subject))


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
