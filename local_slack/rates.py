"""How often each method may be called.

https://docs.slack.dev/apis/web-api/rate-limits; the page of a method states its tier.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from local_slack.clock import Clock
from local_slack.errors import RateLimited

WINDOW = 60.0
# Tiers promise “at least” so many calls a minute; here the promise is also the limit.
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

    def by(self, now: float) -> float:
        """How full it is at ``now``."""
        return min(POST_BURST, self.filled + (now - self.at) * POSTS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class MethodUse:
    """How many calls of a method were let in within the last minute, out of how many."""

    method: str
    used: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class PostUse:
    """How many messages of a ``burst`` a channel still accepts at once (``left``)."""

    channel: str
    left: float
    burst: int = POST_BURST


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of its rates an app uses: the methods and channels it called before."""

    enabled: bool
    methods: tuple[MethodUse, ...]
    posts: tuple[PostUse, ...]

    @staticmethod
    def from_json(data: dict[str, Any]) -> Usage:
        """The usage that came from another process, through ``dataclasses.asdict``."""
        return Usage(
            data["enabled"],
            tuple(MethodUse(**one) for one in data["methods"]),
            tuple(PostUse(**one) for one in data["posts"]),
        )


class RateLimiter:
    """Counts calls per method, and posts per channel; one workspace, one app."""

    def __init__(self, clock: Clock, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._most: dict[str, int] = {}
        self._posts: dict[str, _Bucket] = {}

    def admit(self, method: str, per_minute: int) -> None:
        """Count one call.

        Raises `RateLimited` when the last minute already saw ``per_minute`` of them.
        """
        if not self.enabled:
            return
        self._most[method] = per_minute
        now, calls = self._clock.now(), self._calls[method]
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= per_minute:
            raise RateLimited(max(1, math.ceil(calls[0] + WINDOW - now)))
        calls.append(now)

    def admit_post(self, channel: str) -> None:
        """Count one message to ``channel``; raises `RateLimited` when they come too fast."""
        if not self.enabled:
            return
        now = self._clock.now()
        bucket = self._posts.setdefault(channel, _Bucket(POST_BURST, now))
        bucket.filled, bucket.at = bucket.by(now), now
        if bucket.filled < 1:
            raise RateLimited(max(1, math.ceil((1 - bucket.filled) / POSTS_PER_SECOND)))
        bucket.filled -= 1

    def usage(self, now: float | None = None) -> Usage:
        """What is used at ``now`` (seconds since 1970, else at once); changes nothing.

        Methods and channels come in the order of their first call.
        """
        at = self._clock.now() if now is None else now
        return Usage(
            self.enabled,
            tuple(
                MethodUse(method, sum(1 for one in self._calls[method] if one > at - WINDOW), most)
                for method, most in self._most.items()
            ),
            tuple(PostUse(channel, bucket.by(at)) for channel, bucket in self._posts.items()),
        )
