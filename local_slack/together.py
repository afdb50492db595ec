"""Several actions that begin at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from local_slack.outcome import Outcome


async def together(acts: Sequence[Callable[[], Awaitable[Outcome]]]) -> list[Outcome]:
    """Begin all of ``acts`` at once and wait for all; the first failure is raised."""

    async def one(act: Callable[[], Awaitable[Outcome]]) -> Outcome:
        return await act()

    return list(await asyncio.gather(*(one(act) for act in acts)))
