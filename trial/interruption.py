"""Ctrl-C, SIGTERM and a closed terminal: once they stop the work, never the clearing up."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The trial was asked to stop."""


class Interruption:
    """What signals do at the moment."""

    def __init__(self) -> None:
        self.has_come = False
        """Whether a signal has."""
        self.hurry: Callable[[], None] = lambda: None
        """What one does that comes while the first is being obeyed."""
        self._is_ending = False
        self._is_held = False

    def begin_ending(self) -> None:
        """From now on nothing is interrupted any more."""
        self._is_ending = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """The work inside is not interrupted; a signal takes effect afterwards."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self.has_come and not self._is_ending:
            self._is_ending = True
            raise Stopped

    def arrived(self, _number: int, _frame: FrameType | None) -> None:
        """The handler of all of them."""
        if self.has_come and self._is_ending:
            self.hurry()
        self.has_come = True
        if not self._is_ending and not self._is_held:
            self._is_ending = True
            raise Stopped


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Signals raise Stopped inside, once."""
    interruption = Interruption()
    before = {number: signal.signal(number, interruption.arrived) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
