"""Whether a plan may be carried out, whatever stands in Redis."""

from dataclasses import replace

import pytest

from quaymaster.approvals import Choice
from quaymaster.configuration import ApprovalPolicy
from quaymaster.errors import Forged, NotAllowed
from quaymaster.operations import Operation, Stage, State
from quaymaster.plans import DeployPlan
from tests.samples import ALICE, SEALER, approval, deploy, image, plan, vote
from workers.approved import approved_plan

TWO = ApprovalPolicy(needed=2, from_roles=("release-managers",))
GRANTED = approval().with_vote(vote("U0BOB")).with_vote(vote("U0CAROL"))


def _applying(**changes: object) -> Operation:
    given: dict[str, object] = {
        "state": State.RUNNING,
        "stage": Stage.APPLY,
        "plan": plan(),
        "approval": GRANTED,
    }
    return deploy(**{**given, **changes})


def test_what_two_people_approved_is_carried_out() -> None:
    assert approved_plan(_applying(), TWO, SEALER) == plan()


def test_where_nobody_has_to_agree_no_approval_is_needed() -> None:
    assert approved_plan(_applying(approval=None), ApprovalPolicy(), SEALER) == plan()


@pytest.mark.parametrize(
    ("forged", "error"),
    [
        ({"plan": None}, Forged),
        ({"plan": replace(plan(), host="app2")}, Forged),
        ({"plan": replace(plan(), seal="0" * 64)}, Forged),
        ({"approval": None}, Forged),
        ({"approval": replace(GRANTED, plan_hash="0" * 64)}, Forged),
        ({"approval": replace(GRANTED, needed=1, votes=GRANTED.votes[:1])}, NotAllowed),
        ({"approval": replace(GRANTED, votes=(GRANTED.votes[0],) * 2)}, Forged),
        (
            {"approval": replace(GRANTED, votes=(*GRANTED.votes, vote("U0DAVE", Choice.REJECT)))},
            NotAllowed,
        ),
        (
            {
                "approval": replace(
                    GRANTED, requester="U0EVE", votes=(vote("U0BOB"), vote(ALICE.user))
                )
            },
            NotAllowed,
        ),
    ],
)
def test_a_record_that_was_forged_in_redis_is_not_carried_out(
    forged: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        approved_plan(_applying(**forged), TWO, SEALER)


def test_a_sealed_plan_for_another_service_is_not_carried_out() -> None:
    other: DeployPlan = plan(service="admin")
    with pytest.raises(Forged):
        approved_plan(_applying(plan=other), ApprovalPolicy(), SEALER)


def test_a_sealed_plan_with_another_image_has_another_hash_than_the_votes() -> None:
    other = plan(examined=replace(plan().examined, image=image("9.9", plan().digest)))
    with pytest.raises(Forged):
        approved_plan(_applying(plan=other), TWO, SEALER)
