"""The moves of an operation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import Conflict
from quaymaster.operations import ALLOWED_MOVES, Stage, State
from testing.samples import NOW, awaiting, deploy, operation, plan, vote


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_move_is_made_only_when_the_table_allows_it(before: State, after: State) -> None:
    start = operation(state=before)
    if after in ALLOWED_MOVES[before]:
        assert start.moved(after, NOW).version == start.version + 1
    else:
        with pytest.raises(Conflict):
            start.moved(after, NOW)


def test_every_state_has_a_row_and_every_open_state_can_end() -> None:
    assert set(ALLOWED_MOVES) == set(State)
    for state in State:
        reached, frontier = {state}, {state}
        while frontier:
            frontier = {after for one in frontier for after in ALLOWED_MOVES[one]} - reached
            reached |= frontier
        assert any(one.is_terminal for one in reached), state


def test_each_queued_attempt_has_a_job_id_of_its_own() -> None:
    first = operation(state=State.RUNNING)
    second = first.queued(Stage.RECOVER, first.queue, NOW)
    assert first.job_id == "operation-1042-1"
    assert second.job_id == "operation-1042-2"


def test_a_plan_that_nobody_has_to_agree_to_has_no_approval() -> None:
    assert awaiting(plan=plan(rule=None)).approval is None
    assert deploy().approval is None


def test_the_approval_is_of_the_plan_as_it_is_stored() -> None:
    waiting = awaiting(votes=[vote("U0BOB")])
    assert waiting.approval is not None
    assert waiting.signed_plan is not None
    assert waiting.approval.plan_hash == waiting.signed_plan.digest
    assert waiting.approval.approvers == ("U0BOB",)


def test_every_state_is_said_as_a_sentence_about_the_operation() -> None:
    verbs = {"is", "has", "was", "waits"}
    assert {state.predicate.partition(" ")[0] for state in State} == verbs
    assert State.FAILED.predicate == "has failed"
