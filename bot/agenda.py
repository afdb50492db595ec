"""Which cards the courier turns to next: those that ended first, then those longest not shown."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.messages import Message
from bot.rates import LOOK_AGAIN_SECONDS, Urgency
from bot.throttle import RATE_LIMITED, NotYet
from quaymaster.operations import Operation

_RANKS: tuple[Urgency, ...] = ("ended", "changed", "progress")
_FIRST_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 8.0
_LONGEST_POISON_SECONDS = 60.0
_REMEMBERED_SECONDS = 600.0
_LOOK_AGAIN_SECONDS = 2.0
"""A card that waits to show mere progress may have changed its state meanwhile."""


@dataclass(slots=True)
class _Entry:
    """One card that is behind."""

    since: float
    has_ended: bool
    urgency: Urgency = "changed"
    ended_at: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    shares_its_wait: bool = False
    """It waits for what others wait for too: the budget, or one call that tries a method out."""


@dataclass(slots=True)
class Agenda:
    """The cards that are behind, and when each is worth another look. Times are seconds."""

    _entries: dict[int, _Entry] = field(default_factory=dict)
    _shown: dict[int, float] = field(default_factory=dict)
    """When each card was last shown: also of those that are not behind, as they may be again."""

    def see(self, behind: Iterable[tuple[int, bool]], now: float) -> None:
        """Take in which cards are behind, and which of their operations have ended."""
        entries = {}
        for operation_id, has_ended in behind:
            entry = self._entries.get(operation_id) or _Entry(now, has_ended)
            if has_ended and not entry.has_ended:
                entry.has_ended, entry.not_before = True, 0.0
            entries[operation_id] = entry
        self._entries = entries
        oldest = now - _REMEMBERED_SECONDS
        self._shown = {card: at for card, at in self._shown.items() if at > oldest}

    def due(self, now: float, busy: frozenset[int]) -> Sequence[int]:
        """The cards to work on now, in this order."""
        ready = [
            (self._order(operation_id, entry), operation_id)
            for operation_id, entry in self._entries.items()
            if operation_id not in busy and entry.not_before <= now
        ]
        return [operation_id for _, operation_id in sorted(ready)]

    def seconds_until_due(self, now: float, busy: frozenset[int], most: float) -> float:
        """How long until the next card is due; at most so long."""
        times = [
            entry.not_before
            for operation_id, entry in self._entries.items()
            if operation_id not in busy
        ]
        return max(0.0, min([most, *(time - now for time in times)]))

    def oldest(self, now: float) -> float:
        """For how long the oldest of them has been behind."""
        return max((now - entry.since for entry in self._entries.values()), default=0.0)

    def began(self, operation_id: int, operation: Operation, messages: Sequence[Message]) -> None:
        """Work on a card begins: this is its state."""
        entry = self._entry(operation_id)
        entry.has_ended = operation.state.is_terminal
        entry.ended_at = operation.changed_at.timestamp()
        urgencies = [message.urgency for message in messages]
        entry.urgency = min(urgencies, key=_RANKS.index, default="changed")

    def waits(self, operation_id: int, wait: NotYet, now: float) -> None:
        """It could not be brought in line yet. Too many calls are nobody's own fault: those cards
        keep their order, where one that Slack fails at is tried ever more seldom.
        """
        entry = self._entry(operation_id)
        entry.shares_its_wait = wait.failed in ("", RATE_LIMITED)
        if not entry.shares_its_wait:
            pause = _doubled(entry.failures, _LONGEST_RETRY_SECONDS)
            entry.failures += 1
            entry.not_before = max(wait.until, now + pause)
        elif wait.urgency == "progress":
            entry.not_before = min(wait.until, now + _LOOK_AGAIN_SECONDS)
        else:
            entry.not_before = wait.until

    def failed(self, operation_id: int, now: float) -> None:
        """Something unforeseen is wrong with it: try again, ever more seldom."""
        entry = self._entry(operation_id)
        entry.not_before = now + _doubled(entry.failures, _LONGEST_POISON_SECONDS)
        entry.failures += 1
        entry.shares_its_wait = False

    def shown(self, operation_id: int, now: float) -> None:
        """Slack shows it, as it was when work on it began. What others waited for with it may be
        over: whoever was to look again in a moment may look now, or later ones overtake it.
        """
        entry = self._entry(operation_id)
        entry.failures, entry.not_before = 0, 0.0
        self._shown[operation_id] = now
        for other in self._entries.values():
            if other.shares_its_wait and other.not_before <= now + LOOK_AGAIN_SECONDS:
                other.not_before = 0.0

    def done(self, operation_id: int) -> None:
        """It is not behind any more."""
        self._entries.pop(operation_id, None)

    def _entry(self, operation_id: int) -> _Entry:
        # It may have left the list while it was worked on; then this is written into the wind.
        return self._entries.get(operation_id) or _Entry(0.0, has_ended=False)

    def _order(self, operation_id: int, entry: _Entry) -> tuple[int, float, int]:
        if entry.has_ended:
            # Whoever was not looked at yet has no say about when it ended: it does not overtake.
            return (0, entry.ended_at or math.inf, operation_id)
        return (_RANKS.index(entry.urgency), self._shown.get(operation_id, 0.0), operation_id)


def _doubled(times: int, most: float) -> float:
    return float(min(_FIRST_RETRY_SECONDS * 2 ** min(times, 12), most))
