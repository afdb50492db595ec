"""How often Slack may be called: one budget for the whole installation, as a value.

The rates are Slack's, https://docs.slack.dev/apis/web-api/rate-limits: ``chat.update`` is tier 3,
at least 50 a minute; ``chat.postMessage`` one a second per channel, with short bursts. All times
are seconds on one clock, which the caller gives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from quaymaster.subjects import Subject

Urgency = Literal["ended", "changed", "progress"]

UPDATE = "chat.update"
POST = "chat.postMessage"

UPDATES_A_MINUTE = 50
WINDOW_SECONDS = 60.5
"""Slack's minute, and half a second for clocks that do not agree."""
RESERVES: Mapping[Urgency, int] = {"ended": 0, "changed": 4, "progress": 12}
"""How many of a minute's updates the less urgent must leave to the more urgent."""
UNHURRIED_UPDATES = 15
"""So many updates of mere progress may follow one another at once; after them, the rest of the
minute is shared out evenly, so that it is not used up in its first seconds."""

POSTS_AT_ONCE = 3
POST_SECONDS = 1.0

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 8.0
LONGEST_PENANCE_EXTRA_SECONDS = 4.0
LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Call:
    """A call that somebody wants to make."""

    method: str
    channel: str = ""
    urgency: Urgency = "ended"
    subject: Subject | None = None
    """What it is about."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """A method that Slack refused to serve: when it may be tried again, by one call at a time."""

    until: float
    failures: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What was called lately. A call counts from its beginning until a window after its answer,
    so whenever it reached Slack in between, Slack's count is never higher than this one.
    """

    open_updates: tuple[float, ...] = ()
    """When the updates began that are not answered yet, oldest first."""
    updates: tuple[float, ...] = ()
    """When the updates of the last window were answered, oldest first."""
    latest_update: float = 0.0
    """When the latest update began."""
    posts: Mapping[str, float] = field(default_factory=dict)
    """For each channel, when its next message would be on time at one a second."""
    open_calls: Mapping[str, int] = field(default_factory=dict)
    troubles: Mapping[str, Backoff] = field(default_factory=dict)

    @classmethod
    def inherited(
        cls,
        updates: Iterable[float],
        pauses: Mapping[str, float],
        now: float,
        longest_call_seconds: float,
    ) -> Self:
        """The budget of a new courier: the calls that another one began may have reached Slack as
        late as its longest call lasts. A time in the future (a clock was set back) means now.
        """
        answered = sorted(min(began + longest_call_seconds, now) for began in updates)
        troubles = {method: Backoff(until, 1) for method, until in pauses.items() if until > now}
        latest = answered[-1] if answered else 0.0
        return cls(updates=_recent(answered, now), latest_update=latest, troubles=troubles)

    def ready_at(self, call: Call, now: float) -> float:
        """The earliest time at which the call may be made; not after ``now`` means at once.

        An estimate when it lies ahead: ask again then.
        """
        return max(
            self._trouble_ends(call.method, now),
            self._update_ready(call.urgency, now) if call.method == UPDATE else now,
            self._post_ready(call.channel, now) if call.method == POST else now,
        )

    def began(self, call: Call, now: float) -> Self:
        """The budget after a call was sent."""
        posts = self.posts
        if call.method == POST:
            on_time = {channel: due for channel, due in posts.items() if due > now}
            due = max(on_time.get(call.channel, now), now) + POST_SECONDS
            posts = {**on_time, call.channel: due}
        is_update = call.method == UPDATE
        return replace(
            self,
            updates=_recent(self.updates, now),
            open_updates=(*self.open_updates, now) if is_update else self.open_updates,
            latest_update=now if is_update else self.latest_update,
            open_calls=_changed(self.open_calls, call.method, 1),
            posts=posts,
        )

    def answered(self, call: Call, began: float, now: float) -> Self:
        """The budget after Slack said yes or no to a call."""
        settled = self._settled(call, began, now)
        trouble = self.troubles.get(call.method)
        if trouble and began < trouble.until:
            return settled  # it was under way when the trouble began: others rest nevertheless
        return replace(settled, troubles=_without(self.troubles, call.method))

    def withdrawn(self, call: Call, began: float, now: float) -> Self:
        """The budget after a call that was cut short in here; it may have reached Slack."""
        return self._settled(call, began, now)

    def limited(self, call: Call, began: float, now: float, retry_after: float) -> Self:
        """The budget after a 429. The method rests for as long as Slack says, and longer when the
        call after a rest met the next 429.
        """
        extra = min(self._backoff(call.method), LONGEST_PENANCE_EXTRA_SECONDS)
        return self._troubled(call, began, now, retry_after + extra)

    def failed(self, call: Call, began: float, now: float, jitter: float) -> Self:
        """The budget after a 5xx or a broken connection. ``jitter`` is between 0 and 1."""
        pause = self._backoff(call.method) * (0.5 + jitter / 2)
        return self._troubled(call, began, now, pause)

    def pauses(self) -> Mapping[str, float]:
        """The methods that rest, and until when."""
        return {method: trouble.until for method, trouble in self.troubles.items()}

    def _backoff(self, method: str) -> float:
        trouble = self.troubles.get(method)
        doublings = min(trouble.failures, 10) if trouble else 0
        return min(FIRST_BACKOFF_SECONDS * float(2**doublings), LONGEST_BACKOFF_SECONDS)

    def _troubled(self, call: Call, began: float, now: float, pause: float) -> Self:
        before = self.troubles.get(call.method, Backoff(now, 0))
        problem = Backoff(max(before.until, now + pause), before.failures + 1)
        settled = self._settled(call, began, now)
        return replace(settled, troubles={**self.troubles, call.method: problem})

    def _settled(self, call: Call, began: float, now: float) -> Self:
        open_calls = _changed(self.open_calls, call.method, -1)
        if call.method != UPDATE:
            return replace(self, open_calls=open_calls)
        still_open = list(self.open_updates)
        still_open.remove(began)
        return replace(
            self,
            open_calls=open_calls,
            open_updates=tuple(still_open),
            updates=_recent(sorted((*self.updates, now)), now),
        )

    def _trouble_ends(self, method: str, now: float) -> float:
        trouble = self.troubles.get(method)
        if trouble is None:
            return now
        if self.open_calls.get(method, 0):
            return max(trouble.until, now + LOOK_AGAIN_SECONDS)
        return max(trouble.until, now)

    def _post_ready(self, channel: str, now: float) -> float:
        return self.posts.get(channel, now) - (POSTS_AT_ONCE - 1) * POST_SECONDS

    def _update_ready(self, urgency: Urgency, now: float) -> float:
        counted = _recent(self.updates, now)
        limit = UPDATES_A_MINUTE - RESERVES[urgency]
        used = len(counted) + len(self.open_updates)
        surplus = used - limit + 1
        if surplus > len(counted):
            return now + LOOK_AGAIN_SECONDS
        if surplus > 0:
            return counted[surplus - 1] + WINDOW_SECONDS
        if urgency == "progress" and used >= UNHURRIED_UPDATES:
            oldest = counted[0] if counted else self.open_updates[0]
            begins, ends = self.latest_update, oldest + WINDOW_SECONDS
            return begins + (ends - begins) / (limit - used + 1)
        return now


def _recent(times: Iterable[float], now: float) -> tuple[float, ...]:
    return tuple(time for time in times if time > now - WINDOW_SECONDS)


def _changed(counts: Mapping[str, int], name: str, by: int) -> Mapping[str, int]:
    return {**counts, name: counts.get(name, 0) + by}


def _without(troubles: Mapping[str, Backoff], method: str) -> Mapping[str, Backoff]:
    return {name: trouble for name, trouble in troubles.items() if name != method}
