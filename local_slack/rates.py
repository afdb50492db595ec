"""How often each method may be called.

https://docs.slack.dev/apis/web-api/rate-limits; the tier of a method stands on its page.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass

from local_slack.clock import Clock
from local_slack.errors import RateLimited

WINDOW = 60.0
# Tiers promise «at least» so many calls a minute; what is promised is all that is given here.
TIER = {1: 1, 2: 20, 3: 50, 4: 100}
# «Special» tiers: hundreds a minute, the exact number is Slack's own.
SPECIAL = 200
# «One message per second per channel; short bursts are allowed», and several hundred a minute for
# the workspace.
POSTS_PER_SECOND = 1.0
POST_BURST = 5
POSTS_PER_MINUTE = 300


@dataclass(slots=True)
class _Bucket:
    filled: float
    at: float


class RateLimiter:
    """Counts calls per method, and posts per channel; one workspace, one app."""

    def __init__(self, clock: Clock, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._posts: dict[str, _Bucket] = {}

    def admit(self, method: str, per_minute: int) -> None:
        """Count one call.

        Raises `RateLimited` when the last minute already saw ``per_minute`` of them.
        """
        if not self.enabled:
            return
        now, seen = self._clock.now(), self._calls[method]
        while seen and seen[0] <= now - WINDOW:
            seen.popleft()
        if len(seen) >= per_minute:
            raise RateLimited(max(1, math.ceil(seen[0] + WINDOW - now)))
        seen.append(now)

    def admit_post(self, channel: str) -> None:
        """Count one message to ``channel``; raises `RateLimited` when they come too fast."""
        if not self.enabled:
            return
        now = self._clock.now()
        bucket = self._posts.setdefault(channel, _Bucket(POST_BURST, now))
        bucket.filled = min(POST_BURST, bucket.filled + (now - bucket.at) * POSTS_PER_SECOND)
        bucket.at = now
        if bucket.filled < 1:
            raise RateLimited(max(1, math.ceil((1 - bucket.filled) / POSTS_PER_SECOND)))
        bucket.filled -= 1
