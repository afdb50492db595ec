"""The budget for calls to Slack: whatever is asked for, Slack's rates are kept."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.rates import (
    LONGEST_BACKOFF_SECONDS,
    POST,
    RESERVES,
    UPDATE,
    UPDATES_A_MINUTE,
    WINDOW_SECONDS,
    Budget,
    Call,
    Urgency,
)

ENDED = Call(UPDATE, "C0SHOP", "ended")
CHANGED = Call(UPDATE, "C0SHOP", "changed")
PROGRESS = Call(UPDATE, "C0SHOP", "progress")


@dataclass(frozen=True)
class Demand:
    """Somebody wants an update, so long after the one before; the call takes so long."""

    urgency: Urgency
    after: float
    takes: float
    arrives: float
    """When Slack counts it: 0 at once, 1 just before it answers."""


demands = st.lists(
    st.builds(
        Demand,
        urgency=st.sampled_from(["ended", "changed", "progress"]),
        after=st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5]),
        takes=st.floats(0, 6),
        arrives=st.floats(0, 1),
    ),
    min_size=51,
    max_size=120,
)


def carried_out(wanted: Sequence[Demand]) -> Iterator[float]:
    """When Slack counts each call, if all are made as soon as the budget allows it."""
    budget, now = Budget(), 1_000.0
    answers: list[tuple[float, float, Urgency]] = []
    for number, demand in enumerate(wanted):
        call = Call(UPDATE, "C0SHOP", demand.urgency)
        now += demand.after
        for _ in range(1_000):
            while answers and answers[0][0] <= now:
                answered, began, earlier = heapq.heappop(answers)
                budget = budget.answered(Call(UPDATE, "", earlier), began, answered)
            ready_at = budget.ready_at(call, now)
            if ready_at <= now:
                break
            now = ready_at
        else:
            raise AssertionError(f"demand {number} is never met")
        budget = budget.began(call, now)
        heapq.heappush(answers, (now + demand.takes, now, demand.urgency))
        yield now + demand.takes * demand.arrives


@given(demands)
def test_never_more_than_fifty_updates_reach_slack_in_a_minute(wanted: list[Demand]) -> None:
    times = sorted(carried_out(wanted))
    for first, last in zip(times, times[50:], strict=False):
        assert last - first > 60.0


def spent(call: Call, count: int, now: float, budget: Budget | None = None) -> Budget:
    """The budget after so many calls that were answered at once."""
    budget = budget or Budget()
    for _ in range(count):
        budget = budget.began(call, now).answered(call, now, now)
    return budget


def most_at_once(call: Call, now: float) -> int:
    budget, count = Budget(), 0
    while budget.ready_at(call, now) <= now:
        budget, count = spent(call, 1, now, budget), count + 1
    return count


def test_ended_operations_may_use_the_whole_minute() -> None:
    assert most_at_once(ENDED, 0.0) == 50


def test_a_call_counts_from_its_beginning_until_a_minute_after_its_answer() -> None:
    """Whenever Slack received it in between."""
    budget = Budget()
    for _ in range(50):
        budget = budget.began(ENDED, 0.0)
    assert budget.ready_at(ENDED, 1.0) > 1.0
    for _ in range(50):
        budget = budget.answered(ENDED, 0.0, 5.0)
    assert budget.ready_at(ENDED, 5.0) > 65.0
    assert budget.ready_at(ENDED, 66.0) == 66.0


def test_a_change_leaves_some_updates_to_those_that_end() -> None:
    assert most_at_once(CHANGED, 0.0) == UPDATES_A_MINUTE - RESERVES["changed"]


def test_progress_cannot_keep_an_end_waiting() -> None:
    budget, now = Budget(), 0.0
    for _ in range(2_000):
        now += 0.05
        if budget.ready_at(PROGRESS, now) <= now:
            budget = spent(PROGRESS, 1, now, budget)
        assert budget.ready_at(ENDED, now) <= now


def test_a_minute_of_progress_is_not_used_up_in_its_first_seconds() -> None:
    budget = Budget()
    times: list[float] = []
    for tick in range(2_400):
        now = tick * 0.05
        if budget.ready_at(PROGRESS, now) <= now:
            budget, times = spent(PROGRESS, 1, now, budget), [*times, now]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len([time for time in times if time < 60]) == UPDATES_A_MINUTE - RESERVES["progress"]
    assert max(gaps) < 5


def test_one_card_is_never_held_up_while_it_shows_progress() -> None:
    budget, now = Budget(), 0.0
    for _ in range(200):
        assert budget.ready_at(PROGRESS, now) <= now
        budget = budget.began(PROGRESS, now).answered(PROGRESS, now, now + 0.25)
        now += 1.6


def test_a_channel_gets_a_few_messages_at_once_and_then_one_a_second() -> None:
    post, budget, now, times = Call(POST, "C0SHOP"), Budget(), 0.0, []
    for _ in range(10):
        now = budget.ready_at(post, now)
        budget = budget.began(post, now).answered(post, now, now)
        times.append(now)
    assert times == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]
    assert budget.ready_at(Call(POST, "C0RELEASE"), now) == now


def test_a_method_rests_as_long_as_slack_says_and_the_others_go_on() -> None:
    budget = Budget().began(ENDED, 0.0).limited(ENDED, 0.0, 0.1, retry_after=30)
    assert budget.ready_at(ENDED, 29.0) >= 30.1
    assert budget.ready_at(Call(POST, "C0SHOP"), 1.0) == 1.0


def test_after_a_rest_one_call_tries_and_the_others_wait_for_it() -> None:
    budget = Budget().began(ENDED, 0.0).limited(ENDED, 0.0, 0.0, retry_after=1)
    now = budget.ready_at(ENDED, 0.0)
    trying = budget.began(ENDED, now)
    assert trying.ready_at(ENDED, now) > now
    assert trying.answered(ENDED, now, now).ready_at(ENDED, now) <= now


def test_a_call_that_was_under_way_when_a_rest_began_does_not_end_it() -> None:
    budget = Budget().began(ENDED, 0.0).began(ENDED, 0.0)
    budget = budget.limited(ENDED, 0.0, 0.1, retry_after=30).answered(ENDED, 0.0, 0.2)
    assert budget.ready_at(ENDED, 0.2) >= 30.1


@pytest.mark.parametrize("retry_after", [0, 1, 30])
def test_a_minute_of_429_sees_few_calls(retry_after: float) -> None:
    budget, now, calls = Budget(), 0.0, 0
    while (now := budget.ready_at(ENDED, now)) < 60:
        budget, calls = budget.began(ENDED, now), calls + 1
        budget = budget.limited(ENDED, now, now, retry_after)
    assert calls <= 20
    assert now <= 60 + max(retry_after, 1) + LONGEST_BACKOFF_SECONDS


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_minute_of_500_sees_few_calls_and_is_over_soon_after(jitter: float) -> None:
    budget, now, calls = Budget(), 0.0, 0
    while (now := budget.ready_at(ENDED, now)) < 60:
        budget, calls = budget.began(ENDED, now), calls + 1
        budget = budget.failed(ENDED, now, now, jitter)
    assert calls <= 20
    assert now <= 60 + LONGEST_BACKOFF_SECONDS


def test_a_new_courier_counts_what_another_has_called() -> None:
    began = [1_000.0 + number for number in range(UPDATES_A_MINUTE)]
    budget = Budget.inherited(began, {}, 1_050.0, longest_call_seconds=6.0)
    assert budget.ready_at(ENDED, 1_050.0) >= 1_000.0 + WINDOW_SECONDS
    assert Budget.inherited(began, {}, 1_200.0, 6.0).ready_at(ENDED, 1_200.0) == 1_200.0


def test_a_new_courier_does_not_call_a_method_that_rests() -> None:
    budget = Budget.inherited([], {UPDATE: 1_030.0}, 1_000.0, 6.0)
    assert budget.ready_at(ENDED, 1_000.0) == 1_030.0


def test_a_clock_that_was_set_back_does_not_stop_the_updates_for_hours() -> None:
    budget = Budget.inherited([9_000.0] * UPDATES_A_MINUTE, {}, 1_000.0, 6.0)
    assert budget.ready_at(ENDED, 1_000.0) <= 1_000.0 + WINDOW_SECONDS
