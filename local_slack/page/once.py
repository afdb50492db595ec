"""What the page asks for again, because the answer got lost on its way, is done once.

A browser gives up what is under way whenever a network of the machine comes or goes, and starting
a container makes one: ``ERR_NETWORK_CHANGED`` in
https://source.chromium.org/chromium/chromium/src/+/main:net/base/net_error_list.h
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from local_slack.message import Json

_KEPT = 200


class Once:
    """Remembers recent requests and their answers by the names that the page gave them."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Json]] = {}

    async def run(self, name: str, act: Callable[[], Coroutine[Any, Any, Json]]) -> Json:
        """The answer to ``name``; ``act`` is called the first time only. Raises what ``act`` does.

        Nothing is remembered of an empty name.
        """
        if not name:
            return await act()
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = asyncio.create_task(act())
            if len(self._tasks) > _KEPT:
                del self._tasks[next(iter(self._tasks))]
        return await asyncio.shield(task)
