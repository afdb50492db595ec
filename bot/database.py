"""The record as the bot's edge sees it: answered in time, or `Unavailable` is raised.

Nobody waits longer for a Redis that does not answer, however many ask at once; and what a person
was told did not happen does not happen later, when a frozen Redis thaws.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import redis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from redis.maint_notifications import MaintNotificationsConfig

from quaymaster.errors import QuaymasterError, Unavailable
from quaymaster.store.format_key import claim
from quaymaster.store.transactions import (
    NotAfter,
    Query,
    Refusal,
    Transaction,
    ask_async,
    perform_async,
    unavailable,
)

T = TypeVar("T")

ANSWER_SECONDS = 0.5
"""The longest for one command, counted from its turn. Where Redis answers nobody, the turns of all
who wait come at once, and the breaker answers them.
"""
_TURN_SECONDS = 2.3
"""The longest with the wait for a turn, while Redis is merely busy: Slack waits for three."""
_ACT_SECONDS = 0.4
"""How late after its turn Redis may still begin: the reply has the rest of the time to arrive."""
_PAUSE_SECONDS = 1.0
_AT_ONCE = 16
_UNWRITABLE = ("MISCONF", "NOREPLICAS")
"""How the errors of a Redis begin that answers but takes no writes; for two more, redis-py has
types (redis/_parsers/base.py).
"""


class Breaker:
    """After a time-out, fails everybody fast for a second, then lets one through to look.

    A command that is late while others are answered is a matter of its own and breaks nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed_again_at: float | None = None
        self._last_answer = -math.inf

    def begin(self) -> float:
        """The time at which a command begins. Raises Unavailable while it is open and somebody
        else is looking, or nobody should.
        """
        now = self._clock()
        if self._closed_again_at is not None:
            if now < self._closed_again_at:
                raise unavailable()
            self._closed_again_at = now + _PAUSE_SECONDS
        return now

    def timed_out(self, began: float) -> None:
        """Redis did not answer a command in time."""
        if self._last_answer < began:
            self._closed_again_at = self._clock() + _PAUSE_SECONDS

    def answered(self) -> None:
        """Redis answered."""
        self._last_answer = self._clock()
        self._closed_again_at = None


@dataclass(frozen=True, slots=True)
class _ServerClock:
    """Tells the time of the Redis server from this machine's monotonic clock."""

    ahead_microseconds: int

    def now(self) -> int:
        return int(time.monotonic() * 1e6) + self.ahead_microseconds


class Database:
    """A client of its own, without retries (redis-py 8 retries ten times by default)."""

    def __init__(
        self,
        url: str,
        on_unavailable: Callable[[], None] = lambda: None,
        *,
        is_expected: bool = True,
    ) -> None:
        """Unless ``is_expected``, nobody is answered before ``expect`` has looked into it."""
        self._pool = ConnectionPool.from_url(
            url,
            max_connections=2 * _AT_ONCE,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            # Round trips at each new connection that nobody needs here.
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._redis = Redis(connection_pool=self._pool)
        self._breaker = Breaker()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._clock: _ServerClock | None = None
        self._on_unavailable = on_unavailable
        self._is_expected = is_expected

    async def expect(self) -> None:
        """See whether this program fits what is in it, once. Raises ConfigurationError where it
        does not, and Unavailable.
        """
        if not self._is_expected:
            await self._in_turn(lambda: perform_async(self._redis, claim()))
            self._is_expected = True

    async def perform(self, transaction: Transaction[T]) -> T:
        """Do it in one round trip, or never. Raises Unavailable when Redis is late."""
        return await self._within_time(
            lambda: perform_async(self._redis, self._timely(transaction))
        )

    async def ask(self, query: Query[T]) -> T:
        """Read one thing. Raises Unavailable when Redis is late."""
        return await self._within_time(lambda: ask_async(self._redis, query))

    async def read_clock(self) -> None:
        """Learn the server's time, which the time limits of transactions are given in.

        To be called at the start and now and then: clocks are set, servers are replaced.
        """
        before = time.monotonic()
        server = await self.ask(Query(("TIME",), _microseconds))
        middle = (before + time.monotonic()) / 2
        self._clock = _ServerClock(server - int(middle * 1e6))

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()
        await self._pool.disconnect()

    def _timely(self, transaction: Transaction[T]) -> Transaction[T]:
        if self._clock is None:
            return transaction
        limit = NotAfter(self._clock.now() + int(_ACT_SECONDS * 1e6))
        last = len(transaction.guards)

        def refused(refusal: Refusal) -> T:
            if refusal.guard == last:
                raise unavailable()
            return transaction.refused(refusal)

        return replace(transaction, guards=(*transaction.guards, limit), refused=refused)

    async def _within_time(self, act: Callable[[], Awaitable[T]]) -> T:
        try:
            if not self._is_expected:
                raise unavailable()
            async with asyncio.timeout(_TURN_SECONDS), self._slots:
                return await self._in_turn(act)
        except TimeoutError as error:
            self._on_unavailable()
            raise unavailable() from error
        except Unavailable:
            self._on_unavailable()
            raise

    async def _in_turn(self, act: Callable[[], Awaitable[T]]) -> T:
        began = self._breaker.begin()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                result = await act()
        except TimeoutError:
            self._breaker.timed_out(began)
            raise
        except Unavailable as error:
            if isinstance(error.__cause__, redis.TimeoutError):
                self._breaker.timed_out(began)
            raise
        except redis.ResponseError as error:
            raise _translated(error) from error
        except QuaymasterError:
            self._breaker.answered()
            raise
        self._breaker.answered()
        return result


def _microseconds(reply: Any) -> int:
    seconds, microseconds = reply
    return int(seconds) * 1_000_000 + int(microseconds)


def _translated(error: redis.ResponseError) -> Exception:
    is_known = isinstance(error, (OutOfMemoryError, ReadOnlyError))
    if not is_known and not str(error).startswith(_UNWRITABLE):
        return error
    return Unavailable(
        "Quaymaster's database takes no changes, so nothing was started.",
        why="Redis answers, but refuses to write.",
        next_step="Whoever runs Quaymaster finds the reason in the log of Redis.",
    )
