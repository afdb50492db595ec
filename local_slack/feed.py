"""The feed of all changes, for those who watch: a chat page, a waiting test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

# Changes that are about the app's traffic, not about what people see.
BEHIND_THE_SCENES = frozenset({"exchange", "faults"})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened.

    ``kind`` is one of ``message_posted``, ``message_changed``, ``message_deleted`` (with
    ``message``), ``view_changed``, ``view_closed`` (with ``view`` and ``user``),
    ``reaction_added``, ``marked`` (with ``user``, ``channel`` and ``ts``), ``app_connected``,
    ``app_disconnected``, ``exchange`` (with the ``number`` of an exchange of the traffic),
    ``faults`` (others are in force now).
    """

    number: int
    kind: str
    data: dict[str, Any]


class Feed:
    """Keeps every change and wakes those who wait for the next one."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def newest(self) -> int:
        """The number of the last change; 0 before the first."""
        return len(self._changes)

    def add(self, kind: str, **data: Any) -> None:
        """Publish a change."""
        self._changes.append(Change(len(self._changes) + 1, kind, data))
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def _next(self) -> None:
        """Wait for the next change."""
        news = asyncio.get_running_loop().create_future()
        self._waiting.add(news)
        try:
            await news
        finally:
            self._waiting.discard(news)

    def since(self, number: int, without: Collection[str] = ()) -> list[Change]:
        """The changes after ``number``, but for the kinds in ``without``."""
        changes = self._changes[number:]
        return [one for one in changes if one.kind not in without] if without else changes

    async def after(self, number: int, wait: float, without: Collection[str] = ()) -> list[Change]:
        """The changes after ``number``; waits up to ``wait`` seconds when there are none yet.

        Kinds in ``without`` are left out and not waited for.
        """
        changes = self.since(number, without)
        if changes or wait <= 0:
            return changes
        try:
            async with asyncio.timeout(wait):
                while not changes:
                    number = max(number, self.newest)
                    await self._next()
                    changes = self.since(number, without)
        except TimeoutError:
            return []
        return changes

    async def follow(self, number: int = 0) -> AsyncIterator[Change]:
        """Every change after ``number``, for as long as one listens."""
        while True:
            for change in await self.after(number, wait=30.0):
                number = change.number
                yield change
