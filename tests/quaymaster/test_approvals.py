"""Votes about a plan."""

from dataclasses import replace
from datetime import timedelta

import pytest

from quaymaster.approvals import Choice, Vote
from quaymaster.errors import Conflict, Forged, NotAllowed
from tests.samples import ALICE, NOW, SEALER, approval, plan, vote


def test_it_is_granted_when_enough_people_approved() -> None:
    one = approval().with_vote(vote("U0BOB"))
    assert (one.is_granted, one.missing()) == (False, 1)
    two = one.with_vote(vote("U0CAROL"))
    assert two.is_granted
    assert two.approvers == ("U0BOB", "U0CAROL")


def test_a_second_vote_of_the_same_person_is_refused() -> None:
    with pytest.raises(Conflict, match="voted already"):
        approval().with_vote(vote("U0BOB")).with_vote(vote("U0BOB"))


def test_the_requesters_own_approval_does_not_count() -> None:
    with pytest.raises(NotAllowed):
        approval().with_vote(vote(ALICE.user))


def test_the_requesters_own_approval_counts_where_configured() -> None:
    assert approval(needed=1, own_request_counts=True).with_vote(vote(ALICE.user)).is_granted


def test_the_requester_can_withdraw() -> None:
    withdrawn = approval().with_vote(vote(ALICE.user, Choice.REJECT))
    assert withdrawn.rejected_by == ALICE.user


def test_rejecting_records_who_rejected_and_is_final() -> None:
    rejected = approval().with_vote(vote("U0BOB", Choice.REJECT))
    assert rejected.rejected_by == "U0BOB"
    assert not rejected.is_granted
    with pytest.raises(Conflict, match="decided"):
        rejected.with_vote(vote("U0CAROL"))


def test_a_late_vote_is_refused() -> None:
    with pytest.raises(Conflict, match="expired"):
        approval().with_vote(vote("U0BOB", at=NOW + timedelta(hours=4)))


def test_seals_of_real_votes_hold() -> None:
    approval().with_vote(vote("U0BOB")).with_vote(vote("U0CAROL")).check_seals(SEALER, 1042)


def test_a_vote_that_was_written_into_redis_is_refused() -> None:
    forged = replace(vote("U0BOB"), voter="U0CAROL")
    with pytest.raises(Forged):
        replace(approval(), votes=(vote("U0BOB"), forged)).check_seals(SEALER, 1042)


def test_a_vote_copied_from_another_operation_is_refused() -> None:
    with pytest.raises(Forged):
        approval().with_vote(vote("U0BOB")).check_seals(SEALER, 1043)


def test_a_vote_about_another_plan_is_refused() -> None:
    other = replace(approval().with_vote(vote("U0BOB")), plan_hash="0" * 64)
    with pytest.raises(Forged):
        other.check_seals(SEALER, 1042)


def test_the_same_sealed_vote_twice_is_not_two_voters() -> None:
    with pytest.raises(Forged, match="twice"):
        replace(approval(), votes=(vote("U0BOB"), vote("U0BOB"))).check_seals(SEALER, 1042)


@pytest.mark.parametrize(
    "altered",
    [
        replace(vote("U0BOB"), voter="U0CAROL"),
        replace(vote("U0BOB"), choice=Choice.REJECT),
        replace(vote("U0BOB"), at=NOW + timedelta(seconds=1)),
    ],
)
def test_a_vote_that_was_altered_is_refused(altered: Vote) -> None:
    genuine = vote("U0BOB")
    genuine.check(SEALER, operation=1042, plan_hash=plan().hash())
    for forged, number, plan_hash in (
        (altered, 1042, plan().hash()),
        (genuine, 1043, plan().hash()),
        (genuine, 1042, "0" * 64),
    ):
        with pytest.raises(Forged):
            forged.check(SEALER, operation=number, plan_hash=plan_hash)
