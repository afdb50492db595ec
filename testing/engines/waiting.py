"""Waiting for something real to happen, without guessing how long it takes."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.02


def wait_until(condition: Callable[[], T | None], *, within: float, what: str) -> T:
    """Call `condition` until it returns something truthy, and return that.

    `within` is in seconds. `what` completes the sentence "waited 5.0 s for …".
    Raises TimeoutError; an exception of `condition` is not swallowed.
    """
    deadline = time.monotonic() + within
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within:.1f} s for {what}")
        time.sleep(_PAUSE_SECONDS)


async def until(
    condition: Callable[[], object],
    what: str = "it",
    *,
    within: float = 30.0,
    every: float = _PAUSE_SECONDS,
) -> None:
    """Ask a condition, plain or asynchronous, until it holds.

    Both times are in seconds. ``what`` completes the sentence "waited 30.0 s for …".
    Raises TimeoutError; an exception of ``condition`` is not swallowed.
    """
    deadline = time.monotonic() + within
    while True:
        holds = condition()
        if inspect.isawaitable(holds):
            holds = await holds
        if holds:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within:.1f} s for {what}")
        await asyncio.sleep(every)
