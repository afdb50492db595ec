"""The log of Web API calls: what tests count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call. ``at`` is in seconds since 1970, ``took`` in seconds.

    ``connection`` numbers the TCP connection it came through, ``opened`` says that it was the first
    call on it. ``error`` is Slack's name for what went wrong, or ``http_500``, ``lost`` and
    ``refused`` for injected faults.
    """

    method: str
    at: float
    took: float
    status: int
    error: str | None
    channel: str | None
    ts: str | None
    connection: int
    opened: bool

    def as_json(self) -> dict[str, Any]:
        """For another process."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CallLog:
    """Calls in the order they ended, with the questions tests ask."""

    calls: tuple[Call, ...]

    def of(self, *methods: str) -> CallLog:
        """Only the calls of these methods."""
        return CallLog(tuple(call for call in self.calls if call.method in methods))

    def accepted(self) -> CallLog:
        """Only those that were answered with ok."""
        return CallLog(tuple(call for call in self.calls if call.error is None))

    def refused(self, error: str) -> CallLog:
        """Only those that ended with ``error``."""
        return CallLog(tuple(call for call in self.calls if call.error == error))

    def busiest_minute(self) -> int:
        """The greatest number of calls within any 60 s."""
        return _most_within(sorted(call.at for call in self.calls), 60.0)

    def connections_per_call(self) -> float:
        """TCP connections opened for each call; 0 when there was no call."""
        return sum(call.opened for call in self.calls) / len(self.calls) if self.calls else 0.0

    def __len__(self) -> int:
        return len(self.calls)


def _most_within(times: Sequence[float], seconds: float) -> int:
    most = start = 0
    for end, at in enumerate(times):
        while times[start] <= at - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most
