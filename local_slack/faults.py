"""Faults on demand: a Slack that is slow, refuses, breaks or forgets to answer."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from local_slack.feed import Feed


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


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault in force, and how much longer it lasts: in seconds of real time and in calls. None
    where it has no such limit.
    """

    kind: FaultKind
    method: str
    seconds_left: float | None
    calls_left: int | None
    retry_after: int
    delay: float

    def as_json(self) -> dict[str, object]:
        """For another process; `from_json` reads it."""
        return {**asdict(self), "kind": self.kind.value}

    @staticmethod
    def from_json(data: dict[str, Any]) -> ActiveFault:
        """The fault that `as_json` wrote."""
        return ActiveFault(**{**data, "kind": FaultKind(data["kind"])})


@dataclass(slots=True)
class _Active:
    fault: Fault
    left: int | None
    until: float | None

    def over(self, now: float) -> bool:
        """Whether its last call was made or its time has passed."""
        return self.left == 0 or (self.until is not None and now >= self.until)


class Faults:
    """The faults that are in force.

    A change ``faults`` in the feed is sent when one is added, when one has served its last call,
    and when all end; not when one runs out of time.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._active: list[_Active] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        until = None if fault.seconds is None else time.monotonic() + fault.seconds
        self._active.append(_Active(fault, fault.calls, until))
        self._feed.add("faults")

    def clear(self) -> None:
        """Make everything work again."""
        self._active.clear()
        self._feed.add("faults")

    def active(self) -> tuple[ActiveFault, ...]:
        """What is in force now, in the order it was added."""
        now = time.monotonic()
        return tuple(
            ActiveFault(
                one.fault.kind,
                one.fault.method,
                None if one.until is None else one.until - now,
                one.left,
                one.fault.retry_after,
                one.fault.delay,
            )
            for one in self._active
            if not one.over(now)
        )

    def hit(self, method: str) -> list[Fault]:
        """The faults that this call of ``method`` meets; each counts it once."""
        if not self._active:
            return []
        now = time.monotonic()
        self._active = [one for one in self._active if not one.over(now)]
        met = [one for one in self._active if one.fault.method in ("*", method)]
        for one in met:
            if one.left is not None:
                one.left -= 1
                if one.left == 0:
                    self._feed.add("faults")
        return [one.fault for one in met]
