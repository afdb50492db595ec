"""A plan is handed on with the proof that it was judged."""

import pytest

from quaymaster.admissible import Answer, Question
from quaymaster.admitted import Admitted, asked_about
from quaymaster.errors import NotAdmissible
from quaymaster.plan_kinds import PlanKind
from quaymaster.request_facts import ServiceChange
from quaymaster.target import ServiceRef

CHANGE = ServiceChange(ServiceRef("production", "web"), PlanKind.DEPLOY)
RESCUE = ServiceChange(ServiceRef("production", "web"), PlanKind.ROLLBACK)


def answers(*left_out: Question, stops: Question | None = None) -> tuple[Answer, ...]:
    """One of each, but for those."""
    return tuple(
        Answer(one, "So it is.", stops=one is stops) for one in Question if one not in left_out
    )


@pytest.mark.parametrize("question", sorted(asked_about(CHANGE)))
def test_a_question_that_was_left_out_is_noticed(question: Question) -> None:
    with pytest.raises(ValueError, match=f"nobody asked about {question}"):
        Admitted(CHANGE, answers(question))


@pytest.mark.parametrize("change", [CHANGE, RESCUE])
@pytest.mark.parametrize("question", Question)
def test_what_is_stopped_is_not_admitted(change: ServiceChange, question: Question) -> None:
    with pytest.raises(NotAdmissible):
        Admitted(change, answers(stops=question))


def test_what_is_brought_back_has_no_scan_of_its_own() -> None:
    assert asked_about(CHANGE) - asked_about(RESCUE) == {Question.GATE}
    assert Admitted(RESCUE, answers(Question.GATE))
