"""The deadlines that guarantees give: the README numbers them.

Nothing else in a test depends on how fast a machine is.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHORTEST_SECONDS = 1.0
"""What takes less than this on an idle machine may take as long on a busy one."""


@contextmanager
def promised(seconds: float, guarantee: str) -> Iterator[None]:
    """Fails when the body takes longer than a guarantee allows."""
    assert seconds >= SHORTEST_SECONDS, "assert what happens, not how fast"
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took <= seconds, f"it took {took:.2f} s; {guarantee} allows {seconds} s"


def seconds_from_now(seconds: float) -> float:
    """A moment by ``time.monotonic``, for what has to be given one."""
    return time.monotonic() + seconds
