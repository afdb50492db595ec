"""The feed of everything that changes, for whoever watches (a chat page, a waiting test)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened.

    ``kind`` is one of ``message_posted``, ``message_changed``, ``message_deleted`` (with
    ``message``), ``view_changed``, ``view_closed`` (with ``view`` and ``user``),
    ``reaction_added``, ``app_connected``, ``app_disconnected``.
    """

    number: int
    kind: str
    data: dict[str, Any]


class Feed:
    """Keeps every change and wakes those who wait for the next one."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def newest(self) -> int:
        """The number of the last change; 0 before the first."""
        return len(self._changes)

    def add(self, kind: str, **data: Any) -> None:
        """Publish a change."""
        self._changes.append(Change(len(self._changes) + 1, kind, data))
        task = asyncio.ensure_future(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    def since(self, number: int) -> list[Change]:
        """The changes after ``number``."""
        return self._changes[number:]

    async def after(self, number: int, wait: float) -> list[Change]:
        """The changes after ``number``; waits up to ``wait`` seconds when there are none yet."""
        if self.newest <= number and wait > 0:
            try:
                async with asyncio.timeout(wait), self._news:
                    await self._news.wait_for(lambda: self.newest > number)
            except TimeoutError:
                return []
        return self.since(number)

    async def follow(self, number: int = 0) -> AsyncIterator[Change]:
        """Every change after ``number``, for as long as one listens."""
        while True:
            for change in await self.after(number, wait=30.0):
                number = change.number
                yield change
