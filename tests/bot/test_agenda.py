"""Which card comes next."""

from dataclasses import replace
from datetime import timedelta

from bot.agenda import Agenda
from bot.messages import Message
from bot.rates import Urgency
from bot.throttle import RATE_LIMITED, NotYet
from quaymaster.operations import State
from tests.samples import NOW, operation

NOBODY: frozenset[int] = frozenset()
CARD = Message(slot="card", operation=1, channel="C0SHOP", text="x")


def began(agenda: Agenda, card: int, urgency: Urgency, ended_after: float | None = None) -> None:
    state = State.RUNNING if ended_after is None else State.SUCCEEDED
    changed_at = NOW + timedelta(seconds=ended_after or 0)
    changed = operation(id=card, state=state, changed_at=changed_at)
    agenda.began(card, changed, [replace(CARD, urgency=urgency)])


def test_those_that_ended_go_first_and_in_the_order_in_which_they_ended() -> None:
    agenda = Agenda()
    agenda.see([(1, False), (2, False), (3, True), (10, True)], 0.0)
    began(agenda, 1, "progress")
    began(agenda, 2, "changed")
    began(agenda, 3, "ended", ended_after=2)
    began(agenda, 10, "ended", ended_after=1)
    assert agenda.due(0.0, NOBODY) == [10, 3, 2, 1]


def test_the_card_that_was_not_shown_for_longest_goes_first() -> None:
    agenda = Agenda()
    agenda.see([(1, False), (2, False)], 0.0)
    agenda.shown(1, 1.0)
    agenda.shown(2, 2.0)
    agenda.done(1)
    agenda.see([(1, False), (2, False)], 3.0)
    assert agenda.due(3.0, NOBODY) == [1, 2]
    agenda.shown(1, 4.0)
    assert agenda.due(4.0, NOBODY) == [2, 1]


def test_a_card_that_waits_to_show_progress_is_due_at_once_when_it_ends() -> None:
    agenda = Agenda()
    agenda.see([(1, False)], 0.0)
    agenda.waits(1, NotYet(30.0, "progress"), 0.0)
    assert agenda.due(1.0, NOBODY) == []
    agenda.see([(1, True)], 1.0)
    assert agenda.due(1.0, NOBODY) == [1]


def test_a_card_that_waits_to_show_progress_is_looked_at_soon_in_case_it_changes() -> None:
    agenda = Agenda()
    agenda.see([(1, False)], 0.0)
    agenda.waits(1, NotYet(30.0, "progress"), 0.0)
    assert agenda.due(2.0, NOBODY) == [1]


def test_what_cannot_be_drawn_is_tried_ever_more_seldom_and_others_go_on() -> None:
    agenda, now, tries = Agenda(), 0.0, 0
    agenda.see([(1, False), (2, False)], 0.0)
    while now < 600:
        if 1 in agenda.due(now, NOBODY):
            agenda.failed(1, now)
            tries += 1
        assert 2 in agenda.due(now, NOBODY)
        now += 0.5
    assert 10 <= tries <= 20


def test_a_card_that_is_worked_on_is_not_begun_again() -> None:
    agenda = Agenda()
    agenda.see([(1, False), (2, False)], 0.0)
    assert agenda.due(0.0, frozenset({1})) == [2]
    assert agenda.seconds_until_due(0.0, frozenset({1, 2}), 1.0) == 1.0


def test_the_age_of_the_oldest_card_counts_from_when_it_fell_behind() -> None:
    agenda = Agenda()
    agenda.see([(1, False)], 10.0)
    agenda.see([(1, False), (2, False)], 15.0)
    assert agenda.oldest(17.0) == 7.0
    agenda.done(1)
    assert agenda.oldest(17.0) == 2.0


def test_cards_keep_their_order_through_a_rate_limit() -> None:
    agenda = Agenda()
    agenda.see([(1, True), (2, True)], 0.0)
    began(agenda, 1, "ended", ended_after=1)
    began(agenda, 2, "ended", ended_after=2)
    for second in range(6):
        agenda.waits(1, NotYet(second + 1.0, "ended", failed=RATE_LIMITED), float(second))
    agenda.waits(2, NotYet(6.0, "ended"), 5.0)
    assert agenda.due(6.0, NOBODY) == [1, 2]


def test_who_waited_for_a_call_that_tries_a_method_out_is_not_overtaken_afterwards() -> None:
    agenda = Agenda()
    agenda.see([(card, True) for card in (1, 2, 3, 4)], 0.0)
    for card in (1, 2, 3):
        began(agenda, card, "ended", ended_after=card)
    for card in (1, 3):
        agenda.waits(card, NotYet(0.2, "ended"), 0.0)
    agenda.shown(2, 0.05)
    agenda.done(2)
    assert agenda.due(0.05, NOBODY) == [1, 3, 4]


def test_a_card_that_slack_fails_at_is_not_tried_sooner_because_another_is_shown() -> None:
    agenda = Agenda()
    agenda.see([(1, True), (2, True)], 0.0)
    agenda.waits(1, NotYet(0.1, "ended", failed="http_500"), 0.0)
    agenda.shown(2, 0.05)
    agenda.done(2)
    assert agenda.due(0.05, NOBODY) == []
