"""What runs beside the scanner: it ends with what it does, and is not called well without it."""

import asyncio

import pytest

from programs.scanner import _until_stopped
from quaymaster.signs_of_life import Sign


async def fails(_stop: asyncio.Event) -> None:
    raise PermissionError("the cache belongs to somebody else")


async def test_what_fails_ends_the_process_and_it_is_started_again() -> None:
    with pytest.raises(PermissionError):
        async with asyncio.timeout(30):
            await _until_stopped(fails, Sign(None, 0))
