"""The moves of an operation."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import Conflict, Forged
from quaymaster.operations import ALLOWED_MOVES, Actor, Stage, State
from quaymaster.requests import PushRequest
from tests.samples import NOW, SEALER, image, operation


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


@pytest.mark.parametrize(
    "altered",
    [
        {"id": 1043},
        {"actor": Actor("T0TEAM", "U0EVE")},
        {"request": PushRequest(image("9.9"), "build1")},
    ],
)
def test_a_request_that_was_altered_is_refused(altered: dict[str, Any]) -> None:
    operation().check_request(SEALER)
    with pytest.raises(Forged):
        replace(operation(), **altered).check_request(SEALER)


def test_every_state_is_said_as_a_sentence_about_the_operation() -> None:
    verbs = {"is", "has", "was", "waits"}
    assert {state.said.partition(" ")[0] for state in State} == verbs
    assert State.FAILED.said == "has failed"
