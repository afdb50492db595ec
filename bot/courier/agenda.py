"""Which subjects the courier turns to next: those that ended first, then those longest not shown.

A subject's messages are called its card here.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.courier.throttle import RATE_LIMITED, NotYet
from bot.slack.rates import Budget, Call, Urgency
from bot.views.messages import Drawing
from quaymaster.subjects import OperationSubject, Subject

_RANKS: tuple[Urgency, ...] = ("ended", "changed", "progress")
_FIRST_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 8.0
_LONGEST_POISON_SECONDS = 60.0
_REMEMBERED_SECONDS = 600.0
_LOOK_AGAIN_SECONDS = 2.0
"""A card that waits to show mere progress may have changed its state meanwhile."""


@dataclass(slots=True)
class _Entry:
    """One stale card."""

    since: float
    ended_at: float | None
    """When it ended, if it has."""
    was_drawn_ended: bool = False
    """Whether that was known when the work on it began."""
    urgency: Urgency = "changed"
    not_before: float = 0.0
    calls: tuple[Call, ...] = ()
    """What it waits for besides: room in the budget for one of these. It keeps its place for them
    until they are made or the work on it ends, and those after it leave them room.
    """
    failures: int = 0


@dataclass(slots=True)
class Agenda:
    """The stale cards, and when each is worth another look. Times are seconds.

    A card that waits for the budget is due as soon as there is room for its call and those of all
    that come first. A time of its own, guessed when there was none, would let others find the room
    first: calls are answered sooner and later than anybody can tell.
    """

    _entries: dict[Subject, _Entry] = field(default_factory=dict)
    _shown: dict[Subject, float] = field(default_factory=dict)
    """When each card was last shown: also of current ones, as they may become stale again."""

    def see(self, behind: Mapping[Subject, float | None], now: float) -> None:
        """Take in which cards are stale, and when their subjects ended, if they have."""
        entries = {}
        for subject, ended_at in behind.items():
            entry = self._entries.get(subject) or _Entry(now, ended_at)
            if ended_at is not None and entry.ended_at is None:
                entry.not_before, entry.calls = 0.0, ()
            entry.ended_at = ended_at
            entries[subject] = entry
        self._entries = entries
        oldest = now - _REMEMBERED_SECONDS
        self._shown = {card: at for card, at in self._shown.items() if at > oldest}

    def due(self, now: float, busy: frozenset[Subject], budget: Budget) -> Sequence[Subject]:
        """The cards to work on now, in this order."""
        times = self._times(now, budget)
        return [card for card, at in times if card not in busy and at <= now]

    def seconds_until_due(
        self, now: float, busy: frozenset[Subject], budget: Budget, most: float
    ) -> float:
        """How long until the next card is due; at most so long."""
        times = [at for card, at in self._times(now, budget) if card not in busy]
        return max(0.0, min([most, *(at - now for at in times)]))

    def oldest(self, now: float) -> float:
        """For how long the oldest of them has been stale."""
        return max((now - entry.since for entry in self._entries.values()), default=0.0)

    def began(self, drawing: Drawing) -> None:
        """Work on a card begins: this should be in Slack."""
        entry = self._entry(drawing.subject)
        entry.was_drawn_ended = drawing.has_ended
        urgencies = [message.urgency for message in drawing.messages]
        entry.urgency = min(urgencies, key=_RANKS.index, default="changed")

    def warns(self, subject: Subject) -> None:
        """Work on a card begins whose record is not genuine: nobody can say how it stands."""
        entry = self._entry(subject)
        entry.was_drawn_ended = entry.ended_at is not None

    def left_for(self, call: Call, budget: Budget, now: float) -> Budget:
        """What those who wait and come before its card leave of a budget to a call."""
        for subject, entry in self._in_order():
            if subject == call.subject:
                break
            for waiting in entry.calls:
                budget = _with_room_for(waiting, budget, now)
        return budget

    def expects(self, call: Call) -> None:
        """A card will soon make this call: those after it leave room for it."""
        entry = self._entry(call.subject)
        entry.calls = (*entry.calls, call)

    def goes(self, call: Call) -> None:
        """The call waits no longer: it is made."""
        entry, lane = self._entry(call.subject), (call.method, call.channel)
        entry.calls = tuple(one for one in entry.calls if (one.method, one.channel) != lane)

    def waits(self, subject: Subject, waits: Sequence[NotYet], now: float) -> None:
        """It could not be brought in line yet. Too many calls are nobody's own fault: those cards
        keep their order, where one that Slack fails at is tried ever more seldom.
        """
        entry = self._entry(subject)
        if any(wait.failed not in ("", RATE_LIMITED) for wait in waits):
            pause = _doubled(entry.failures, _LONGEST_RETRY_SECONDS)
            entry.failures += 1
            entry.not_before = max(min(wait.until for wait in waits), now + pause)
            entry.calls = ()
        elif entry.ended_at is not None and not entry.was_drawn_ended:
            entry.not_before, entry.calls = 0.0, ()  # it ended meanwhile: what waits is outdated
        else:
            entry.not_before = min(_not_before(wait, now) for wait in waits)
            entry.calls = tuple(wait.call for wait in waits if wait.call)

    def failed(self, subject: Subject, now: float) -> None:
        """Something unforeseen is wrong with it: try again, ever more seldom."""
        entry = self._entry(subject)
        entry.not_before = now + _doubled(entry.failures, _LONGEST_POISON_SECONDS)
        entry.failures += 1
        entry.calls = ()

    def shown(self, subject: Subject, now: float) -> None:
        """Slack shows it, as it was when work on it began."""
        entry = self._entry(subject)
        entry.failures, entry.not_before, entry.calls = 0, 0.0, ()
        self._shown[subject] = now

    def done(self, subject: Subject) -> None:
        """It is current again."""
        self._entries.pop(subject, None)

    def _entry(self, subject: Subject | None) -> _Entry:
        # It may have left the list while it was worked on; then this is written into the wind.
        entry = self._entries.get(subject) if subject is not None else None
        return entry or _Entry(0.0, None)

    def _times(self, now: float, budget: Budget) -> Iterator[tuple[Subject, float]]:
        """When each card is due, also those that are worked on; in their order."""
        for subject, entry in self._in_order():
            at = entry.not_before
            for call in entry.calls:
                at = min(at, budget.ready_at(call, now))
                budget = _with_room_for(call, budget, now)
            yield subject, at

    def _in_order(self) -> Sequence[tuple[Subject, _Entry]]:
        return sorted(self._entries.items(), key=lambda item: self._order(*item))

    def _order(self, subject: Subject, entry: _Entry) -> tuple[int, float, int, str]:
        number = subject.operation if isinstance(subject, OperationSubject) else 0
        if entry.ended_at is not None:
            return (0, entry.ended_at, number, str(subject))
        rank = _RANKS.index(entry.urgency)
        return (rank, self._shown.get(subject, 0.0), number, str(subject))


def _with_room_for(call: Call, budget: Budget, now: float) -> Budget:
    """What a call leaves of a budget: nothing is kept for one that cannot be made anyway."""
    return budget.began(call, now) if budget.ready_at(call, now) <= now else budget


def _not_before(wait: NotYet, now: float) -> float:
    at = math.inf if wait.call else wait.until
    return min(at, now + _LOOK_AGAIN_SECONDS) if wait.urgency == "progress" else at


def _doubled(times: int, most: float) -> float:
    return float(min(_FIRST_RETRY_SECONDS * 2 ** min(times, 12), most))
