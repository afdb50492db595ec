"""At the last vote every change of a plan is asked about, and what is the same for all once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from bot.conversation.evidence import ChangeEvidence, Evidence, answers_at_the_last_vote
from quaymaster.admissible import Question
from quaymaster.plans import Change
from quaymaster.releases import BadDigest
from quaymaster.requests import DeployRequest
from testing.configurations import SHOP
from testing.planned import the_change
from testing.samples import DIGEST, approval, deploy, image, plan

WORKER = replace(the_change(plan()), environment="staging", service="worker")
MAILER = replace(WORKER, service="mailer")
STACK = replace(plan(rule=None), changes=(WORKER, MAILER))
ASKED = deploy(request=DeployRequest(image(), "staging", "worker"), requested_at=datetime.now(UTC))


def answers(marked: Change | None) -> Counter[tuple[Question, bool]]:
    """How often each question was answered, and whether the answer stops it."""
    now = datetime.now(UTC)
    mark = BadDigest("staging", "mailer", DIGEST, 7, now)
    changes = tuple(
        (one, ChangeEvidence(mark if one is marked else None, None, one.examined.verdict))
        for one in STACK.changes
    )
    found = Evidence({}, now, changes)
    given = answers_at_the_last_vote(SHOP, ASKED, STACK, approval(), found)
    return Counter((answer.question, answer.stops) for answer in given)


def test_a_mark_on_the_image_of_one_service_stops_the_plan() -> None:
    assert answers(None)[(Question.MARK, True)] == 0
    assert answers(WORKER)[(Question.MARK, True)] == 1
    assert answers(MAILER)[(Question.MARK, True)] == 1


def test_an_answer_that_is_the_same_for_all_services_comes_once() -> None:
    assert answers(None)[(Question.AGE, False)] == 1
