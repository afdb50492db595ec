"""Faults on demand: a Slack that is slow, refuses, breaks or forgets to answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """What goes wrong."""

    RATE_LIMITED = "rate_limited"  # HTTP 429 with Retry-After, nothing done
    SERVER_ERROR = "server_error"  # HTTP 500, nothing done
    LOST_ANSWER = "lost_answer"  # the work is done, then the connection is cut
    REFUSED = "refused"  # the connection is cut before anything is done
    SLOW = "slow"  # the answer comes ``delay`` seconds late


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for one method, or for all of them with ``*``.

    It ends after ``calls`` calls or after ``seconds`` of real time, whichever is set and comes
    first. ``retry_after`` (seconds) goes with RATE_LIMITED, ``delay`` (seconds) with SLOW.
    """

    kind: FaultKind
    method: str = "*"
    calls: int | None = None
    seconds: float | None = None
    retry_after: int = 1
    delay: float = 0.25


@dataclass(slots=True)
class _Active:
    fault: Fault
    left: int | None
    until: float | None


class Faults:
    """The faults that are in force."""

    def __init__(self) -> None:
        self._active: list[_Active] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        until = None if fault.seconds is None else time.monotonic() + fault.seconds
        self._active.append(_Active(fault, fault.calls, until))

    def clear(self) -> None:
        """Make everything work again."""
        self._active.clear()

    def hit(self, method: str) -> list[Fault]:
        """The faults that this call of ``method`` meets; each counts it once."""
        now = time.monotonic()
        self._active = [
            one
            for one in self._active
            if (one.left is None or one.left > 0) and (one.until is None or now < one.until)
        ]
        met = [one for one in self._active if one.fault.method in ("*", method)]
        for one in met:
            if one.left is not None:
                one.left -= 1
        return [one.fault for one in met]
