"""Time as the local Slack sees it."""

from __future__ import annotations

import asyncio
import time

from local_slack.history import History


class Clock:
    """Real time that a test may push forward.

    ``speed`` shortens what Slack measures in minutes (retries of events, the life of a
    ``response_url``): with 60 a minute passes in a second. The 3 s of acknowledgements and the
    rates are never shortened.
    """

    def __init__(self, speed: float = 1.0, history: History | None = None) -> None:
        self.speed = speed
        self._ahead = 0.0
        self._history = history or History.nowhere()

    def now(self) -> float:
        """Seconds since 1970, including what was skipped."""
        return time.time() + self._ahead

    def skip(self, seconds: float) -> None:
        """Let ``seconds`` have passed at once: windows empty, addresses expire."""
        self._ahead += seconds

    def minutes(self, count: float) -> float:
        """How many seconds ``count`` of Slack's minutes take here."""
        return count * 60.0 / self.speed

    async def sleep_minutes(self, count: float) -> None:
        """Wait ``count`` of Slack's minutes."""
        await asyncio.sleep(self.minutes(count))

    def next_ts(self) -> str:
        """A message timestamp: unique and rising, as Slack's are within a conversation."""
        micros = self._history.timestamp(int(self.now() * 1_000_000))
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
