"""The record as the bot's edge sees it: answered in time, or `Unavailable` is raised.

A Redis that refuses connections is given up at once. One that does not answer may be slow, frozen
or unreachable: nobody can tell which, so it is waited for as long as Slack allows, and what may be
asked twice is asked again meanwhile. What a person was told did not happen does not happen later,
when a frozen Redis thaws.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from bot.database.attempts import first_answer
from bot.database.server_clock import ServerClock
from quaymaster.errors import QuaymasterError, Unavailable
from quaymaster.store.format_key import claim
from quaymaster.store.transactions import (
    GuardFailure,
    NotAfter,
    Query,
    Transaction,
    ask_async,
    perform_async,
    taught,
    unavailable,
)

T = TypeVar("T")

ANSWER_SECONDS = 2.0
"""The longest for one answer, with every wait in it. Slack waits for three seconds; 2.5 are
promised, and the rest is for the way to here and back.
"""
AT_ONCE = 64
"""So many are asked at the same time, each over a connection of its own that is open before. Redis
makes one write to the disk for all that it finds waiting, so fifty at once wait for a slow disk
twice at most, where one after another would wait fifty times.
"""
_REPLY_SECONDS = 0.75
"""Redis begins nothing later than this before the answer: so long the disk may take."""
_ASK_AGAIN_SECONDS = 0.8
"""After this long without a reply, the question is repeated on another connection."""
_CONNECTION_SECONDS = 2 * ANSWER_SECONDS
"""Longer than anybody waits: who waits decides, and not the client."""
_PAUSE_SECONDS = 1.0
_SILENCE_SECONDS = 1.5
"""After this long without any reply, Redis is more than slow."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time by ``time.monotonic`` until which an answer is useful. Several questions may
    share one.
    """

    at: float

    @classmethod
    def of_an_answer(cls) -> "Deadline":
        """For an answer that is waited for from now on."""
        return cls(time.monotonic() + ANSWER_SECONDS)

    @property
    def act_by(self) -> float:
        """The latest moment at which Redis may begin, so that the reply still comes in time."""
        return self.at - _REPLY_SECONDS

    def left(self, until: float = math.inf) -> float:
        """How many seconds are left, or are left until an earlier moment."""
        return max(0.0, min(self.at, until) - time.monotonic())


class Breaker:
    """After a time-out, fails everybody fast for a second, then lets one through to look.

    A command that is late while others are answered, or that came to its turn late, breaks nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed_again_at: float | None = None
        self._last_answer = -math.inf

    def begin(self) -> float:
        """The time at which a command begins. Raises Unavailable while it is open and another
        command tries Redis, or none may.
        """
        now = self._clock()
        if self._closed_again_at is not None:
            if now < self._closed_again_at:
                raise unavailable()
            self._closed_again_at = now + _PAUSE_SECONDS
        return now

    def timed_out(self, began: float) -> None:
        """Redis did not answer a command in time."""
        now = self._clock()
        if now - max(self._last_answer, began) >= _SILENCE_SECONDS:
            self._closed_again_at = now + _PAUSE_SECONDS

    def answered(self) -> None:
        """Redis answered."""
        self._last_answer = self._clock()
        self._closed_again_at = None


class _TooLate(QuaymasterError):
    """Redis reached the command after its time limit, and did nothing."""


class Database:
    """A client of its own, without the retries of redis-py 8 (ten by default): what may be asked
    again is decided here.
    """

    def __init__(
        self,
        url: str,
        on_unavailable: Callable[[], None] = lambda: None,
        *,
        is_expected: bool = True,
    ) -> None:
        """Unless ``is_expected``, questions fail until ``expect`` has checked the database."""
        self._pool = ConnectionPool.from_url(
            url,
            # A connection may still wait for its first reply.
            max_connections=4 * AT_ONCE,
            # Each answer has a limit of its own; one for each read and write costs a task each.
            socket_timeout=None,
            socket_connect_timeout=_CONNECTION_SECONDS,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            # Round trips at each new connection that nobody needs here.
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._redis = Redis(connection_pool=self._pool)
        self._breaker = Breaker()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._clock: ServerClock | None = None
        self._on_unavailable = on_unavailable
        self._is_expected = is_expected

    async def expect(self) -> None:
        """See whether this program fits what is in it, once. Raises ConfigurationError where it
        does not, and Unavailable.
        """
        if not self._is_expected:
            by = Deadline.of_an_answer()
            try:
                await self._in_turn(lambda: perform_async(self._redis, claim()), by, tries=2)
            except TimeoutError as error:
                raise unavailable() from error
            self._is_expected = True

    async def perform(self, transaction: Transaction[T], deadline: Deadline | None = None) -> T:
        """Do it in one round trip, or never. Raises Unavailable when Redis does not answer in time.

        It is asked once. A compare-and-set whose reply was lost would refuse its own repetition,
        and a change that was made would be reported as one that somebody else prevented.
        """
        by = deadline or Deadline.of_an_answer()
        return await self._within_time(lambda: self._performed(transaction, by), by, tries=1)

    async def insist(self, transaction: Transaction[T], deadline: Deadline | None = None) -> T:
        """The same for what may be done twice, or recognises itself when it is asked again: where
        no reply comes, or a connection breaks, it is asked once more.
        """
        by = deadline or Deadline.of_an_answer()
        return await self._within_time(lambda: self._performed(transaction, by), by, tries=2)

    async def ask(self, query: Query[T], deadline: Deadline | None = None) -> T:
        """Read one thing; where no reply comes, ask once more. Raises Unavailable when Redis does
        not answer in time.
        """
        by = deadline or Deadline.of_an_answer()
        return await self._within_time(lambda: ask_async(self._redis, query), by, tries=2)

    async def read_clock(self) -> None:
        """Learn the server's time, which the time limits of transactions are given in.

        To be called at the start and now and then: clocks are set, servers are replaced.
        """
        before = time.monotonic()
        self._note_time(before, await self.ask(Query(("TIME",), _microseconds)))

    async def warm_up(self) -> None:
        """Open the connections that a burst needs, as far as Redis takes them: opening one takes
        round trips of its own, and beside others that write each of them waits for the disk. Where
        all are open, none is tried. Raises Unavailable.
        """
        opening = [asyncio.ensure_future(self._opened()) for _ in range(AT_ONCE)]
        _, late = await asyncio.wait(opening, timeout=ANSWER_SECONDS)
        for one in late:
            one.cancel()
        for opened in await asyncio.gather(*opening, return_exceptions=True):
            if not isinstance(opened, BaseException):
                await self._pool.release(opened)
        await self.ask(taught())

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()
        await self._pool.disconnect()

    async def _opened(self) -> AbstractConnection:
        connection: AbstractConnection = await cast("Any", self._pool).get_connection()
        return connection

    async def _performed(self, transaction: Transaction[T], deadline: Deadline) -> T:
        sent = time.monotonic()
        clock = self._clock
        if clock is None:
            return await perform_async(self._redis, transaction)
        limit = NotAfter(clock.at(deadline.act_by))
        last = len(transaction.guards)

        def refused(refusal: GuardFailure) -> T:
            if refusal.guard == last:
                self._note_time(sent, int(refusal.actual))
                raise _TooLate("")
            return transaction.refused(refusal)

        guarded = replace(transaction, guards=(*transaction.guards, limit), refused=refused)
        return await perform_async(self._redis, guarded)

    def _note_time(self, sent: float, server: int) -> None:
        clock = ServerClock.seen(sent, server, time.monotonic())
        self._clock = clock if self._clock is None else self._clock.refined(clock)

    async def _within_time(
        self, act: Callable[[], Awaitable[T]], deadline: Deadline, tries: int
    ) -> T:
        try:
            if not self._is_expected:
                raise unavailable()
            if self._slots.locked():
                async with asyncio.timeout(deadline.left()):
                    await self._slots.acquire()
            else:
                await self._slots.acquire()
            try:
                return await self._in_turn(act, deadline, tries)
            finally:
                self._slots.release()
        except (TimeoutError, _TooLate) as error:
            self._on_unavailable()
            raise unavailable() from error
        except Unavailable:
            self._on_unavailable()
            raise

    async def _in_turn(self, act: Callable[[], Awaitable[T]], deadline: Deadline, tries: int) -> T:
        if not deadline.left():
            raise TimeoutError
        began = self._breaker.begin()
        try:
            result = await _answered(act, deadline, tries)
        except TimeoutError:
            self._breaker.timed_out(began)
            raise
        except Unavailable:
            raise
        except QuaymasterError:
            self._breaker.answered()
            raise
        self._breaker.answered()
        return result


async def _answered(act: Callable[[], Awaitable[T]], deadline: Deadline, tries: int) -> T:
    """Once, or twice where no answer comes. An attempt that is late goes on beside the next one:
    where Redis is merely slow, it is the first to be answered.
    """
    if tries == 1:
        async with asyncio.timeout(deadline.left()):
            return await act()
    return await first_answer(
        act,
        within=deadline.left(),
        again_after=_ASK_AGAIN_SECONDS,
        no_answer=(Unavailable, _TooLate),
    )


def _microseconds(reply: Any) -> int:
    seconds, microseconds = reply
    return int(seconds) * 1_000_000 + int(microseconds)
