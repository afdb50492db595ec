"""The proof that a plan was judged. Without it no job can hand a plan on."""

from dataclasses import dataclass

from quaymaster.admissible import Answer, Question, refuse
from quaymaster.request_facts import ServiceChange

_OF_EVERY_PLAN = frozenset(
    {Question.AGE, Question.MARK, Question.FREEZE, Question.WINDOW, Question.VOLUMES}
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Every question that can stop a change was answered, and no answer stops it.

    Raises NotAdmissible if an answer stops it, and ValueError if a question is missing.
    """

    change: ServiceChange
    answers: tuple[Answer, ...]

    def __post_init__(self) -> None:
        answered = {answer.question for answer in self.answers}
        left_out = asked_about(self.change) - answered
        if left_out:
            raise ValueError(f"nobody asked about {', '.join(sorted(left_out))}")
        refuse(self.answers)


def asked_about(change: ServiceChange) -> frozenset[Question]:
    """The questions that need an answer before a plan of this change goes on. A rescue is not
    scanned again, so there may be no verdict to ask the gate about.
    """
    return _OF_EVERY_PLAN if change.is_rescue else _OF_EVERY_PLAN | {Question.GATE}
