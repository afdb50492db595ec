"""Silence for the tests that measure a promised deadline: nothing else runs meanwhile."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MARK = "deadline"
_ALONE, _TOGETHER = fcntl.LOCK_EX, fcntl.LOCK_SH


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold a turn to run one test: together with others, or alone.

    All processes of a run name the same ``folder``. A test that is to run alone waits for those
    that run, and the ones after it wait for it: nobody overtakes it.
    """
    kind = _ALONE if alone else _TOGETHER
    with (folder / "door.lock").open("w") as door, (folder / "room.lock").open("w") as room:
        fcntl.flock(door, kind)
        fcntl.flock(room, kind)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


def first_the_lonely(items: list[pytest.Item]) -> None:
    """Put the tests that run alone before all others: there the ones beside them are short."""
    items.sort(key=lambda item: item.get_closest_marker(MARK) is None)
