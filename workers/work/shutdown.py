"""The word from the worker to its work horse that it is shutting down."""

import signal
from types import FrameType

SIGNAL = signal.SIGUSR1
"""RQ uses SIGINT, SIGTERM, SIGALRM and real-time signals itself."""

_asked = False


def listen() -> None:
    """Take the signal from now on; before it would end the process."""
    signal.signal(SIGNAL, _note)


def is_asked() -> bool:
    """Whether the worker is shutting down, so that long work should be handed back."""
    return _asked


def _note(_signal: int, _frame: FrameType | None) -> None:
    global _asked
    _asked = True
