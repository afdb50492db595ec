"""The limits of one exchange with an outside system, checked whenever its socket is used.

The timeouts of HTTP libraries are for a single read: a peer that sends a byte now and then is never
late. Here a deadline, a number of bytes and the wish of a person to stop belong to the whole
exchange. The sockets of ``wire`` ask it before each wait, and none of their waits is longer than a
tick; so whatever a library does between two reads (skip interim answers, join headers, follow
frames), it comes by here. One mechanism for all: registries, health, engines.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from quaymaster.limits import TICK_SECONDS

Check = Callable[[], None]
"""Raises when the work should stop."""


def go_on() -> None:
    """The check of a caller who never stops."""


class OutOfTime(TimeoutError):
    """The deadline of the whole exchange is over."""


class ExchangeTooLarge(Exception):
    """More bytes have arrived than the exchange may have."""


class Stopped(Exception):
    """Another thread of this process ended the exchange."""


class Exchange:
    """One question with its answer. ``stop`` may be called by any thread."""

    def __init__(
        self,
        most: int | None,
        seconds: float | None,
        check: Check = go_on,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self.arrived = 0
        """Bytes, as they came over the wire (inside TLS)."""
        self.looks = 0
        """How often the exchange was asked whether to continue."""
        self._clock = clock
        self._until = None if seconds is None else clock() + seconds
        self._check = check
        self._is_stopped = False

    @property
    def is_over(self) -> bool:
        """Whether its time has run out."""
        return self._until is not None and self._clock() >= self._until

    def look(self) -> float:
        """How long to wait before the next look. Raises OutOfTime, Stopped, and what the check
        raises.
        """
        self.looks += 1
        if self._is_stopped:
            raise Stopped
        self._check()
        if self._until is None:
            return TICK_SECONDS
        left = self._until - self._clock()
        if left <= 0:
            raise OutOfTime("the time for the whole exchange is over")
        return min(left, TICK_SECONDS)

    def took(self, count: int) -> None:
        """So many bytes have arrived. Raises TooMuch."""
        self.arrived += count
        if self.most is not None and self.arrived > self.most:
            raise ExchangeTooLarge

    def again(self, most: int) -> None:
        """The answer was a reference to elsewhere: bytes are counted from 0 again, time is not."""
        self.arrived, self.most = 0, most

    def stop(self) -> None:
        """End it at its next look, which is within a tick."""
        self._is_stopped = True

    @contextmanager
    def current(self) -> Iterator[None]:
        """What this thread sends and receives in the block belongs to this exchange."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)


_CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def current_exchange() -> Exchange | None:
    """The exchange that this thread is in."""
    return _CURRENT.get()
