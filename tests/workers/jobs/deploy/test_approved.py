"""Whether a plan may be carried out, whatever stands in Redis."""

from dataclasses import replace
from typing import Any

import pytest

from quaymaster.approvals import Choice
from quaymaster.configuration.joined_settings import ApprovalPolicy
from quaymaster.errors import Forged, NotAllowed
from quaymaster.operations import Operation, Stage, State
from quaymaster.plans import Plan
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store import operation_fields
from quaymaster.store.formats import PLAN, VOTE
from quaymaster.target import DockerHost
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, STRANGER_KEY, WORKER_KEY
from testing.planned import the_change
from testing.samples import ALICE, OTHER_DIGEST, deploy, pinned, plan, rule, vote
from workers.jobs.deploy.approved import approved_plan

TWO = ApprovalPolicy(needed=2, from_roles=("release-managers",))
VOTES = (vote("U0BOB"), vote("U0CAROL"))


def _applying(**changes: Any) -> Operation:
    given = {"state": State.RUNNING, "stage": Stage.APPLY, "plan": plan(), "votes": VOTES}
    return deploy(**{**given, **changes})


def _as_read(operation: Operation) -> Operation:
    """What a worker reads where this stands in Redis."""
    _, _, *words = operation_fields.written(None, operation, WORKER_KEY)[0]
    fields = dict(zip(map(str, words[::2]), map(str, words[1::2]), strict=True))
    reply = [fields[one].encode() if one in fields else None for one in operation_fields.FIELDS]
    stored = operation_fields.read(operation.id, reply, RING)
    assert stored is not None
    return stored.operation


def _plan_signed_by(key: SigningKey, **changes: Any) -> Signed[Plan]:
    return PLAN.signed(plan(**changes), ("1042", "production", "web"), key)


def _about(signed: Signed[Plan]) -> Operation:
    """The deploy with this plan, and approvals of it."""
    operation = replace(_applying(votes=()), signed_plan=signed)
    place = (str(operation.id), signed.digest)
    votes = tuple(VOTE.signed(replace(one, plan=signed.digest), place, BOT_KEY) for one in VOTES)
    return replace(operation, votes=votes)


def test_what_two_people_approved_is_carried_out() -> None:
    assert approved_plan(_as_read(_applying()), TWO) == plan()


def test_where_nobody_has_to_agree_no_approval_is_needed() -> None:
    unruled = _applying(plan=plan(rule=None), votes=())
    assert approved_plan(_as_read(unruled), ApprovalPolicy()) == plan(rule=None)


def _altered_plan() -> Operation:
    signed = _applying().signed_plan
    assert signed is not None
    return _about(replace(signed, text=signed.text.replace('"app1"', '"app2"')))


def _without_its_signature() -> Operation:
    signed = _applying().signed_plan
    assert signed is not None
    header, _, body = signed.text.partition("\n")
    words = [*header.split(" ")[:-1], "0" * 86 + "=="]
    return _about(replace(signed, text=" ".join(words) + "\n" + body))


def _votes_signed_by(key: SigningKey) -> Operation:
    operation = _applying()
    values = [signed.value for signed in operation.votes]
    votes = tuple(VOTE.signed(one, (str(one.operation), one.plan), key) for one in values)
    return replace(operation, votes=votes)


FORGED = {
    "no plan": _applying(plan=None, votes=()),
    "a plan for another host": _about(_plan_signed_by(WORKER_KEY, target=DockerHost("app2"))),
    "a plan that was altered": _altered_plan(),
    "a plan without a signature": _without_its_signature(),
    "a plan that the bot signed": _about(_plan_signed_by(BOT_KEY)),
    "a plan of the worker of another host": _about(_plan_signed_by(OTHER_WORKER_KEY)),
    "a plan for another service": _applying(plan=plan(service="admin")),
    "no approval": _applying(plan=plan(rule=None), votes=()),
    "votes about another plan": replace(_applying(), votes=_applying(plan=plan(turn=8)).votes),
    "a vote that is there twice": _applying(votes=(VOTES[0],) * 2),
    "votes that the worker signed": _votes_signed_by(WORKER_KEY),
    "votes that a stranger signed": _votes_signed_by(STRANGER_KEY),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_record_that_was_forged_in_redis_is_not_carried_out(forged: str) -> None:
    with pytest.raises(Forged):
        approved_plan(_as_read(FORGED[forged]), TWO)


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": plan(rule=rule(needed=1)), "votes": VOTES[:1]},
        {"votes": (*VOTES, vote("U0DAVE", Choice.REJECT))},
        {
            "plan": plan(rule=rule(requester="U0EVE", own_request_counts=True)),
            "votes": (vote("U0BOB"), vote(ALICE.user)),
        },
    ],
    ids=["too few by this worker's rule", "somebody rejected", "the requester's own"],
)
def test_what_a_plan_says_about_its_approval_is_not_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed):
        approved_plan(_as_read(_applying(**changes)), TWO)


def test_a_signed_plan_for_another_service_is_not_carried_out() -> None:
    other = _applying(plan=plan(service="admin", rule=None), votes=())
    with pytest.raises(Forged):
        approved_plan(_as_read(other), ApprovalPolicy())


def test_a_signed_plan_with_another_image_has_another_hash_than_the_votes() -> None:
    other = plan(examined=replace(the_change(plan()).examined, image=pinned(OTHER_DIGEST, "9.9")))
    exchanged = replace(_applying(), signed_plan=_applying(plan=other, votes=()).signed_plan)
    with pytest.raises(Forged):
        approved_plan(_as_read(exchanged), TWO)
