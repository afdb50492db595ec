"""One question at a time: callers who ask what is already being asked share the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Pending(Generic[T]):
    task: "asyncio.Task[T]"
    at: float


class SharedLookups(Generic[T]):
    """Of each name, at most one question is under way."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._under_way: dict[str, _Pending[T]] = {}

    async def answer(self, name: str, since: float, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question that was asked no earlier than ``since``.

        Those for whom the one under way was asked too early wait for its end, and share the next.
        Raises what asking raises.
        """
        while True:
            question = self._under_way.get(name)
            if question is None or question.task.done():
                question = self._begun(name, ask)
            if question.at >= since:
                return await asyncio.shield(question.task)
            await asyncio.wait({question.task})

    def _begun(self, name: str, ask: Callable[[], Awaitable[T]]) -> _Pending[T]:
        question = _Pending(asyncio.ensure_future(_asked(ask)), self._clock())
        self._under_way[name] = question

        def ended(task: "asyncio.Task[T]") -> None:
            if self._under_way.get(name) is question:
                del self._under_way[name]
            if not task.cancelled():
                task.exception()  # those who still wait get it; there may be none

        question.task.add_done_callback(ended)
        return question


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()
