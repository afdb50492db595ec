"""Which card comes next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.courier.agenda import Agenda
from bot.courier.throttle import RATE_LIMITED, NotYet
from bot.slack.rates import POST, UPDATE, Budget, Call, Urgency
from bot.views.messages import Drawing, Message
from quaymaster.subjects import AuditDigest, OperationSubject, Subject

CARD = Message(slot="card", subject=OperationSubject(1), channel="C0SHOP", text="x")


def of(number: int) -> OperationSubject:
    return OperationSubject(number)


def busy(*numbers: int) -> frozenset[Subject]:
    return frozenset(map(of, numbers))


def see(agenda: Agenda, rows: Sequence[tuple[int, float | None]], now: float) -> None:
    """Operations that are behind, and when they ended."""
    agenda.see({of(number): ended_at for number, ended_at in rows}, now)


def began(agenda: Agenda, card: int, urgency: Urgency) -> None:
    messages = [replace(CARD, urgency=urgency)]
    agenda.began(Drawing(of(card), messages, has_ended=urgency == "ended"))


def post(card: int, urgency: Urgency = "ended") -> Call:
    return Call(POST, "C0SHOP", urgency, of(card))


def waits_to_post(agenda: Agenda, card: int, now: float, urgency: Urgency = "ended") -> None:
    """There was no room for it, and 200 ms are a guess."""
    began(agenda, card, urgency)
    agenda.waits(of(card), [NotYet(now + 0.2, urgency, call=post(card, urgency))], now)


def due(
    agenda: Agenda,
    now: float,
    budget: Budget | None = None,
    at_work: frozenset[Subject] = frozenset(),
) -> list[int]:
    found = agenda.due(now, at_work, budget or Budget())
    return [one.operation for one in found if isinstance(one, OperationSubject)]


def resting(until: float) -> Budget:
    """A budget while no message may be posted."""
    return Budget.inherited([], {POST: until}, until - 5.0, 6.0)


def test_those_that_ended_go_first_and_in_the_order_in_which_they_ended() -> None:
    agenda = Agenda()
    see(agenda, [(1, None), (2, None), (3, 12.0), (10, 11.0)], 20.0)
    began(agenda, 1, "progress")
    began(agenda, 2, "changed")
    assert due(agenda, 20.0) == [10, 3, 2, 1]


def test_the_card_that_was_not_shown_for_longest_goes_first() -> None:
    agenda = Agenda()
    see(agenda, [(1, None), (2, None)], 0.0)
    agenda.shown(of(1), 1.0)
    agenda.shown(of(2), 2.0)
    agenda.done(of(1))
    see(agenda, [(1, None), (2, None)], 3.0)
    assert due(agenda, 3.0) == [1, 2]
    agenda.shown(of(1), 4.0)
    assert due(agenda, 4.0) == [2, 1]


def test_a_card_that_waits_to_show_progress_is_due_at_once_when_it_ends() -> None:
    agenda = Agenda()
    see(agenda, [(1, None)], 0.0)
    agenda.waits(of(1), [NotYet(30.0, "progress")], 0.0)
    assert due(agenda, 1.0) == []
    see(agenda, [(1, 1.0)], 1.0)
    assert due(agenda, 1.0) == [1]


def test_a_card_that_waits_to_show_progress_is_looked_at_soon_in_case_it_changes() -> None:
    agenda = Agenda()
    see(agenda, [(1, None)], 0.0)
    agenda.waits(of(1), [NotYet(30.0, "progress")], 0.0)
    assert due(agenda, 2.0) == [1]


def test_what_cannot_be_drawn_is_tried_ever_more_seldom_and_others_go_on() -> None:
    agenda, now, tries = Agenda(), 0.0, 0
    see(agenda, [(1, None), (2, None)], 0.0)
    while now < 600:
        if 1 in due(agenda, now):
            agenda.failed(of(1), now)
            tries += 1
        assert 2 in due(agenda, now)
        now += 0.5
    assert 10 <= tries <= 20


def test_a_card_that_is_worked_on_is_not_begun_again() -> None:
    agenda = Agenda()
    see(agenda, [(1, None), (2, None)], 0.0)
    assert due(agenda, 0.0, Budget(), busy(1)) == [2]
    assert agenda.seconds_until_due(0.0, busy(1, 2), Budget(), 1.0) == 1.0


def test_the_age_of_the_oldest_card_counts_from_when_it_fell_behind() -> None:
    agenda = Agenda()
    see(agenda, [(1, None)], 10.0)
    see(agenda, [(1, None), (2, None)], 15.0)
    assert agenda.oldest(17.0) == 7.0
    agenda.done(of(1))
    assert agenda.oldest(17.0) == 2.0


def test_cards_keep_their_order_through_a_rate_limit() -> None:
    agenda = Agenda()
    see(agenda, [(1, 1.0), (2, 2.0)], 2.0)
    began(agenda, 1, "ended")
    for second in range(2, 8):
        refused = NotYet(second + 1.0, "ended", failed=RATE_LIMITED, call=post(1))
        agenda.waits(of(1), [refused], float(second))
    waits_to_post(agenda, 2, 7.0)
    assert due(agenda, 7.9, resting(8.0)) == []
    assert due(agenda, 8.0, resting(8.0)) == [1]
    assert due(agenda, 8.0) == [1, 2]


def test_those_who_wait_for_a_call_that_tries_a_method_out_are_due_as_soon_as_it_is_answered() -> (
    None
):
    agenda = Agenda()
    see(agenda, [(card, float(card)) for card in (1, 2, 3, 4)], 5.0)
    trying = resting(5.0).began(post(1), 5.0)
    for card in (3, 2):
        waits_to_post(agenda, card, 5.01)
    assert due(agenda, 5.04, trying, busy(1)) == [4], "whom nobody has looked at yet"
    answered = trying.answered(post(1), 5.0, 5.05)
    assert due(agenda, 5.05, answered, busy(1)) == [2, 3, 4]
    left = agenda.left_for(post(4), answered, 5.05)
    assert left.ready_at(post(4), 5.05) > 5.05, "the room is for those who ended first"
    assert agenda.left_for(post(2), answered, 5.05) == answered


def test_only_as_many_cards_are_due_as_there_is_room_for() -> None:
    agenda = Agenda()
    see(agenda, [(card, float(card)) for card in range(1, 8)], 8.0)
    for card in range(7, 0, -1):
        waits_to_post(agenda, card, 8.0)
    budget = Budget().began(post(9), 8.0)
    assert due(agenda, 8.0, budget) == [1, 2]
    assert agenda.seconds_until_due(8.0, busy(1, 2), budget, 5.0) == 1.0


def test_a_card_at_work_keeps_its_place_until_its_call_is_made() -> None:
    agenda = Agenda()
    see(agenda, [(1, 1.0), (2, 2.0)], 3.0)
    waits_to_post(agenda, 1, 3.0)
    one_left = Budget().began(post(8), 3.0).began(post(9), 3.0)
    assert agenda.left_for(post(2), one_left, 3.0).ready_at(post(2), 3.0) > 3.0
    agenda.goes(post(1))
    assert agenda.left_for(post(2), one_left, 3.0) == one_left
    agenda.expects(post(1))
    assert agenda.left_for(post(2), one_left, 3.0) != one_left
    agenda.shown(of(1), 3.0)
    assert agenda.left_for(post(2), one_left, 3.0) == one_left


def test_nothing_is_kept_for_a_call_that_cannot_be_made_anyway() -> None:
    agenda = Agenda()
    see(agenda, [(1, None), (2, None)], 0.0)
    waits_to_post(agenda, 1, 0.0)
    began(agenda, 1, "changed")
    update = Call(UPDATE, "C0SHOP", "progress", of(2))
    assert agenda.left_for(update, resting(5.0), 0.0) == resting(5.0)


def test_a_card_that_ends_while_it_is_worked_on_does_not_wait_for_what_it_showed_before() -> None:
    agenda = Agenda()
    see(agenda, [(1, None)], 0.0)
    began(agenda, 1, "changed")
    see(agenda, [(1, 0.5)], 0.5)
    agenda.waits(
        of(1), [NotYet(60.0, "changed", call=Call(UPDATE, "C0SHOP", "changed", of(1)))], 1.0
    )
    assert due(agenda, 1.0) == [1]


def test_a_card_that_slack_fails_at_waits_for_itself_and_holds_no_room() -> None:
    agenda = Agenda()
    see(agenda, [(1, 1.0), (2, 2.0)], 3.0)
    agenda.waits(of(1), [NotYet(3.1, "ended", failed="http_500", call=post(1))], 3.0)
    assert due(agenda, 3.2) == [2]
    assert due(agenda, 3.5) == [1, 2]
    assert agenda.left_for(post(2), Budget(), 3.0) == Budget()


def test_a_warning_that_waits_for_the_budget_is_not_tried_again_at_once() -> None:
    agenda = Agenda()
    see(agenda, [(1, 5.0)], 10.0)
    agenda.warns(of(1))
    agenda.waits(of(1), [NotYet(10.2, "ended", call=post(1))], 10.0)
    assert due(agenda, 10.0, resting(12.0)) == []
    assert due(agenda, 12.0, resting(12.0)) == [1]


def test_what_is_ended_while_a_warning_waits_is_due_at_once() -> None:
    agenda = Agenda()
    see(agenda, [(1, None)], 10.0)
    agenda.warns(of(1))
    see(agenda, [(1, 10.5)], 10.5)
    agenda.waits(of(1), [NotYet(12.0, "ended", call=post(1))], 10.5)
    assert due(agenda, 10.5, resting(12.0)) == [1]


def test_subjects_of_every_kind_have_their_turn() -> None:
    agenda, digest = Agenda(), AuditDigest(date(2026, 11, 28))
    agenda.see({of(7): 12.0, digest: 12.0, of(8): None}, 20.0)
    assert agenda.due(20.0, frozenset(), Budget()) == [digest, of(7), of(8)]
