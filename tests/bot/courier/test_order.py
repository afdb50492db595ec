"""Cards are posted in the order in which their operations ended, whatever takes how long.

The decisions of the courier with a made-up clock: its agenda and its budget, without the calls.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.courier.agenda import Agenda
from bot.courier.courier import AT_ONCE
from bot.courier.throttle import RATE_LIMITED, NotYet
from bot.slack.rates import POST, Budget, Call
from bot.views.messages import Drawing, Message
from quaymaster.subjects import OperationSubject, Subject

RETRY_AFTER = 1.0
SHORTEST_ROUND_SECONDS = 0.02


@dataclass(frozen=True)
class Ending:
    """An operation ends so long after the one before; looking at it and calls take so long."""

    after: float
    looking: float
    calling: float
    arrives: float
    """When Slack decides: 0 at once, 1 just before it answers."""


endings = st.lists(
    st.builds(
        Ending,
        after=st.sampled_from([0.001, 0.01, 0.3, 2.0]),
        looking=st.sampled_from([0.001, 0.03, 0.3]),
        calling=st.sampled_from([0.01, 0.05, 0.21, 1.5]),
        arrives=st.sampled_from([0.0, 0.5, 1.0]),
    ),
    min_size=4,
    max_size=15,
)


@dataclass
class _Card:
    """What became of a card."""

    number: int
    ended_at: float
    ending: Ending
    posted: float = 0.0
    """When the call began that posted it."""
    excused: list[tuple[float, float]] = field(default_factory=list)
    """From when to when it may be overtaken, because it is worked on: while it is looked at for the
    first time, or finds the room that was there when that began, and while Slack refuses its call.
    """
    waited: list[tuple[float, float]] = field(default_factory=list)
    """From when to when it was due, and the courier had its hands full with looks that began before
    that: one of those may overtake it.
    """
    due_since: float | None = None

    @property
    def subject(self) -> OperationSubject:
        return OperationSubject(self.number)


@dataclass
class Day:
    """A courier that works on cards of one channel while Slack refuses until a time."""

    cards: Sequence[_Card]
    refuses_until: float
    now: float = 0.0
    agenda: Agenda = field(default_factory=Agenda)
    budget: Budget = field(default_factory=Budget)
    limited_at: float = -1.0
    """When the latest 429 came."""
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    """What happens when, and to which card; the cards that are worked on."""

    def go_by(self) -> None:
        """Until all cards are posted."""
        while left := [card for card in self.cards if not card.posted]:
            behind: dict[Subject, float | None] = {
                card.subject: card.ended_at for card in left if card.ended_at <= self.now
            }
            self.agenda.see(behind, self.now)
            busy: frozenset[Subject] = frozenset(OperationSubject(one) for _, one, _ in self.events)
            due = self.agenda.due(self.now, busy, self.budget)
            hands = AT_ONCE - len(busy)
            for subject in due[:hands]:
                self._begin(self._card(subject))
            for subject in due[hands:]:
                card = self._card(subject)
                card.due_since = self.now if card.due_since is None else card.due_since
            self._pass()

    def overtaken(self) -> Iterator[tuple[_Card, float]]:
        """Each card that a later one came before, and when that one's call began."""
        for first, second in combinations(self.cards, 2):
            if second.posted < first.posted:
                yield first, second.posted

    def _card(self, subject: Subject) -> _Card:
        return next(card for card in self.cards if card.subject == subject)

    def _happens(self, seconds: float, card: _Card, event: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.now + seconds, card.number, event))

    def _pass(self) -> None:
        """Until something happens, or somebody is due."""
        busy: frozenset[Subject] = frozenset(OperationSubject(one) for _, one, _ in self.events)
        seconds = self.agenda.seconds_until_due(self.now, busy, self.budget, 1.0)
        if len(busy) == AT_ONCE:
            seconds = 1.0
        until = self.now + max(SHORTEST_ROUND_SECONDS, seconds)
        if self.events and self.events[0][0] <= until:
            self.now, _, event = heapq.heappop(self.events)
            event()
        else:
            self.now = until

    def _begin(self, card: _Card) -> None:
        if card.due_since is not None:
            card.waited.append((card.due_since, self.now))
            card.due_since = None
        message = Message("card", card.subject, "C0SHOP", "x", urgency="ended")
        self.agenda.began(Drawing(card.subject, [message], has_ended=True))
        self._happens(card.ending.looking, card, partial(self._call, card, self.now))

    def _call(self, card: _Card, looked: float) -> None:
        call = Call(POST, "C0SHOP", "ended", card.subject)
        left = self.agenda.left_for(call, self.budget, self.now)
        ready_at = left.ready_at(call, self.now)
        if ready_at <= self.now or self.limited_at >= looked or not card.excused:
            card.excused.append((looked, self.now))
        if ready_at > self.now:
            self.agenda.waits(card.subject, [NotYet(ready_at, "ended", call=call)], self.now)
            return
        self.budget = self.budget.began(call, self.now)
        self.agenda.goes(call)
        self._happens(card.ending.calling, card, partial(self._answer, card, call, self.now))

    def _answer(self, card: _Card, call: Call, began: float) -> None:
        if began + card.ending.calling * card.ending.arrives < self.refuses_until:
            self.budget = self.budget.limited(call, began, self.now, RETRY_AFTER)
            refused = NotYet(self.now, "ended", failed=RATE_LIMITED, call=call)
            self.agenda.waits(card.subject, [refused], self.now)
            card.excused.append((began, self.now))
            self.limited_at = self.now
            return
        self.budget = self.budget.answered(call, began, self.now)
        card.posted = began
        self.agenda.shown(card.subject, self.now)
        self.agenda.done(card.subject)


def _cards(wanted: Sequence[Ending]) -> Iterator[_Card]:
    """In the order of their ends, the highest numbers first."""
    at = 0.0
    for number, ending in enumerate(wanted):
        at += ending.after
        yield _Card(len(wanted) - number, at, ending)


@settings(max_examples=300)
@example(
    [
        Ending(after=2.0, looking=0.001, calling=1.5, arrives=0.5),
        Ending(after=2.0, looking=0.001, calling=0.01, arrives=0.5),
        Ending(after=0.01, looking=0.3, calling=0.05, arrives=1.0),
        Ending(after=2.0, looking=0.3, calling=0.05, arrives=0.5),
        Ending(after=0.3, looking=0.3, calling=0.05, arrives=0.5),
    ],
    5.0,
)
@given(endings, st.sampled_from([0.0, 0.03, 1.0, 5.0]))
def test_a_card_is_not_overtaken_except_while_it_is_tried_itself(
    wanted: list[Ending], refuses_until: float
) -> None:
    day = Day(list(_cards(wanted)), refuses_until)
    day.go_by()
    for card, at in day.overtaken():
        assert any(begins <= at <= ends for begins, ends in (*card.excused, *card.waited))
