"""How much a function does, in lines of Python that are carried out: no clock tells that alike on
every machine. What one line does in C is not seen; `counted_regex` counts that of expressions.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIZES = (100, 200, 400)
"""Characters: the second and the third time twice as many as before."""


def steps_of(act: Callable[[], object]) -> int:
    """How many lines and calls it takes, those of libraries included."""
    count = 0

    def trace(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def assert_in_proportion(act: Callable[[str], object], piece: str) -> None:
    """Twice the text, made of this piece, takes twice the steps at most."""
    steps = [steps_of(lambda size=size: act((piece * size)[:size])) for size in _SIZES]  # type: ignore[misc]
    assert steps[2] - steps[1] <= 2.2 * (steps[1] - steps[0]) + 100, (piece, steps)
