"""A question that may be asked a second time: the first answer counts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")

Attempt = Callable[[], Awaitable[T]]


async def first_answer(
    attempt: Attempt[T],
    *,
    within: float,
    again_after: float,
    no_answer: tuple[type[Exception], ...],
) -> T:
    """The answer to an attempt, or to a second one that is made beside it after so many seconds,
    or at once where the first one ends with ``no_answer``. Any other error is an answer.

    Raises what the last attempt ended with, and TimeoutError after ``within`` seconds.
    """
    # The first attempt is no task of its own: that would cost every question a turn of the loop.
    async with _SecondAttempt(attempt, no_answer) as second:
        try:
            # One timer for both: until the second attempt begins, and then until the end.
            async with asyncio.timeout(None) as waiting:
                second.start_after(again_after, within, waiting)
                try:
                    return await attempt()
                except no_answer:
                    second.ends_with(waiting)
                    return await second.now()
        except TimeoutError:
            if second.has_answered():
                return second.answer()
            raise


class _SecondAttempt(Generic[T]):
    """The second attempt, which may never be made; ended when it is left."""

    def __init__(self, attempt: Attempt[T], no_answer: tuple[type[Exception], ...]) -> None:
        self._attempt = attempt
        self._no_answer = no_answer
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Future[T] | None = None
        self._until = 0.0

    async def __aenter__(self) -> "_SecondAttempt[T]":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    def start_after(self, seconds: float, within: float, waiting: asyncio.Timeout) -> None:
        """Make it then; its answer ends the wait for the first one, and so does the time."""
        loop = asyncio.get_running_loop()
        self._until = loop.time() + within

        def start() -> None:
            waiting.reschedule(self._until)
            self._started().add_done_callback(end_the_wait)

        def end_the_wait(_: asyncio.Future[T]) -> None:
            if self.has_answered():
                # It may have ended a moment ago.
                with suppress(RuntimeError):
                    waiting.reschedule(0)

        if seconds < within:
            self._timer = loop.call_later(seconds, start)
        else:
            waiting.reschedule(self._until)

    def ends_with(self, waiting: asyncio.Timeout) -> None:
        """It has the same time limit."""
        with suppress(RuntimeError):  # the time may be up just now
            waiting.reschedule(self._until)

    async def now(self) -> T:
        """Its answer; it is made now where it was not yet."""
        return await asyncio.shield(self._started())

    def has_answered(self) -> bool:
        """Whether it ended, and not without an answer."""
        task = self._task
        if task is None or not task.done() or task.cancelled():
            return False
        return not isinstance(task.exception(), self._no_answer)

    def answer(self) -> T:
        """What it ended with."""
        return self._started().result()

    def _started(self) -> "asyncio.Future[T]":
        if self._task is None:
            self._task = asyncio.ensure_future(self._attempt())
        return self._task
